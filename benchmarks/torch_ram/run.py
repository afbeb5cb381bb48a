"""Trains the PyTorch RAM, and writes a line for each evaluation.

    PYTHONPATH=benchmarks TORCH/bin/python -m torch_ram.run \\
        --recipe=recipe.json --data=data.npz --workdir=DIR --seed=0

With --test=DIR/weights-400.pt it reads the error of these weights on the test
set instead. `benchmarks.time_to_error` starts it, with the Python of an
environment that has torch and NumPy, and writes what it reads. The data are
NumPy arrays: `train_image` [n, h, h] and `train_label` [n], of which it
composes canvases by itself; and whole canvases `validation_image` [n, side,
side] with `validation_label`, and the same of `test`. Images are uint8.

metrics.jsonl has the step, the error on validation in %, the step of the best
weights so far, which weights-STEP.pt holds, and images trained on a second,
compilation and evaluation left out. It is not resumed.
"""

import argparse
import json
import os
import pathlib
import time

import numpy as np
import torch
from torch_ram import recipe as recipes
from torch_ram.canvases import Canvases
from torch_ram.learning import Learner, error


class Data:
    """The arrays of a file."""

    def __init__(self, path: str):
        self._arrays = np.load(path)

    def split(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        images = torch.from_numpy(self._arrays[f"{name}_image"])
        labels = torch.from_numpy(self._arrays[f"{name}_label"])
        return images, labels.long()


def main() -> None:
    options = _options()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    recipe, data = recipes.read(options.recipe), Data(options.data)
    if options.test:
        weights = torch.load(options.test, weights_only=True)
        found = error(recipe, weights, *data.split("test"))
        print(json.dumps({"test_error": found}))
    else:
        workdir = pathlib.Path(options.workdir)
        workdir.mkdir(parents=True, exist_ok=True)
        _train(recipe, data, workdir, options.seed)


def _train(
    recipe: recipes.Recipe, data: Data, workdir: pathlib.Path, seed: int
) -> None:
    images, labels = data.split("train")
    validation = data.split("validation")
    learner = Learner(recipe, recipe.steps(len(labels)), seed)
    batches = Canvases(images, labels, recipe, seed)
    step, made, seconds = 0, 0, 0.0
    best, best_step = float("inf"), 0
    for goal in recipe.goals(len(labels)):
        while step < goal:
            started = time.perf_counter()
            loss = learner.learn(*batches.make(step))
            step += 1
            if step > 1:  # The first one compiles.
                made += 1
                seconds += time.perf_counter() - started
        if not torch.isfinite(loss):
            raise SystemExit(f"The loss of step {step} is not finite.")
        weights = learner.weights()
        found = error(recipe, weights, *validation)
        if found < best:
            best, best_step = found, step
            torch.save(weights, workdir / f"weights-{step}.pt")
        row = {
            "step": step,
            "validation_error": found,
            "best_step": best_step,
            "images_per_second": made * recipe.batch_size / max(seconds, 1e-9),
        }
        with (workdir / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("recipe", "data"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--workdir", default=".")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--test")
    return parser.parse_args()


if __name__ == "__main__":
    main()
