"""The flags that make a run of Catch what it is; as in `configs.config`."""

from typing import Any

from absl import flags

from trainers.configs import acting_flags, config
from trainers.configs.config import Config

flags.adopt_module_key_flags(acting_flags)
for _name in ("pretrained", "rollouts", "baseline"):
    flags.declare_key_flag(_name)
# Game.
flags.DEFINE_integer(
    "screen", 24, "Side of the screen in pixels.", lower_bound=1
)
flags.DEFINE_integer("paddle_width", 2, "Cells of the paddle.", lower_bound=1)
flags.DEFINE_list(
    "angles",
    ["45", "135"],
    "Range of the ball's direction in degrees; 90 is straight down.",
)
flags.DEFINE_bool(
    "extremes_only",
    False,
    "Whether only the ends of the range of angles occur: with 45,135 the ball "
    "moves by -1 or +1.",
)
flags.DEFINE_float(
    "ball_speed",
    1.0,
    "Pixels that the ball moves sideways in a step at 45 degrees.",
    lower_bound=1e-9,
)
# Agent.
flags.DEFINE_bool(
    "full_screen",
    False,
    "A control: the whole screen at full resolution in place of the retina; "
    "--glimpse_size, --scales and --fixations are then ignored.",
)
# Training.
flags.DEFINE_integer("games", 64, "Games in a batch.", lower_bound=1)
flags.DEFINE_integer(
    "train_frames",
    20_000_000,
    "Frames to train on: every step of every rollout is one.",
    lower_bound=1,
)
flags.DEFINE_integer(
    "evaluate_frames",
    500_000,
    "Frames between evaluations, each with a checkpoint.",
    lower_bound=1,
)
flags.DEFINE_integer(
    "validation_games", 1000, "Games that choose the weights.", lower_bound=1
)
flags.DEFINE_integer(
    "test_games",
    10_000,
    "Fresh games that are played at the end.",
    lower_bound=1,
)


@flags.validator("angles", "must be two numbers, as in 45,135")
def _are_two_numbers(angles):
    try:
        low, high = map(float, angles)
    except ValueError:
        return False
    return low <= high


def from_flags() -> Config:
    """The configuration that the command line asks for.

    Raises:
        ValueError: On flags of classifiers, which have no part in it.
    """
    return acting_flags.from_flags(__name__)


def complete(values: dict[str, Any]) -> Config:
    """The configuration in a record; what is missing has its default."""
    return config.complete(values, __name__)
