"""Settings of runs that play an environment of Gymnasium."""

import dataclasses
from typing import ClassVar

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.agent import Acting, Reinforce
from ram_tf_runs.settings.fields import Settings, group, setting
from ram_tf_runs.settings.model import Model
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.settings.training import SEED, Optimizer


@dataclasses.dataclass(frozen=True)
class World(Settings):
    """The environment that is played."""

    env: str | None = setting(
        None,
        "The environment, as gymnasium.make takes it, such as ID or "
        "MODULE:ID. Its observations must be images and its actions "
        "discrete.",
    )
    steps: int = setting(
        100,
        "Largest number of steps of an episode; longer episodes are cut.",
        least=1,
    )


@dataclasses.dataclass(frozen=True)
class Updates(Settings):
    """How long a model plays, and how often it is measured."""

    episodes: int = setting(
        64, "Episodes that are played side by side for each update.", least=1
    )
    updates: int = setting(1000, "Number of updates to train for.", least=1)
    evaluate_updates: int = setting(
        50, "Updates between evaluations, each with a checkpoint.", least=1
    )
    validation_episodes: int = setting(
        100, "Episodes that are played to choose the best weights.", least=2
    )
    test_episodes: int = setting(
        100, "Fresh episodes that are played at the end.", least=2
    )


@dataclasses.dataclass(frozen=True)
class PlaySettings(RunSettings):
    """A model that looks and acts."""

    kind: ClassVar[str] = "play"
    shared: ClassVar[str | None] = None

    world: World = group(World)
    training: Updates = group(Updates)
    acting: Acting = group(Acting)
    model: Model = group(Model)
    reinforce: Reinforce = group(Reinforce)
    optimizer: Optimizer = group(Optimizer)
    seed: int = setting(0, **SEED)

    @property
    def program(self):
        return "trainers.play"

    def check(self):
        if not self.world.env:
            raise UserError(
                "--env must name an environment of Gymnasium. Received: none"
            )
