"""The flags that make a run what it is; their values are its configuration."""

import copy
from typing import Any

from absl import flags

from data.canvas import PLACES
from ram_tf.agent import BASELINES
from ram_tf.cell import FIRST_FIXATIONS
from ram_tf.comparators import NETWORKS
from ram_tf.environments.still_image import REWARDS
from ram_tf.glimpse_readers import COMPILED, POOLINGS
from ram_tf.model import CORES
from ram_tf.training.optimizers import OPTIMIZERS, SCHEDULES
from trainers.setup import Config

_count = {"lower_bound": 1}
_weight = {"lower_bound": 0.0}
_above_zero = {"lower_bound": 1e-9}

# By trainer; the first is what --source is if it is not given.
SOURCES = {
    "mnist": ("mnist", "fashion_mnist", "digits"),
    "svhn": ("svhn_cropped", "svhn_small"),
    "numbers": ("mnist", "digits"),
    "classify": ("folder",),
}

# Data.
flags.DEFINE_enum(
    "source",
    "mnist",
    sorted({name for names in SOURCES.values() for name in names}),
    "Where images come from; each trainer knows its own.",
)
flags.DEFINE_string(
    "train_dir", None, "Folder with a sub-folder of pictures for each class."
)
flags.DEFINE_string(
    "test_dir",
    None,
    "The same with other pictures, for the test; without it, the result is the "
    "error on validation.",
)
flags.DEFINE_float(
    "validation_fraction",
    0.2,
    "Share of --train_dir's pictures that is held out to choose the weights.",
    lower_bound=0.01,
    upper_bound=0.99,
)
flags.DEFINE_bool(
    "standardise",
    False,
    "Whether each image is given the same brightness and contrast before it is "
    "put on the canvas: photographs need it.",
)
flags.DEFINE_bool("grey", False, "Whether pictures of folders are made grey.")
flags.DEFINE_integer("canvas", 28, "Side of the canvas in pixels.", **_count)
flags.DEFINE_integer(
    "clutter", 0, "Patches of other digits on a canvas.", lower_bound=0
)
flags.DEFINE_integer("clutter_size", 8, "Side of a patch in pixels.", **_count)
flags.DEFINE_enum(
    "place",
    "anywhere",
    PLACES,
    "Where digits are put: the half of the canvas that their centre lies in.",
)
flags.DEFINE_integer(
    "jitter",
    0,
    "Pixels by which a training digit is moved at most in each direction, at "
    "random, beside its place; what leaves the canvas is cut off.",
    lower_bound=0,
)
flags.DEFINE_float(
    "distort",
    0.0,
    "How far a training digit is stretched, sheared and turned at most, at "
    "random: by this share of its distance from the middle is each pixel moved "
    "down and across. 0.15 makes MNIST's digits no harder to read.",
    lower_bound=0.0,
    upper_bound=0.5,
)
flags.DEFINE_float(
    "grow",
    0.0,
    "Share of the training over which the square that a training digit lies in "
    "grows evenly, from the middle to the whole canvas: a start with short "
    "ways on large canvases.",
    lower_bound=0.0,
    upper_bound=1.0,
)
flags.DEFINE_integer(
    "frames",
    0,
    "Frames of a video, in which the digit drifts over clutter that stands "
    "still, with one glimpse a frame; 0: still images.",
    lower_bound=0,
)
flags.DEFINE_float(
    "speed",
    3.0,
    "Of the digit in a video, in pixels a frame, in a random direction; it is "
    "reflected at the edges of the canvas.",
    **_weight,
)
flags.DEFINE_integer(
    "max_digits",
    0,
    "Most digits of a number, of which each is answered in turn, then the end; "
    "0: an image has one label. See trainers.numbers.",
    lower_bound=0,
)
flags.DEFINE_string(
    "svhn_dir",
    None,
    "Folder with train/ and test/ of SVHN's full numbers; by default numbers "
    "are composed of the digits of --source.",
)
# Model.
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
    **_count,
)
flags.DEFINE_integer(
    "glimpses", 6, "Looks at an image; with --frames, one a frame.", **_count
)
flags.DEFINE_integer(
    "glimpse_size", 8, "Side of a glimpse in pixels.", **_count
)
flags.DEFINE_integer(
    "scales", 1, "Windows of the retina, each twice as wide.", **_count
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
    **_above_zero,
)
flags.DEFINE_enum("core", "rnn", CORES, "The recurrent core.")
flags.DEFINE_integer("core_units", 256, "Size of the core.", **_count)
flags.DEFINE_integer(
    "glimpse_units", 128, "Size of the encoding of what was seen.", **_count
)
flags.DEFINE_integer(
    "location_units", 128, "Size of the encoding of where.", **_count
)
flags.DEFINE_integer("units", 256, "Size of the joint encoding.", **_count)
flags.DEFINE_float(
    "location_std",
    0.1,
    "Standard deviation of a sampled location, in units.",
    **_above_zero,
)
flags.DEFINE_float(
    "location_range",
    1.0,
    "Largest mean location in each direction, in units.",
    **_above_zero,
)
flags.DEFINE_float(
    "location_gain",
    1.0,
    "Size of the location network's first weights beside Glorot's; with "
    "little, all paths begin near the centre.",
    **_above_zero,
)
flags.DEFINE_float(
    "location_unit",
    None,
    "Pixels in a unit of location; by default half the canvas.",
    **_above_zero,
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
# Agent.
flags.DEFINE_integer("rollouts", 4, "Episodes an image.", **_count)
flags.DEFINE_enum(
    "reward",
    "log_likelihood",
    REWARDS,
    "What the last answer earns: 1 or 0, or the log-likelihood of the class.",
)
flags.DEFINE_enum(
    "baseline",
    "leave_one_out",
    BASELINES,
    "Subtracted from the return: learned, or the image's other rollouts.",
)
flags.DEFINE_float("policy_weight", 0.14, "Weight of REINFORCE.", **_weight)
flags.DEFINE_float(
    "baseline_weight", 1.0, "Weight of the baseline's error.", **_weight
)
flags.DEFINE_bool(
    "reinforce_into_core", True, "Whether REINFORCE trains the core too."
)
flags.DEFINE_float(
    "intermediate_weight",
    0.0,
    "Weight of the answer after each glimpse but the last (which has 1), in "
    "the cross-entropy and, without --stop, the reward.",
    **_weight,
)
flags.DEFINE_float(
    "glimpse_cost",
    0.0,
    "With --stop: taken off the reward for every glimpse, in its units.",
    **_weight,
)
flags.DEFINE_bool(
    "train_only_stop",
    False,
    "With --stop and --pretrained: whether all but the decision to stop stays "
    "as it was. Nothing is sampled then, and --rollouts and the flags of "
    "REINFORCE are ignored.",
)
# Training.
flags.DEFINE_enum("optimizer", "adam", OPTIMIZERS, "The optimizer.")
flags.DEFINE_float(
    "momentum", 0.9, "Momentum of sgd.", lower_bound=0.0, upper_bound=1.0
)
flags.DEFINE_float(
    "learning_rate", 1e-3, "Learning rate at the start.", **_above_zero
)
flags.DEFINE_enum(
    "schedule", "cosine", SCHEDULES, "How the learning rate falls to zero."
)
flags.DEFINE_float(
    "clip_norm", 5.0, "Largest norm of the gradient; 0: no limit.", **_weight
)
flags.DEFINE_integer("batch_size", 32, "Images in a batch.", **_count)
flags.DEFINE_float(
    "epochs",
    30.0,
    "Times that each training image is used.",
    lower_bound=1e-9,
    upper_bound=1e6,
)
flags.DEFINE_float(
    "evaluate_every",
    1.0,
    "Epochs between evaluations, each with a checkpoint.",
    **_above_zero,
)
flags.DEFINE_integer(
    "evaluation_cases",
    0,
    "Canvases that are measured on, the first so many of the validation set "
    "and of the test set; 0: all. Large canvases take time and memory.",
    lower_bound=0,
)
flags.DEFINE_integer(
    "seed", 0, "Seed of everything.", lower_bound=0, upper_bound=2**31 - 1
)


@flags.multi_flags_validator(
    ["baseline", "rollouts"],
    "--baseline=leave_one_out needs --rollouts of at least 2",
)
def _has_others(values):
    return values["baseline"] != "leave_one_out" or values["rollouts"] > 1


@flags.multi_flags_validator(
    ["frames", "network"],
    "--frames needs --network=ram: the other networks look at one image",
)
def _can_watch(values):
    return not values["frames"] or values["network"] == "ram"


@flags.multi_flags_validator(
    ["max_digits", "glimpses"],
    "--glimpses must be a multiple of the symbols of a number, --max_digits "
    "and the end",
)
def _divides(values):
    digits = values["max_digits"]
    return digits == 0 or values["glimpses"] % (digits + 1) == 0


@flags.multi_flags_validator(
    ["max_digits", "svhn_dir"], "--svhn_dir needs --max_digits of at least 1"
)
def _has_numbers(values):
    return values["svhn_dir"] is None or values["max_digits"] > 0


@flags.multi_flags_validator(
    ["stop", "network", "max_digits"],
    "--stop needs --network=ram, which alone looks more than once, and "
    "--max_digits=0, one answer an image",
)
def _can_stop(values):
    fits = values["network"] == "ram" and not values["max_digits"]
    return fits or not values["stop"]


@flags.multi_flags_validator(
    ["glimpse_cost", "stop"],
    "--glimpse_cost needs --stop: else all glimpses are made, whatever they "
    "cost",
)
def _can_save(values):
    return not values["glimpse_cost"] or values["stop"]


@flags.multi_flags_validator(
    ["train_only_stop", "stop", "pretrained"],
    "--train_only_stop needs --stop and --pretrained, the model that stays",
)
def _has_a_model(values):
    needed = values["stop"] and values["pretrained"] is not None
    return needed or not values["train_only_stop"]


def from_flags(module: str = __name__) -> Config:
    """The configuration that the command line asks for.

    Args:
        module: Whose key flags make the configuration; here and below.
    """
    return Config(**{flag.name: flag.value for flag in _own(module)})


def of_trainer(trainer: str) -> Config:
    """The same for a trainer that has sources of its own.

    Args:
        trainer: One of `SOURCES`; the first of its sources is the default.

    Raises:
        ValueError: If --source is none of them.
    """
    config, known = from_flags(), SOURCES[trainer]
    if not flags.FLAGS["source"].present:
        config.source = known[0]
    elif config.source not in known:
        raise ValueError(
            f"--source of trainers.{trainer} must be one of {list(known)}. "
            f"Received: {config.source!r}"
        )
    return config


def complete(values: dict[str, Any], module: str = __name__) -> Config:
    """The configuration in a record, which may be older than some flags.

    Args:
        values: By name; what is missing has its flag's default.
        module: As above.
    """
    defaults = {flag.name: flag.default for flag in _own(module)}
    return Config(**defaults | values)


def parse(arguments: list[str], module: str = __name__) -> Config:
    """The configuration that arguments ask for, whatever the command line says.

    Args:
        arguments: Such as "--canvas=60" or "--flagfile=PATH".
        module: As above.

    Raises:
        UnrecognizedFlagError: On flags that are not among these.
    """
    copied = copy.deepcopy(flags.FLAGS)
    copied.unparse_flags()
    copied(["parse", *arguments])
    own = {flag.name: flag.value for flag in _own(module, copied)}
    for name in copied:
        if copied[name].present and name not in own:
            raise flags.UnrecognizedFlagError(name)
    return Config(**own)


def given(module: str = __name__) -> list[str]:
    """Names of the run's flags that the command line sets."""
    return [flag.name for flag in _own(module) if flag.present]


def _own(
    module: str, values: flags.FlagValues = flags.FLAGS
) -> list[flags.Flag]:
    return values.get_key_flags_for_module(module)
