"""Finished runs on one task, which a command measures side by side."""

import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

import ram_tf_runs.quiet  # noqa: F401  First.

from matplotlib.figure import Figure

from ram_tf.pictures import paths as viz
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.changes import differences
from ram_tf_runs.records.workdir import Workdir, write_json
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.options import ComparedRuns
from ram_tf_runs.tasks.images import Model
from ram_tf_runs.tasks.kinds.classify import ClassifyTask
from ram_tf_runs.tasks.registry import task_of

# What makes the test set.
_TASK = (
    "source",
    "train_dir",
    "test_dir",
    "standardise",
    "grey",
    "canvas",
    "clutter",
    "clutter_size",
    "place",
    "frames",
    "speed",
)


class Run(NamedTuple):
    """A finished run that is compared with others."""

    directory: pathlib.Path
    task: ClassifyTask
    model: Model

    @property
    def settings(self) -> ClassifySettings:
        return self.task.settings


def load(
    options: ComparedRuns,
    name: Callable[[Run], str],
    check: Callable[[pathlib.Path, ClassifySettings], None],
) -> dict[str, Run]:
    """The runs that --workdirs names, all on the data of the first.

    Args:
        options: Of the command.
        name: What tells a run from the others.
        check: Raises UserError on a run, by its directory and settings, that
            cannot be measured.

    Raises:
        UserError: As `check`; if there are none, one that is not of a
            classifier, two of a name, different tasks, or no test set.
    """
    runs: dict[str, Run] = {}
    for workdir in map(Workdir, options.workdirs):
        task = _classifier(workdir, options.data.data_dir)
        check(workdir.path, task.settings)
        run = Run(workdir.path, task, workdir.load_model())
        first = next(iter(runs.values()), run)
        changed = differences(_data(first.settings), _data(run.settings))
        if changed or name(run) in runs:
            wrong = "; ".join(changed) or f"two of the name {name(run)}"
            raise UserError(
                "--workdirs must name different runs on one task. "
                f"Received: {list(options.workdirs)}: {wrong}"
            )
        runs[name(run)] = run
    if not runs:
        raise UserError("--workdirs must name a finished run. Received: none")
    first = next(iter(runs.values()))
    if first.task.source.test is None:
        raise UserError(
            "--workdirs must name runs that had a test set. "
            f"Received: {list(options.workdirs)}"
        )
    return runs


def save(
    options: ComparedRuns,
    result: dict[str, Any],
    draw: Callable[[dict], Figure],
) -> None:
    """Writes what was measured to --out, and its picture to --picture."""
    out, picture = options.out.out, options.picture.picture
    if out:
        write_json(pathlib.Path(out), result)
        print(f"record: {out}")
    if picture:
        viz.save(draw(result), picture)
        print(f"picture: {picture}")


def _classifier(workdir: Workdir, data_dir: str | None) -> ClassifyTask:
    task = task_of(workdir.load_settings(), data_dir)
    if not isinstance(task, ClassifyTask):
        raise UserError(
            "--workdirs must name runs that classify images. "
            f"Received: {workdir.path}, of one that {task.does}"
        )
    return task


def _data(settings: ClassifySettings) -> dict[str, Any]:
    values = settings.flat()
    return {name: values[name] for name in _TASK}
