"""Tasks by the kind of their settings."""

import importlib
import pkgutil
from typing import TypeVar

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.tasks import kinds
from ram_tf_runs.tasks.task import Task

_known: dict[str, type[Task]] = {}
_AnyTask = TypeVar("_AnyTask", bound=Task)


def register(kind: str):
    """A decorator: makes a class the task of a kind of run."""

    def registered(task: type[_AnyTask]) -> type[_AnyTask]:
        _known[kind] = task
        return task

    return registered


def task_of(settings: RunSettings, data_dir: str | None = None) -> Task:
    """What settings mean.

    Args:
        settings: Of any run.
        data_dir: Where its data are, as --data_dir says.

    Raises:
        UserError: If there is no task of their kind.
    """
    kind = settings.kind
    if kind not in _known and kind in _modules():
        importlib.import_module(f"{kinds.__name__}.{kind}")
    if kind not in _known:
        raise UserError(
            f"There is no task of the kind {kind!r}: "
            "`ram_tf_runs.tasks.registry` must know one before it is used."
        )
    return _known[kind](settings, data_dir)


def _modules() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(kinds.__path__)}
