"""Several seeds side by side, against one after the other: seconds in all.

    python -m benchmarks.side_by_side --out=side_by_side.json

Run it with nothing else running. `trainers.repeat` trains the same seeds twice,
in turns: each on its share of the cores, and one by one on all of them. Start,
compilation and the test at the end are in it, as they are for users.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from absl import flags

from benchmarks.timing import show, write
from ram_tf_runs.command import run

_FLAGFILE = flags.DEFINE_string("flags", "quickstart.flags", "A flagfile.")
_COMMAND = flags.DEFINE_string("command", "mnist", "What trains.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "TFDS's data directory.")
_SEEDS = flags.DEFINE_integer("seeds", 3, "How many seeds.", lower_bound=2)
_JOBS = flags.DEFINE_integer("jobs", 2, "Runs side by side.", lower_bound=2)
_RUNS = flags.DEFINE_integer("runs", 1, "Turns of each.", lower_bound=1)
_ROOT = pathlib.Path(__file__).resolve().parents[1]


def main() -> None:
    turns: dict[int, list[dict[str, Any]]] = {1: [], _JOBS.value: []}
    for _ in range(_RUNS.value):
        for jobs, measured in turns.items():
            measured.append(_repeat(jobs))
    seconds = {
        jobs: statistics.median(one["seconds"] for one in measured)
        for jobs, measured in turns.items()
    }
    rows = [
        {
            "at a time": jobs,
            "seconds": seconds[jobs],
            "of one after the other": seconds[jobs] / seconds[1],
        }
        for jobs in turns
    ]
    show(f"{_SEEDS.value} seeds of {_FLAGFILE.value}", rows)
    # Errors differ in their last bits: so do the numbers of threads.
    errors = {jobs: measured[0]["figures"] for jobs, measured in turns.items()}
    facts = {"flagfile": _FLAGFILE.value, "seeds": _SEEDS.value}
    write(facts | {"side_by_side": rows, "figures": errors}, _RUNS.value)


def _repeat(jobs: int) -> dict[str, Any]:
    """Seconds of all seeds, and what they came to."""
    with tempfile.TemporaryDirectory() as workdir:
        command = [sys.executable, "-m", "trainers.repeat", f"--jobs={jobs}"]
        command.append(f"--seeds={','.join(map(str, range(_SEEDS.value)))}")
        command += [_COMMAND.value, f"--flagfile={_FLAGFILE.value}"]
        if _DATA_DIR.value:
            command.append(f"--data_dir={_DATA_DIR.value}")
        started = time.perf_counter()
        subprocess.run(
            [*command, f"--workdir={workdir}"], cwd=_ROOT, check=True
        )
        seconds = time.perf_counter() - started
        summary = json.loads(pathlib.Path(workdir, "seeds.json").read_text())
    return {"seconds": seconds, "figures": summary["figures"]}


if __name__ == "__main__":
    run(main)
