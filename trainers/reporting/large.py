"""The section of large images: by their size, and a model beyond its canvas."""

import pathlib
from collections.abc import Iterator
from typing import Any

from trainers.reporting import cells, pictures, records, run_files, tables
from trainers.reporting.markdown import count, paragraph, percent, table
from trainers.reporting.published import NETWORKS
from trainers.reporting.records import Record, Runs

# By folder of records.
_TASKS = ("large", "large_512", "large_1024")
_LARGER_CANVASES = "larger_canvases.json"
_NEEDED = ("model", "canvases", "trained_on", "reach", "test_cases")


def section(root: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    """The blocks of the section; none without records.

    Args:
        root: Where RESULTS.md stands.
        folder: The records of all tasks.

    Raises:
        UserError: On a bad record; file and key are named.
    """
    blocks = [
        *(block for name in _TASKS for block in _task(root, folder / name)),
        *_larger_canvases(folder / _LARGER_CANVASES),
    ]
    if blocks:
        yield "## Large images"
        yield from blocks


def _task(root: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    runs = records.load(folder)
    if not runs.all:
        return
    side = runs.all[0].settings.scene.canvas
    yield f"### {side}×{side}"
    yield _describe(runs)
    yield _results(runs)
    yield from run_files.notes(folder)
    if paths := pictures.glimpse_paths(root, folder.name, f"{side}×{side}"):
        yield paths
    yield "### Runs"
    yield tables.listed(runs)


def _results(runs: Runs) -> str:
    """A row for each record of a task: its model, then RAM, then others."""

    def place(record: Record):
        return record is not runs.ram, record.network != "ram"

    return table([_row(record) for record in sorted(runs.all, key=place)])


def _describe(runs: Runs) -> str:
    """What the canvases of a task are."""
    first = runs.ram or runs.all[0]
    scene = first.settings.scene
    return paragraph(
        f"A digit and {scene.clutter} patches of other digits anywhere on "
        f"{scene.canvas}×{scene.canvas}; the test is on the first "
        f"{count(first.cases)} digits."
    )


def _larger_canvases(path: pathlib.Path) -> Iterator[str]:
    """The released model on canvases that it was not trained on."""
    if not path.exists():
        return
    found = run_files.read(path, *_NEEDED)
    side = found["trained_on"]
    yield "### A model beyond its canvas"
    yield paragraph(
        f"`{found['model']}`, trained on {side}×{side}, with the same weights "
        "and moves of the same number of pixels on larger canvases, clutter "
        f"as dense ({count(found['test_cases'])} cases of each size). The eye "
        f"reaches {found['reach']:g} pixels from the middle: digits further "
        "away are not fixated."
    )
    yield table([_canvas(row) for row in found["canvases"]])
    yield f"`python -m trainers.larger_canvases --pretrained={found['model']}`"


def _row(record: Record) -> dict[str, str]:
    last = record.glimpses
    name = {"ram": f"RAM, {last} glimpses", **NETWORKS}.get(record.name)
    return {
        "network": name or f"RAM, {record.name.replace('_', ' ')}",
        **cells.ours(record, last),
        **cells.fixated(record, last),
        "parameters": count(record.values.get("parameters")),
        **cells.costs(record, last),
    }


def _canvas(row: dict[str, Any]) -> dict[str, str]:
    return {
        "canvas": f"{row['canvas']}×{row['canvas']}",
        "patches": count(row["clutter"]),
        "error": percent(row["error"]),
        "random fixations": percent(row["error_random_fixations"]),
        "centre only": percent(row["error_centre_only"]),
    }
