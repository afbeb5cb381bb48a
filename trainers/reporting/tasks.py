"""The section of a task of the paper."""

import pathlib
from collections.abc import Iterator

from trainers.reporting import pictures, prose, run_files, tables
from trainers.reporting.markdown import count, paragraph, percent, picture
from trainers.reporting.published import Task
from trainers.reporting.records import Runs


def section(
    root: pathlib.Path, folder: pathlib.Path, task: Task, runs: Runs
) -> Iterator[str]:
    """The blocks of the section.

    Args:
        root: Where RESULTS.md stands.
        folder: The task's records, named as its flagfile.
        task: What was published on it.
        runs: The records.
    """
    name = folder.name
    yield f"## {task.title[0].upper()}{task.title[1:]}"
    yield paragraph(
        f"Data: {task.data}. Retina {task.retina}; with {task.glimpses} "
        f"glimpses the paper's model senses {count(task.pixels)} pixels."
    )
    yield tables.errors(task, runs)
    yield "The same weights with other fixations, and the cost of an image:"
    yield tables.controls(task, runs)
    if task.random_fixations is not None:
        yield (
            f"The paper's RAM with {task.glimpses} random glimpses: "
            f"{percent(task.random_fixations)} (NIPS)."
        )
    yield "Networks without attention, under the same protocol:"
    yield tables.networks(task, runs)
    yield from _seeds(task, runs)
    yield from run_files.notes(folder)
    yield from _pictures(root, name, task, runs)
    yield "### Runs"
    yield (
        tables.listed(runs)
        or f"None yet: `python -m trainers.mnist --flagfile={name}.flags`"
    )


def _seeds(task: Task, runs: Runs) -> Iterator[str]:
    found = tables.repeats(task, runs)
    if found:
        yield "### Seeds"
        yield "Runs that differ in the seed alone, *n* of them:"
        yield found


def _pictures(
    root: pathlib.Path, name: str, task: Task, runs: Runs
) -> Iterator[str]:
    if pictures.curves(runs):
        yield picture(
            f"Learning curves, {task.title}", pictures.CURVE.format(name)
        )
    if paths := pictures.glimpse_paths(root, name, task.title):
        yield paragraph(prose.PATHS)
        yield paths
