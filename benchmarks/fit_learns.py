"""What Keras' `fit` learns, beside the project's own loop: errors in %.

    python -m benchmarks.fit_learns --out=benchmarks/results/fit_learns.json

It trains what a flagfile says by `fit`, seed after seed, on the canvases that
`trainers.mnist` would draw, and keeps the weights that are best on validation.
The loop's errors are those that `benchmarks.side_by_side` wrote, of the same
seeds one after the other.
"""

import json
import pathlib
import statistics
from typing import Any

import keras
from absl import flags

from benchmarks import fitting
from benchmarks.timing import show, write
from ram_tf_runs.command import run
from ram_tf_runs.errors import UserError

_FLAGFILE = flags.DEFINE_string("flags", "quickstart.flags", "A flagfile.")
_SEEDS = flags.DEFINE_integer("seeds", 3, "How many seeds.", lower_bound=1)
_LOOP = flags.DEFINE_string(
    "loop",
    "benchmarks/results/side_by_side.json",
    "What `benchmarks.side_by_side` wrote of the same flagfile.",
)
_EPOCHS = flags.DEFINE_float("epochs", None, "Instead of the flagfile's.")
_FIGURES = ("test_error", "test_error_random_fixations", "validation_error")


def main() -> None:
    loop, fitted = _loop_figures(), []
    for seed in range(_SEEDS.value):
        fitted.append(_fit(seed))
        _tell(fitted, loop)  # Of one seed more, should it be stopped.


def _tell(fitted: list[dict[str, Any]], loop: dict[str, list[float]]) -> None:
    each = {name: [one[name] for one in fitted] for name in _FIGURES}
    rows = [
        {"figure": name, "fit": _said(each[name]), "loop": _said(loop[name])}
        for name in _FIGURES
    ]
    show(f"{len(fitted)} seeds of {_FLAGFILE.value}, % wrong", rows)
    eye = [
        random / error
        for error, random in zip(
            each["test_error"],
            each["test_error_random_fixations"],
            strict=True,
        )
    ]
    print(f"random fixations, of the own ones: at least {min(eye):.2f} times")
    write(
        {
            "flagfile": _FLAGFILE.value,
            "seeds": len(fitted),
            "fit": each,
            "loop": {name: loop[name] for name in _FIGURES},
            "random_fixations_times": eye,
        },
        1,
    )


def _fit(seed: int) -> dict[str, Any]:
    arguments = [f"--flagfile={_FLAGFILE.value}", f"--seed={seed}"]
    if _EPOCHS.value:
        arguments.append(f"--epochs={_EPOCHS.value}")
    task = fitting.task(arguments)
    steps, evaluations = task.length()
    model = fitting.compiled(task, steps)
    best = keras.callbacks.EarlyStopping(
        "val_accuracy", mode="max", patience=steps, restore_best_weights=True
    )
    validation = task.validation_data
    history = model.fit(
        fitting.dataset(task.batches, steps),
        epochs=evaluations,
        steps_per_epoch=steps // evaluations,
        validation_data=(validation["image"], validation["label"]),
        validation_batch_size=500,
        callbacks=[best],
        shuffle=False,  # The batches are in the order of the run.
        verbose=2,
    ).history
    measured = task.measure(task.test(model))
    accuracy = max(history["val_accuracy"])
    return measured | {"validation_error": 100 * (1 - accuracy)}


def _loop_figures() -> dict[str, list[float]]:
    path = pathlib.Path(_LOOP.value)
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["flagfile"] != _FLAGFILE.value:
        raise UserError(
            f"--loop={path} must be of --flags={_FLAGFILE.value}. "
            f"Received: {record['flagfile']}"
        )
    figures = record["figures"]["1"]
    return {name: figures[name]["each"] for name in _FIGURES}


def _said(errors: list[float]) -> str:
    each = ", ".join(f"{error:.2f}" for error in errors)
    return f"{statistics.mean(errors):.2f} ({each})"


if __name__ == "__main__":
    run(main)
