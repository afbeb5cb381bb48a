"""How fast the PyTorch RAM learns, against the plain script: a JSON line.

    PYTHONPATH=benchmarks TORCH/bin/python -m torch_ram.rate --out=FILE

Both are compiled, have one rollout of the same sizes and the same threads, and
take turns. The whole step composes its canvases, cluttered ones, and clips its
gradient; the plain script does neither. `wall` is by the clock, and counts on a
quiet machine only; `cpu` is by the time of all cores of this process.
"""

import argparse
import json
import os
import pathlib
import statistics
import time
from collections.abc import Callable

import torch
from torch_ram import plain
from torch_ram.canvases import Canvases
from torch_ram.learning import Learner
from torch_ram.recipe import Recipe

_IMAGES = 1000  # Random ones; what is on them does not matter here.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--out")
    options = parser.parse_args()
    threads = len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    batch = options.batch
    side = Recipe().canvas
    contestants = {"ram": _ram(batch), "plain": plain.stepper(batch, side)}
    seconds = _turns(contestants, options.steps, options.turns)
    images = batch * options.steps
    rates = {
        name: {clock: images / s for clock, s in clocks.items()}
        for name, clocks in seconds.items()
    }
    ratio = {c: rates["ram"][c] / rates["plain"][c] for c in ("wall", "cpu")}
    measured = {
        "images_per_second": rates,
        "ratio": ratio,
        "batch": batch,
        "steps": options.steps,
        "turns": options.turns,
        "threads": threads,
        "torch": torch.__version__,
    }
    print(json.dumps(measured))
    if options.out:
        pathlib.Path(options.out).write_text(
            f"{json.dumps(measured, indent=2)}\n"
        )


def _ram(batch: int) -> Callable[[], None]:
    """A step of the paper's recipe, on canvases that are composed in it."""
    recipe = Recipe(batch_size=batch)
    images = torch.randint(0, 256, (_IMAGES, 28, 28), dtype=torch.uint8)
    canvases = Canvases(images, torch.arange(_IMAGES) % 10, recipe, 0)
    learner = Learner(recipe, 10**6, 0)

    def step() -> None:
        learner.learn(*canvases.make(0))

    return step


def _turns(
    contestants: dict[str, Callable[[], None]], steps: int, turns: int
) -> dict[str, dict[str, float]]:
    """Median seconds of a turn of each, by the clock and of the cores."""
    for step in contestants.values():
        step()
        step()
    taken = {name: {"wall": [], "cpu": []} for name in contestants}
    for _ in range(turns):
        for name, step in contestants.items():
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(steps):
                step()
            taken[name]["wall"].append(time.perf_counter() - wall)
            taken[name]["cpu"].append(time.process_time() - cpu)
    return {
        name: {clock: statistics.median(s) for clock, s in clocks.items()}
        for name, clocks in taken.items()
    }


if __name__ == "__main__":
    main()
