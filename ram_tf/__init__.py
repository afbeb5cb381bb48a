"""The Recurrent Attention Model in TensorFlow and Keras."""

from ram_tf.action_policy import ActionPolicy
from ram_tf.agent import ReinforceAgent
from ram_tf.cell import RAMCell
from ram_tf.comparators import Comparator
from ram_tf.environments import gymnasium_catch
from ram_tf.errors import UserError
from ram_tf.fixation_policy import FixationPolicy
from ram_tf.glimpse_encoder import GlimpseEncoder
from ram_tf.glimpse_net import GlimpseNet
from ram_tf.glimpse_sensor import GlimpseSensor
from ram_tf.location_policy import LocationPolicy
from ram_tf.model import RecurrentAttentionModel
from ram_tf.parts import GLIMPSE_ENCODERS, LOCATION_POLICIES
from ram_tf.pretrained import load_pretrained
from ram_tf.stop_agent import StopAgent
from ram_tf.stop_policy import StopPolicy
from ram_tf.supervised import SupervisedAgent
from ram_tf.types import Glimpse

__all__ = [
    "GLIMPSE_ENCODERS",
    "LOCATION_POLICIES",
    "ActionPolicy",
    "Comparator",
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
    "load_pretrained",
]

gymnasium_catch.register()
