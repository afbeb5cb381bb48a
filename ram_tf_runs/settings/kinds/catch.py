"""Settings of runs that play Catch."""

import dataclasses
from typing import ClassVar

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.agent import Acting, Reinforce, Rollouts
from ram_tf_runs.settings.fields import Settings, group, setting
from ram_tf_runs.settings.model import Model
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.settings.training import PRETRAINED, SEED, Optimizer


@dataclasses.dataclass(frozen=True)
class Game(Settings):
    """The rules of the game."""

    screen: int = setting(24, "Side of the screen in pixels.", least=1)
    paddle_width: int = setting(2, "Width of the paddle in pixels.", least=1)
    angles: tuple[float, ...] = setting(
        (45.0, 135.0),
        "Range of the ball's direction, in degrees: LOWEST,HIGHEST; 90 "
        "is straight down.",
    )
    extremes_only: bool = setting(
        False,
        "Whether the ball only takes the two ends of the range of "
        "angles: with 45,135 it moves by -1 or +1 pixel a step.",
    )
    ball_speed: float = setting(
        1.0,
        "Pixels that the ball moves sideways in a step at 45 degrees.",
        least=1e-9,
    )

    def check(self):
        if len(self.angles) != 2 or not self.angles[0] <= self.angles[1]:
            given = ",".join(f"{angle:g}" for angle in self.angles)
            raise UserError(
                "--angles must be two numbers, low and high, as in 45,135. "
                f"Received: --angles={given}"
            )


@dataclasses.dataclass(frozen=True)
class Frames(Settings):
    """How long a model plays, and how often it is measured."""

    games: int = setting(
        64, "Games that are played side by side in a batch.", least=1
    )
    train_frames: int = setting(
        20_000_000,
        "Frames to train on. Every step of every rollout counts as one frame.",
        least=1,
    )
    evaluate_frames: int = setting(
        500_000, "Frames between evaluations, each with a checkpoint.", least=1
    )
    validation_games: int = setting(
        1000, "Games that are played to choose the best weights.", least=1
    )
    test_games: int = setting(
        10_000, "Fresh games that are played at the end.", least=1
    )


@dataclasses.dataclass(frozen=True)
class CatchSettings(RunSettings):
    """A model that looks and moves the paddle."""

    kind: ClassVar[str] = "catch"
    shared: ClassVar[str | None] = "games"

    game: Game = group(Game)
    full_screen: bool = setting(
        False,
        "Whether the model is a control that sees the whole screen at "
        "full resolution in place of the retina. --glimpse_size, "
        "--scales and --fixations are then ignored.",
    )
    training: Frames = group(Frames)
    acting: Acting = group(Acting)
    model: Model = group(Model)
    reinforce: Reinforce = group(Reinforce)
    optimizer: Optimizer = group(Optimizer)
    seed: int = setting(0, **SEED)
    pretrained: str | None = setting(None, PRETRAINED, path=True)
    rollouts: Rollouts = group(Rollouts)

    @property
    def program(self):
        return "trainers.catch"
