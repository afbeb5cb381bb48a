"""The Recurrent Attention Model in TensorFlow and Keras."""

from ram_tf.agents.reinforce import ReinforceAgent
from ram_tf.agents.stop import StopAgent
from ram_tf.agents.supervised import SupervisedAgent
from ram_tf.comparators import Comparator
from ram_tf.errors import UserError
from ram_tf.layers.action_policy import ActionPolicy
from ram_tf.layers.cell import RAMCell
from ram_tf.layers.cell_policy import CellPolicy
from ram_tf.layers.colour_cell_policy import ColourCellPolicy
from ram_tf.layers.conv_encoder import ConvEncoder
from ram_tf.layers.directed_cell_policy import DirectedCellPolicy
from ram_tf.layers.fixation_policy import FixationPolicy
from ram_tf.layers.glimpse_encoder import GlimpseEncoder
from ram_tf.layers.glimpse_net import GlimpseNet
from ram_tf.layers.glimpse_sensor import GlimpseSensor
from ram_tf.layers.location_policy import LocationPolicy
from ram_tf.layers.stop_policy import StopPolicy
from ram_tf.model import RecurrentAttentionModel
from ram_tf.parts import GLIMPSE_ENCODERS, LOCATION_POLICIES
from ram_tf.presets.card import Card
from ram_tf.pretrained import load_pretrained
from ram_tf.types import Glimpse
from ram_tf.watching import watch

__version__ = "0.2.0.dev0"

__all__ = [
    "GLIMPSE_ENCODERS",
    "LOCATION_POLICIES",
    "ActionPolicy",
    "Card",
    "CellPolicy",
    "ColourCellPolicy",
    "Comparator",
    "ConvEncoder",
    "DirectedCellPolicy",
    "FixationPolicy",
    "Glimpse",
    "GlimpseEncoder",
    "GlimpseNet",
    "GlimpseSensor",
    "LocationPolicy",
    "RAMCell",
    "RecurrentAttentionModel",
    "ReinforceAgent",
    "StopAgent",
    "StopPolicy",
    "SupervisedAgent",
    "UserError",
    "__version__",
    "load_pretrained",
    "watch",
]
