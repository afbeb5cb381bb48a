"""The files of `results/`: their content, runs among them, and notes."""

import functools
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from trainers.errors import UserError
from trainers.records import recipe
from trainers.records.record import threads_text
from trainers.reporting.markdown import NONE, speed
from trainers.settings.run import RunSettings, from_record

# What `Run` reads, beside what a section needs.
RUN = ("config", "machine", "seconds")


class Run:
    """A run's record.

    Args:
        path: The file, FOLDER/TASK/RUN.json.
        values: Its content, with `RUN`.
    """

    def __init__(self, path: pathlib.Path, values: dict[str, Any]):
        self.path = path
        self.values = values

    @property
    def name(self) -> str:
        """Of the run, within its task."""
        return self.path.stem

    @functools.cached_property
    def settings(self) -> RunSettings:
        """All run flags; those newer than the record have their defaults."""
        return from_record(self.values["config"])

    @property
    def minutes(self) -> str:
        """How long it took."""
        return f"{self.values['seconds'] / 60:.1f}"

    def is_repeat_of(self, other: "Run") -> bool:
        """Whether the seed alone may differ."""
        mine, its = self.settings.record(), other.settings.record()
        return mine | {"seed": None} == its | {"seed": None}

    def line(self, unit: str, *facts: str) -> str:
        """The run in a list, with the command that repeats it.

        Args:
            unit: What is counted a second, if anything: "images", "frames".
            facts: What is said of such runs alone.
        """
        values, machine = self.values, self.values["machine"]
        threads = threads_text(machine.get("threads"))
        words = [
            f"seed {self.settings.seed}",
            *facts,
            *speed(values.get(f"{unit}_per_second"), unit),
            f"{machine.get('processor')}, {threads}",
            f"commit `{_short(values.get('git_revision'))}`",
        ]
        link = "/".join(self.path.parts[-3:])
        command = recipe.command(self.settings)
        return f"- [{self.name}]({link}): {'; '.join(words)}.\n  `{command}`"


_AnyRun = TypeVar("_AnyRun", bound=Run)


def read(path: pathlib.Path, *needed: str) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        UserError: If it is none or lacks a key; file and key are named.
    """
    try:
        values = json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} must hold an object. Received: {values!r}")
    for name in needed:
        if name not in values:
            raise UserError(f"{path} must hold `{name}`.")
    return values


def by_seed(runs: Iterable[_AnyRun]) -> list[list[_AnyRun]]:
    """Groups of runs that differ in the seed alone."""
    groups: list[list[_AnyRun]] = []
    for run in runs:
        for group in groups:
            if run.is_repeat_of(group[0]):
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


def notes(folder: pathlib.Path) -> Iterator[str]:
    """What is to be said beside the figures: written by hand."""
    path = folder / "notes.md"
    if path.exists():
        yield path.read_text()


def _short(revision: str | None) -> str:
    """A commit's first letters, and whether files differed from it."""
    if revision is None:
        return NONE
    commit, dirty, _ = revision.partition("-dirty")
    return commit[:7] + dirty
