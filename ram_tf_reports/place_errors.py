"""The error of a classifier as a function of where the digit stands."""

import dataclasses
import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tqdm

from ram_tf.evaluation.images import ClassifierEvaluator
from ram_tf_data.batches import evaluation_set
from ram_tf_data.canvas import Canvas
from ram_tf_data.splits import Split
from ram_tf_runs.compared import Run
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import record


def measure(runs: dict[str, Run], split: Split, places: int) -> dict[str, Any]:
    """The record of models that are compared, and progress on a terminal.

    Args:
        runs: Of classifiers on one task, by the names in the record.
        split: The digits.
        places: Along a side of the canvas.

    Raises:
        UserError: As `corners`.
    """
    canvas = next(iter(runs.values())).task.canvas
    rows, columns = corners(canvas, split.image, places)
    models = {}
    with _progress(len(runs) * len(rows) * len(columns)) as bar:
        for name, trained in runs.items():
            grid = error_grid(
                functools.partial(trained.task.make_evaluator, trained.model),
                split,
                canvas,
                rows,
                columns,
                bar.update,
            )
            models[name] = {
                **halves(grid, canvas, split.image.shape[2], columns),
                "grid": grid.tolist(),
                "config": trained.settings.record(),
            }
    return {
        "models": models,
        "rows": rows,
        "columns": columns,
        "cases_per_place": len(split.label),
        "canvas": canvas.side,
        "digit": list(split.image.shape[1:3]),
        "place": canvas.place,
        **record.circumstances(),
    }


def _progress(places: int) -> tqdm.tqdm:
    return tqdm.tqdm(
        total=places,
        unit="place",
        disable=not sys.stderr.isatty(),
        dynamic_ncols=True,
    )


def corners(canvas: Canvas, images: np.ndarray, count: int):
    """A grid of places, from edge to edge.

    Args:
        canvas: What images are put on.
        images: [n, h, w, C].
        count: Places along a side.

    Returns:
        The rows and the columns where images start, two lists.

    Raises:
        UserError: If there are not so many places, or only one.
    """
    canvas.check(images)
    room = [canvas.side - size for size in images.shape[1:3]]
    if not min(room):
        raise UserError(
            "The canvas must be larger than the images on it, which else have "
            f"one place alone. Received: images of {images.shape[1]}x"
            f"{images.shape[2]} pixels, a canvas of {canvas.side}x{canvas.side}"
        )
    if not 2 <= count <= min(room) + 1:
        raise UserError(
            f"--places must lie between 2 and {min(room) + 1}, the places of "
            f"a digit along the canvas. Received: {count}"
        )
    return [
        np.linspace(0, last, count).round().astype(int).tolist()
        for last in room
    ]


def error_grid(
    make_evaluator: Callable[[dict[str, np.ndarray]], ClassifierEvaluator],
    split: Split,
    canvas: Canvas,
    rows: list[int],
    columns: list[int],
    on_place: Callable[[], object] = lambda: None,
) -> np.ndarray:
    """Error in % after the last glimpse, with all digits at each place.

    Args:
        make_evaluator: Makes what measures a trained model on data.
        split: The digits.
        canvas: What they are put on; the clutter is the same at all places.
        rows: R rows where digits start.
        columns: C columns where digits start.
        on_place: Called when a place is done.

    Returns:
        [R, C].
    """
    grid = np.zeros([len(rows), len(columns)])
    evaluator = None
    for place in np.ndindex(grid.shape):
        corner = rows[place[0]], columns[place[1]]
        data = evaluation_set(split, canvas, corner=corner)
        # Made once, because making one compiles the model.
        evaluator = evaluator or make_evaluator(data)
        here = evaluator.on(data)
        grid[place] = here.answer_error(here.rollouts())
        on_place()
    return grid


def halves(
    grid: np.ndarray, canvas: Canvas, width: int, columns: list[int]
) -> dict[str, float]:
    """Mean error of the places in each half, "left" and "right", in %.

    Args:
        grid: [R, C].
        canvas: Knows what its halves are.
        width: Of a digit.
        columns: C columns where digits start.
    """
    _, last = dataclasses.replace(canvas, place="left").columns(width)
    left = np.array(columns) <= last
    return {
        "left": round(float(grid[:, left].mean()), 4),
        "right": round(float(grid[:, ~left].mean()), 4),
    }
