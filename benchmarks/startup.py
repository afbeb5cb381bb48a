"""Where the time goes between a trainer's start and its first steps.

    python -m benchmarks.startup --data_dir=../shared/tfds

Runs `trainers.mnist` as a user does and times the lines that it prints.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from absl import flags

from benchmarks.timing import show, write
from ram_tf_runs.command import run

_DATA_DIR = flags.DEFINE_string("data_dir", None, "TFDS's data directory.")
_FLAGFILE = flags.DEFINE_string("flags", "cluttered.flags", "A flagfile.")
_RUNS = flags.DEFINE_integer("runs", 3, "Starts to measure.", lower_bound=1)
_PHASES = {
    "loading": "imports and flags",
    "compiling": "data, model, validation set",
    "compiled": "tracing, compilation, first steps",
}


def main() -> None:
    runs = [_start() for _ in range(_RUNS.value)]
    rows = [
        {
            "phase": phase,
            "seconds": statistics.median(one[phase] for one in runs),
        }
        for phase in _PHASES.values()
    ]
    total = statistics.median(sum(one.values()) for one in runs)
    rows.append({"phase": "in all", "seconds": total})
    show(f"start of trainers.mnist --flagfile={_FLAGFILE.value}", rows)
    write({"startup": rows}, _RUNS.value)


def _start() -> dict[str, float]:
    """Seconds of each phase of one start."""
    seconds = {}
    with tempfile.TemporaryDirectory() as workdir:
        before = time.perf_counter()
        process = subprocess.Popen(
            [*_command(), f"--workdir={workdir}"],
            cwd=pathlib.Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in process.stdout:
            now = time.perf_counter()
            phase = _PHASES.get(line.partition(" ")[0].rstrip(","))
            if phase:
                seconds[phase] = now - before
                before = now
            if phase == _PHASES["compiled"]:
                break
        process.kill()
        process.wait()
    if len(seconds) < len(_PHASES):
        raise RuntimeError("trainers.mnist ended before its first steps.")
    return seconds


def _command() -> list[str]:
    command = [sys.executable, "-m", "trainers.mnist"]
    command.append(f"--flagfile={_FLAGFILE.value}")
    if _DATA_DIR.value:
        command.append(f"--data_dir={_DATA_DIR.value}")
    return command


if __name__ == "__main__":
    run(main)
