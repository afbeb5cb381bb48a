"""What a training step costs with several workers, and what more would give.

    python -m benchmarks.workers --out=benchmarks/results/workers.json

Run it with nothing else running. The training command runs for a while with
one worker and with two, each on a core of its own, at several batches. A step's
time is that of its progress lines, which count no validation. To these times
four costs are fitted, by least squares of relative errors:

    step = fixed + image * batch / workers + (sum + drawing * batch)

The bracket is for two workers: adding the gradients up, and drawing the random
numbers of the whole batch in each worker. From the costs follows what more
workers would give, which is **computed and not measured**. The sum is taken to
grow as it does in a ring, by 2 (N - 1) / N, and each worker to have a core that
the others do not slow.
"""

import os
import pathlib
import statistics
import sys
import tempfile

import numpy as np
from absl import flags

from benchmarks.reaching.process import environment, follow
from benchmarks.timing import REPETITIONS, show, write
from ram_tf_runs.command import run
from ram_tf_runs.errors import UserError

_FLAGFILE = flags.DEFINE_string("flags", "cluttered.flags", "A flagfile.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "TFDS's data directory.")
_BATCHES = flags.DEFINE_multi_integer(
    "batches", [16, 32, 64, 128], "Measured; once for each.", lower_bound=1
)
_WORKERS = (1, 2)
_MORE = (4, 16, 64)  # Computed.
_MORE_BATCHES = (32, 128, 512)
_STEPS = 150  # Between two progress lines.
_IMAGES = 50_000  # Of MNIST's training split, an epoch.
_COSTS = ("fixed", "image", "sum", "drawing")


def main() -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < max(_WORKERS):
        raise UserError(
            f"Each of {max(_WORKERS)} workers needs a core of its own. "
            f"Received: {len(cores)} cores"
        )
    rows = [
        _row(workers, batch, cores)
        for batch in _BATCHES.value
        for workers in _WORKERS
    ]
    costs = fitted(rows)
    for row in rows:
        row["fitted ms"] = step(costs, row["workers"], row["batch"])
    computed = [
        {
            "workers": workers,
            "batch": batch,
            "images/s, computed": 1e3 * batch / step(costs, workers, batch),
            "times one worker, computed": step(costs, 1, batch)
            / step(costs, workers, batch),
        }
        for batch in _MORE_BATCHES
        for workers in (*_WORKERS[1:], *_MORE)
    ]
    show(f"steps of {_FLAGFILE.value}", rows)
    show("costs in ms", [costs])
    show("computed, not measured", computed)
    facts = {"flagfile": _FLAGFILE.value, "measured": rows}
    write(facts | {"costs_ms": costs, "computed": computed}, REPETITIONS.value)


def fitted(rows: list[dict[str, float]]) -> dict[str, float]:
    """The costs, in ms, that explain measured steps best; none is negative."""
    from scipy.optimize import nnls

    terms = np.array([_terms(row["workers"], row["batch"]) for row in rows])
    measured = np.array([row["step ms"] for row in rows])
    costs, _ = nnls(terms / measured[:, None], np.ones(len(rows)))
    return dict(zip(_COSTS, costs.tolist(), strict=True))


def step(costs: dict[str, float], workers: int, batch: int) -> float:
    """Milliseconds of a step by the model."""
    return float(np.dot(_terms(workers, batch), [costs[c] for c in _COSTS]))


def _terms(workers: int, batch: int) -> list[float]:
    """How often each cost is in a step."""
    several = float(workers > 1)
    return [1.0, batch / workers, 2 * (workers - 1) / workers, several * batch]


def _row(workers: int, batch: int, cores: list[int]) -> dict[str, float]:
    """A step's time, measured on as many cores as there are workers."""
    rates: list[float] = []

    def see(_: float, row: dict[str, float]) -> bool:
        rates.append(row["images_per_second"])
        return len(rates) > REPETITIONS.value

    os.sched_setaffinity(0, cores[:workers])
    try:
        with tempfile.TemporaryDirectory() as folder:
            workdir = pathlib.Path(folder, "run")
            command = _command(workers, batch, workdir)
            follow(command, environment(), workdir / "metrics.jsonl", see)
    finally:
        os.sched_setaffinity(0, cores)
    rate = statistics.median(rates[1:])  # The first has the first call.
    return {
        "workers": workers,
        "batch": batch,
        "step ms": 1e3 * batch / rate,
        "images/s": rate,
    }


def _command(workers: int, batch: int, workdir: pathlib.Path) -> list[str]:
    epochs = _STEPS * batch / _IMAGES
    command = [sys.executable, "-m", "trainers.mnist"]
    command += [f"--flagfile={_FLAGFILE.value}", f"--batch_size={batch}"]
    command += [f"--evaluate_every={epochs}", "--evaluation_cases=100"]
    command += [f"--epochs={(REPETITIONS.value + 3) * epochs}"]
    command += [f"--workdir={workdir}"]
    if workers > 1:
        command.append(f"--workers={workers}")
    if _DATA_DIR.value:
        command.append(f"--data_dir={_DATA_DIR.value}")
    return command


if __name__ == "__main__":
    run(main)
