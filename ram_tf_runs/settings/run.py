"""The settings of a run: one class for each kind, known by its name."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings import kinds, old
from ram_tf_runs.settings.fields import Settings

# Of the form in which settings stand in records.
VERSION = 1

_known: dict[str, type["RunSettings"]] = {}


@dataclasses.dataclass(frozen=True)
class RunSettings(Settings):
    """All that makes a run what it is; a subclass for each kind of run.

    A subclass is known by its `kind` from the moment that it is defined.

    Attributes:
        kind: The name of the kind.
        shared: The setting that is the size of a batch, which several
            processes may share; None where they cannot.
        seed: Every subclass has one, an int.
        program: The module that trains with these settings, for `python -m`.
    """

    kind: ClassVar[str]
    shared: ClassVar[str | None] = "batch_size"

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "kind" in vars(cls):
            _known[cls.kind] = cls

    @property
    def program(self) -> str:
        return f"trainers {self.kind}"

    def record(self) -> dict[str, Any]:
        """What stands in records: kind and version, then values by name.

        As JSON gives it back: there are lists in it, and no tuples.
        """
        values = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.flat().items()
        }
        return {"kind": self.kind, "version": VERSION, **values}

    def check_workers(self, count: int, received: str) -> None:
        """Raises UserError unless so many processes can train together.

        Args:
            count: Of the processes.
            received: How they were asked for.
        """
        if self.shared is None:
            raise UserError(
                "--workers needs steps that are compiled; those of "
                f"{self.program} play episodes outside of the program, in one "
                f"process. Received: {received}"
            )
        batch = self.flat()[self.shared]
        if batch % count:
            raise UserError(
                f"--workers must divide --{self.shared}, of which each has an "
                f"equal share. Received: {received} --{self.shared}={batch}"
            )

    @classmethod
    def of_record(cls, values: Mapping[str, Any]) -> Self:
        """The settings of a record's values, without kind and version."""
        names = {leaf.name for leaf in cls.leaves()}
        if unknown := values.keys() - names:
            raise UserError(
                f"A run of the kind {cls.kind!r} has no settings "
                f"{sorted(unknown)}: its record is newer than this code, or of "
                "something else."
            )
        return cls.build(values)


def names() -> tuple[str, ...]:
    """The kinds of runs that there are: those of this package, and plugins'."""
    own = (module.name for module in pkgutil.iter_modules(kinds.__path__))
    return tuple(sorted({*own, *_known}))


def of_kind(kind: str) -> type[RunSettings]:
    """The settings of a kind of run.

    Raises:
        UserError: On a kind that nobody knows.
    """
    if kind not in names():
        raise UserError(
            f"The kind of a run must be one of {list(names())}; RAM_TF_PLUGINS "
            f"names modules that bring others. Received: {kind!r}"
        )
    if kind not in _known:
        importlib.import_module(f"{kinds.__name__}.{kind}")
    return _known[kind]


def from_record(values: Mapping[str, Any]) -> RunSettings:
    """The settings that stand in a record, of this version or an older one.

    What is missing has its default: the record is older than that setting.

    Raises:
        UserError: On a kind, a version or names that are not known.
    """
    if not isinstance(values, Mapping):
        raise UserError(
            f"The settings of a record must be an object. Received: {values!r}"
        )
    if "kind" not in values:
        values = old.upgraded(values)
    values = dict(values)
    kind, version = values.pop("kind"), values.pop("version", None)
    if version != VERSION:
        raise UserError(
            f"The settings of a record must be of version {VERSION}, or older "
            f"than versions. Received: version {version!r}"
        )
    return of_kind(kind).of_record(values)
