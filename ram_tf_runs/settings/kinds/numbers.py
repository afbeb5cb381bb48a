"""Settings of runs that read whole numbers, digit by digit."""

import dataclasses
from typing import ClassVar

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.agent import (
    Answers,
    Reinforce,
    Rollouts,
    Teaching,
)
from ram_tf_runs.settings.data import Digits, Splits
from ram_tf_runs.settings.fields import group, setting
from ram_tf_runs.settings.model import Model, Network
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.settings.training import PRETRAINED, SEED, Epochs, Optimizer


@dataclasses.dataclass(frozen=True)
class NumbersSettings(RunSettings):
    """A sequence of symbols an image, the last of which is the end."""

    kind: ClassVar[str] = "numbers"

    source: str = setting(
        "mnist",
        "Where the digits come from.",
        choices=("mnist", "digits"),
    )
    splits: Splits = group(Splits)
    standardise: bool = setting(
        False,
        "Whether each image is given the same brightness and contrast. "
        "Photographs need this.",
    )
    numbers: Digits = group(Digits)
    network: Network = group(Network)
    model: Model = group(Model)
    pretrained: str | None = setting(None, PRETRAINED, path=True)
    rollouts: Rollouts = group(Rollouts)
    answers: Answers = group(Answers)
    teaching: Teaching = group(Teaching)
    reinforce: Reinforce = group(Reinforce)
    optimizer: Optimizer = group(Optimizer)
    training: Epochs = group(Epochs)
    seed: int = setting(0, **SEED)

    @property
    def program(self):
        return "trainers.numbers"

    @property
    def symbols(self) -> int:
        """How many symbols a number has: its digits, and the end."""
        return self.numbers.max_digits + 1

    def check(self):
        self.teaching.check_rollouts(self.rollouts)
        if self.network.glimpses % self.symbols:
            raise UserError(
                "--glimpses must be a multiple of the symbols of a number, "
                f"--max_digits and the end: of {self.symbols}. "
                f"Received: --glimpses={self.network.glimpses}"
            )
