"""Measures a trained model on larger canvases than it was trained on.

    python -m trainers.larger_canvases --pretrained=cluttered_100 \\
        --canvases=100,150,200,256 --out=results/larger_canvases.json

Weights and moves stay what they were: a unit of location is as many pixels as
on the canvas of the training, and the eye reaches no further from the middle.
Clutter is as dense.
"""

import dataclasses
import pathlib
from typing import Any

import ram_tf_runs.quiet  # noqa: F401  First.

import keras

from ram_tf.evaluation.images import evaluate
from ram_tf_runs import model_source
from ram_tf_runs.command import Command
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import record
from ram_tf_runs.records.workdir import write_json
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import OTHER_FLAGS, ModelOptions, Out
from ram_tf_runs.tasks.kinds.classify import ClassifyTask


@dataclasses.dataclass(frozen=True)
class Canvases(Settings):
    """What a model is measured on."""

    canvases: tuple[str, ...] = setting(
        ("100", "150", "200", "256"), "Sides of the canvases in pixels."
    )
    test_canvases: int = setting(
        2000,
        "Test canvases of each size, at most those that there are.",
        least=1,
    )

    def check(self):
        whole = all(c.isdecimal() and int(c) for c in self.canvases)
        if not self.canvases or not whole:
            raise UserError(
                "--canvases must be whole numbers above zero, as in 100,256. "
                f"Received: --canvases={','.join(self.canvases)}"
            )


def main(options: ModelOptions, canvases: Canvases, out: Out) -> None:
    trained = model_source.load(options)
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
    cases = min(canvases.test_canvases, len(source.test.label) * source.repeats)
    result = {
        "model": trained.name,
        "canvases": [
            _measure(model, _enlarged(task, int(side), cases))
            for side in canvases.canvases
        ],
        "trained_on": scene.canvas,
        "reach": round(unit * looking.location_range, 4),
        "test_cases": cases,
        **record.circumstances(),
    }
    print(table(result))
    if out.out:
        write_json(pathlib.Path(out.out), result)


def table(result: dict[str, Any]) -> str:
    """The errors as a few lines of text."""
    lines = [
        f"test error, % of {result['test_cases']} cases; trained on "
        f"{result['trained_on']}x{result['trained_on']}, the eye reaches "
        f"{result['reach']:g} pixels from the middle",
        "canvas  clutter   error  random  centre",
    ]
    for row in result["canvases"]:
        lines.append(
            f"{row['canvas']:6}{row['clutter']:9}{row['error']:8.2f}"
            f"{row['error_random_fixations']:8.2f}"
            f"{row['error_centre_only']:8.2f}"
        )
    return "\n".join(lines)


def _check(task) -> None:
    if not isinstance(task, ClassifyTask):
        raise UserError(
            "The model must be one that classifies images. Received: one that "
            f"{task.does}"
        )
    network = task.settings.network
    if not network.looks:
        raise UserError(
            "The model must be one of RAM: other networks know one size of "
            f"image. Received: --network={network.network}"
        )


def _enlarged(task: ClassifyTask, side: int, cases: int) -> ClassifyTask:
    """The same task on another canvas, with as much clutter an area."""
    scene = task.settings.scene
    clutter = round(scene.clutter * (side / scene.canvas) ** 2)
    return task.changed(canvas=side, clutter=clutter, evaluation_cases=cases)


def _measure(model: keras.Model, task: ClassifyTask) -> dict[str, Any]:
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


COMMAND = Command(
    main,
    (ModelOptions, Canvases, Out),
    others=OTHER_FLAGS,
)
