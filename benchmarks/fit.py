"""Keras' `fit` against the project's own loop: images trained on a second.

    python -m benchmarks.fit --out=benchmarks/results/fit.json

Run it with nothing else running. Both train what a flagfile says, with either
policy over locations, on the same images, and both are compiled by XLA; they
take turns, each of so many steps. `fit` is as Keras users call it: a step in a
call; beside it stands `steps_per_execution` of the loop's own. Images are an
array in memory; the last rows are of canvases that are drawn while training
goes on, by the loop in its compiled steps and for `fit` by tf.data.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from absl import flags

from benchmarks import fitting
from benchmarks.timing import REPETITIONS, interleave, show, write
from ram_tf.training.compiled_steps import CompiledSteps
from ram_tf_runs.command import run
from ram_tf_runs.tasks.images import ImageTask

_FLAGFILE = flags.DEFINE_string("flags", "quickstart.flags", "A flagfile.")
_STEPS = flags.DEFINE_integer("steps", 100, "Steps of a turn.", lower_bound=1)
_POLICIES = {
    "gaussian": [],
    "cells": ["--location_policy=cells", "--first_fixation=centre"],
}
# As many as the loop makes in a call.
_AT_ONCE = CompiledSteps.most


class _Array:
    """Batches of images in memory, in their order, for the loop."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, batch_size: int):
        self._images, self._labels = tf.constant(images), tf.constant(labels)
        self.batch_size = batch_size
        self.seed = 0

    def indices(self, step: int, count: int) -> np.ndarray:
        start = step * self.batch_size
        taken = np.arange(start, start + count * self.batch_size)
        taken %= len(self._labels)
        return taken.reshape(count, -1).astype(np.int32)

    def make(self, indices: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        del step
        return {
            "image": tf.gather(self._images, indices),
            "label": tf.gather(self._labels, indices),
        }


def main() -> None:
    facts = {"flagfile": _FLAGFILE.value, "steps": _STEPS.value}
    rows = []
    for drawn in (False, True):
        for policy in _POLICIES:
            rows.append(_row(policy, drawn))
            write(facts | {"fit": rows}, REPETITIONS.value)
    show(f"fit of {_FLAGFILE.value}, images a second", rows)


def _row(policy: str, drawn: bool) -> dict[str, Any]:
    arguments = [f"--flagfile={_FLAGFILE.value}", *_POLICIES[policy]]
    task = fitting.task(arguments)
    size = task.settings.training.batch_size
    data = _first_canvases(task, size)
    seconds = interleave(
        {
            "loop": _loop(task, data, drawn),
            "fit": _fit(task, data, drawn),
            "fit_at_once": _fit(
                task, data, drawn, steps_per_execution=_AT_ONCE
            ),
        },
        REPETITIONS.value,
    )
    images = {name: _STEPS.value * size / s for name, s in seconds.items()}
    return {
        "policy": policy,
        "images": "drawn" if drawn else "array",
        "batch_size": size,
        **images,
        "ratio": images["fit"] / images["loop"],
        "ratio_at_once": images["fit_at_once"] / images["loop"],
    }


def _first_canvases(task: ImageTask, size: int) -> dict[str, np.ndarray]:
    """As many as the steps of a turn need."""
    batches = fitting.dataset(task.batches, _STEPS.value).take(_STEPS.value)
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return {"image": np.concatenate(images), "label": np.concatenate(labels)}


def _loop(
    task: ImageTask, data: dict[str, np.ndarray], drawn: bool
) -> Callable[[], Any]:
    model = task.make_model()
    agent = task.make_agent(model, task.length()[0])
    size = task.settings.training.batch_size
    batches = task.batches if drawn else _Array(*data.values(), size)
    steps = CompiledSteps(agent, batches, task.environment_maker(model))

    def turn():
        for start in range(0, _STEPS.value, _AT_ONCE):
            steps.make(start, min(_AT_ONCE, _STEPS.value - start))

    return turn


def _fit(
    task: ImageTask, data: dict[str, np.ndarray], drawn: bool, **keywords
) -> Callable[[], Any]:
    model = fitting.compiled(task, task.length()[0], **keywords)
    if drawn:
        x, y = fitting.dataset(task.batches, _STEPS.value), None
        how = {"steps_per_epoch": _STEPS.value}
    else:
        x, y = data["image"], data["label"]
        how = {"batch_size": task.settings.training.batch_size}
    return lambda: model.fit(x, y, shuffle=False, verbose=0, **how)


if __name__ == "__main__":
    run(main)
