"""Speed of this code against an earlier commit's, in one run.

    python -m benchmarks.since --commit=2e2c5ee --out=since.json

Run it with nothing else running. Both train W at batch 128, and both import
`ram_tf`, each in processes of its own that take turns.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from absl import flags

from benchmarks.timing import REPETITIONS, show, write
from ram_tf_runs.command import run
from ram_tf_runs.errors import UserError

_COMMIT = flags.DEFINE_string("commit", "HEAD", "The earlier commit.")
_ROOT = pathlib.Path(__file__).resolve().parents[1]
# Both trees know what these say.
_TRAINS = """
import sys, time
import benchmarks
from absl import flags
from benchmarks.workload import Workload
flags.FLAGS(sys.argv[:1])
workload = Workload(128)
call = workload.training(fresh=False)
call()
print("ready", flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    call()
    print((time.perf_counter() - started) / workload.images, flush=True)
"""
_IMPORTS = """
import time
started = time.perf_counter()
import ram_tf
print(time.perf_counter() - started)
"""


def main() -> None:
    with _checkout(_COMMIT.value) as before:
        trees = {"before": before, "now": _ROOT}
        rows = [
            _row("training, µs an image", _training(trees), 1e6),
            _row("import ram_tf, s", _importing(trees), 1),
        ]
    show(f"since {_COMMIT.value}", rows)
    write({"commit": _COMMIT.value, "since": rows}, REPETITIONS.value)


def _row(what: str, seconds: dict[str, list[float]], scale: float) -> dict:
    before, now = (statistics.median(seconds[n]) for n in ("before", "now"))
    return {
        "what": what,
        "before": scale * before,
        "now": scale * now,
        "ratio": now / before,
    }


@contextmanager
def _checkout(commit: str) -> Iterator[pathlib.Path]:
    """The files of a commit, in a directory that goes away."""
    with tempfile.TemporaryDirectory() as directory:
        archive = pathlib.Path(directory) / "tree.tar"
        done = subprocess.run(
            ["git", "archive", f"--output={archive}", commit],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UserError(
                "--commit must name a commit of this repository. "
                f"Received: {commit!r}: {done.stderr.strip()}"
            )
        tree = pathlib.Path(directory) / "tree"
        tree.mkdir()
        subprocess.run(["tar", "xf", archive, "-C", tree], check=True)
        yield tree


def _training(trees: dict[str, pathlib.Path]) -> dict[str, list[float]]:
    """Seconds an image of calls that take turns, by tree."""
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", _TRAINS],
                    cwd=tree,
                    env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name, tree in trees.items()
        }
        for worker in workers.values():
            _expect(worker)
        seconds = {name: [] for name in trees}
        for _ in range(REPETITIONS.value):
            for name, worker in workers.items():
                worker.stdin.write("\n")
                worker.stdin.flush()
                seconds[name].append(float(_expect(worker)))
        return seconds


def _expect(worker: subprocess.Popen) -> str:
    line = worker.stdout.readline()
    if not line:
        raise RuntimeError(f"The code of {worker.args} has ended.")
    return line


def _importing(trees: dict[str, pathlib.Path]) -> dict[str, list[float]]:
    """Seconds of an import in a new process, by tree."""
    seconds = {name: [] for name in trees}
    for turn in range(REPETITIONS.value + 1):
        for name, tree in trees.items():
            done = subprocess.run(
                [sys.executable, "-c", _IMPORTS],
                cwd=tree,
                capture_output=True,
                text=True,
                check=True,
            )
            if turn:  # The first fills the disk's cache.
                seconds[name].append(float(done.stdout))
    return seconds


if __name__ == "__main__":
    run(main)
