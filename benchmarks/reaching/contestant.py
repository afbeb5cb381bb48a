"""What can be timed: a training in a process, and the test of its weights."""

import pathlib
from typing import Any, Protocol


class Contestant(Protocol):
    """An implementation with a recipe.

    Its process logs a row with "step" and "validation_error", in %, at the end
    of each validation, in metrics.jsonl of its work directory.

    Attributes:
        name: Of the implementation.
        packages: Versions to be noted, beside those of every record.
    """

    name: str
    packages: dict[str, str]

    def prepare(self, place: pathlib.Path) -> None:
        """Writes what all seeds need into a directory; no clock runs."""

    def command(self, seed: int, workdir: pathlib.Path) -> list[str]:
        """What trains a seed in a work directory."""

    def environment(self, workdir: pathlib.Path) -> dict[str, str]:
        """The environment of that process."""

    def keep(
        self, workdir: pathlib.Path, row: dict[str, Any], kept: pathlib.Path
    ) -> None:
        """Puts the best weights until a row aside, while training goes on."""

    def test(self, workdir: pathlib.Path, kept: pathlib.Path) -> float:
        """The test error in % of weights that were put aside; read once."""
