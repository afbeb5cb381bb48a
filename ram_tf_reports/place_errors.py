"""The error of a classifier as a function of where the digit stands."""

import dataclasses
from collections.abc import Callable

import numpy as np

from ram_tf.evaluation.images import ClassifierEvaluator
from ram_tf_data.batches import evaluation_set
from ram_tf_data.canvas import Canvas
from ram_tf_data.splits import Split
from ram_tf_runs.errors import UserError


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
