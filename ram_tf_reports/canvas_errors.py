"""The error of a classifier on larger canvases than it was trained on."""

from typing import Any

import keras

from ram_tf.evaluation.images import evaluate
from ram_tf_runs.errors import UserError
from ram_tf_runs.model_source import Trained
from ram_tf_runs.records import record
from ram_tf_runs.tasks.kinds.classify import ClassifyTask
from ram_tf_runs.tasks.task import Task


def measure(trained: Trained, sides: list[int], most: int) -> dict[str, Any]:
    """The record of one model, whose unit of location stays in pixels.

    Args:
        trained: The model; its unit of location is set.
        sides: Of the canvases, in pixels.
        most: Test canvases of each size, if there are so many.

    Raises:
        UserError: If the model does not look at images to classify them, or
            there is no test set.
    """
    task, model = trained.task, trained.model
    _check(task)
    scene, looking = task.settings.scene, task.settings.model
    unit = looking.location_unit or scene.canvas / 2
    model.cell.location_unit = unit
    source = task.source
    if source.test is None:
        raise UserError(
            "The model must be of a run that had a test set. "
            f"Received: {trained.name}"
        )
    cases = min(most, len(source.test.label) * source.repeats)
    return {
        "model": trained.name,
        "canvases": [
            _measured(model, _enlarged(task, side, cases)) for side in sides
        ],
        "trained_on": scene.canvas,
        "reach": round(unit * looking.location_range, 4),
        "test_cases": cases,
        **record.circumstances(),
    }


def _check(task: Task) -> None:
    if not isinstance(task, ClassifyTask):
        raise UserError(
            "The model must be one that classifies images. Received: one that "
            f"{task.does}"
        )
    network = task.settings.network
    if not network.looks:
        raise UserError(
            "The model must be one of RAM: other networks know one size of "
            f"image. Received: a run with --network={network.network}"
        )


def _enlarged(task: ClassifyTask, side: int, cases: int) -> ClassifyTask:
    """The same task on another canvas, with as much clutter an area."""
    scene = task.settings.scene
    clutter = round(scene.clutter * (side / scene.canvas) ** 2)
    return task.changed(canvas=side, clutter=clutter, evaluation_cases=cases)


def _measured(model: keras.Model, task: ClassifyTask) -> dict[str, Any]:
    evaluator = task.make_evaluator(model, task.evaluated("test"))
    found = evaluate(evaluator)
    return {
        "canvas": task.settings.scene.canvas,
        "clutter": task.settings.scene.clutter,
        "error": found["error"],
        "error_random_fixations": found["error_random_fixations"],
        "error_centre_only": found["error_centre_only"],
        "error_by_glimpse": found["error_by_glimpse"],
    }
