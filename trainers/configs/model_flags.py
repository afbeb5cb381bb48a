"""Flags of what a model is."""

from absl import flags

from ram_tf.cell import FIRST_FIXATIONS
from ram_tf.comparators import NETWORKS
from ram_tf.glimpse_readers import COMPILED, POOLINGS
from ram_tf.model import CORES

# Flags that are arguments of the model.
SHAPE = (
    "glimpse_size",
    "scales",
    "core",
    "core_units",
    "glimpse_units",
    "location_units",
    "units",
    "location_std",
    "location_range",
    "location_gain",
    "location_unit",
    "first_fixation",
    "sensor",
    "pooling",
    "scale_gain",
)

flags.DEFINE_enum(
    "network",
    "ram",
    ("ram", *NETWORKS),
    "The model: ram, or a network on whole images to compare it with, which "
    "uses each image once; all flags of model and agent below, --rollouts "
    "and --pretrained among them, are then ignored.",
)
flags.DEFINE_integer(
    "conv_units",
    None,
    "Hidden units of --network=conv; by default as many as keep its weights "
    "near the 250,000 of the paper's: few on a large canvas.",
    lower_bound=1,
)
flags.DEFINE_integer(
    "glimpses",
    6,
    "Looks at an image; with --frames, one a frame.",
    lower_bound=1,
)
flags.DEFINE_integer(
    "glimpse_size", 8, "Side of a glimpse in pixels.", lower_bound=1
)
flags.DEFINE_integer(
    "scales", 1, "Windows of the retina, each twice as wide.", lower_bound=1
)
flags.DEFINE_enum("pooling", "average", POOLINGS, "Pooling in the retina.")
flags.DEFINE_enum(
    "sensor",
    "gather",
    COMPILED,
    "How the retina reads: integral is faster for wide windows.",
)
flags.DEFINE_float(
    "scale_gain",
    1.0,
    "Factor by which each scale after the first is made brighter than the one "
    "before: averages over wide windows of a large, sparse canvas are faint.",
    lower_bound=1e-9,
)
flags.DEFINE_enum("core", "rnn", CORES, "The recurrent core.")
flags.DEFINE_integer("core_units", 256, "Size of the core.", lower_bound=1)
flags.DEFINE_integer(
    "glimpse_units",
    128,
    "Size of the encoding of what was seen.",
    lower_bound=1,
)
flags.DEFINE_integer(
    "location_units", 128, "Size of the encoding of where.", lower_bound=1
)
flags.DEFINE_integer("units", 256, "Size of the joint encoding.", lower_bound=1)
flags.DEFINE_float(
    "location_std",
    0.1,
    "Standard deviation of a sampled location, in units.",
    lower_bound=1e-9,
)
flags.DEFINE_float(
    "location_range",
    1.0,
    "Largest mean location in each direction, in units.",
    lower_bound=1e-9,
)
flags.DEFINE_float(
    "location_gain",
    1.0,
    "Size of the location network's first weights beside Glorot's; with "
    "little, all paths begin near the centre.",
    lower_bound=1e-9,
)
flags.DEFINE_float(
    "location_unit",
    None,
    "Pixels in a unit of location; by default half the canvas.",
    lower_bound=1e-9,
)
flags.DEFINE_enum(
    "first_fixation", "learned", FIRST_FIXATIONS, "Where an episode starts."
)
flags.DEFINE_bool(
    "stop",
    False,
    "Whether the model decides after each glimpse if it was the last; "
    "--glimpses is then the most it can make.",
)
flags.DEFINE_string(
    "pretrained",
    None,
    "Model whose weights are used, in training to start from: the name of a "
    "released one, or a file such as runs/large/model.keras.",
)
