"""The files of `results/`: their content, runs among them, and notes."""

import contextlib
import dataclasses
import functools
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import jinja2

from ram_tf_reports.markdown import NONE
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import json_files
from ram_tf_runs.settings.run import RunSettings, from_record

# What `Run` reads, beside what a section needs.
RUN = ("config", "machine", "seconds")


@dataclasses.dataclass
class Run:
    """A run's record.

    Attributes:
        path: The file, FOLDER/TASK/RUN.json.
        values: Its content, with `RUN`.
    """

    path: pathlib.Path
    values: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the run, within its task."""
        return self.path.stem

    @property
    def link(self) -> str:
        """The link to the file from a document beside FOLDER."""
        return "/".join(self.path.parts[-3:])

    def __post_init__(self):
        _ = self.settings  # A bad one is told by its file, here.

    @functools.cached_property
    def settings(self) -> RunSettings:
        """All run flags; those newer than the record have their defaults."""
        with json_files.reading(self.path):
            return from_record(self.values["config"])

    @functools.cached_property
    def recipe(self) -> RunSettings:
        """The settings but for the seed: equal in runs that repeat another."""
        return self.settings.replace(seed=0)

    @property
    def commit(self) -> str:
        """Its first letters, and whether files differed from it."""
        revision = self.values.get("git_revision") or NONE
        commit, dirty, _ = revision.partition("-dirty")
        return commit[:7] + dirty


_Run = TypeVar("_Run", bound=Run)


def read(path: pathlib.Path, *needed: str) -> dict[str, Any] | None:
    """The object in a JSON file, as `json_files`; None without the file."""
    return json_files.read(path, *needed) if path.exists() else None


@contextlib.contextmanager
def reading(folder: pathlib.Path) -> Iterator[None]:
    """Around what is made of the records in a folder.

    Raises:
        UserError: If one is of another shape than it is written with; the
            folder is named, or the file where it is known.
    """
    try:
        yield
    except UserError:
        raise
    except (
        *(LookupError, TypeError, AttributeError, ValueError),
        *(ArithmeticError, jinja2.UndefinedError),
    ) as error:
        raise UserError(
            f"A record in {folder} is not of the shape that it is written with "
            f"({type(error).__name__}: {error})."
        ) from error


def by_seed(runs: Iterable[_Run]) -> list[list[_Run]]:
    """Groups of runs that differ in the seed alone."""
    groups: dict[RunSettings, list[_Run]] = {}
    for run in runs:
        groups.setdefault(run.recipe, []).append(run)
    return list(groups.values())


def notes(folder: pathlib.Path) -> str:
    """What is to be said beside the figures: written by hand, or nothing."""
    path = folder / "notes.md"
    return path.read_text() if path.exists() else ""
