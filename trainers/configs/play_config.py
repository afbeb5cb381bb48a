"""The flags of a run on an environment of Gymnasium; as in `configs.config`."""

from typing import Any

from absl import flags

from trainers.configs import acting_flags, config
from trainers.configs.config import Config

flags.adopt_module_key_flags(acting_flags)
# Environment.
flags.DEFINE_string(
    "env",
    None,
    "The environment: what gymnasium.make takes, MODULE:ID among others. It "
    "shows images and has discrete actions.",
)
flags.DEFINE_integer(
    "steps",
    100,
    "Steps of an episode; longer ones are cut there.",
    lower_bound=1,
)
# Training.
flags.DEFINE_integer(
    "episodes", 64, "Episodes in an update, played side by side.", lower_bound=1
)
flags.DEFINE_integer("updates", 1000, "Updates to train for.", lower_bound=1)
flags.DEFINE_integer(
    "evaluate_updates",
    50,
    "Updates between evaluations, each with a checkpoint.",
    lower_bound=1,
)
flags.DEFINE_integer(
    "validation_episodes",
    100,
    "Episodes that choose the weights.",
    lower_bound=2,
)
flags.DEFINE_integer(
    "test_episodes",
    100,
    "Fresh episodes that are played at the end.",
    lower_bound=2,
)


def from_flags() -> Config:
    """The configuration that the command line asks for.

    Raises:
        ValueError: On flags of classifiers, or without --env.
    """
    settings = acting_flags.from_flags(__name__)
    if settings.env is None:
        raise ValueError(
            "--env must name an environment of Gymnasium. Received: none"
        )
    return settings


def complete(values: dict[str, Any]) -> Config:
    """The configuration in a record; what is missing has its default."""
    return config.complete(values, __name__)
