"""A training in a process of its own, watched by what it logs."""

import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

from ram_tf.training import log
from ram_tf_runs.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
_EVERY = 0.1  # Seconds between looks at the log.
_PATIENCE = 60.0  # Seconds that it has to save itself, once told to end.


def environment(**more: str) -> dict[str, str]:
    """That of a child, which finds our packages wherever it is started."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    found = os.pathsep.join(path for path in paths if path)
    return os.environ | {"PYTHONPATH": found} | more


def follow(
    command: list[str],
    env: dict[str, str],
    metrics: pathlib.Path,
    see: Callable[[float, dict[str, Any]], bool],
) -> float:
    """Runs a command until enough is seen of it, or it ends.

    Args:
        command: That trains.
        env: Its environment.
        metrics: Its metrics.jsonl. What it says goes to output.txt beside it.
        see: Called with each new row, and the seconds since the start; whether
            it is enough.

    Returns:
        Seconds until then, without those that it takes to end.

    Raises:
        UserError: If it fails; with the last line that it has said.
    """
    metrics.parent.mkdir(parents=True, exist_ok=True)
    output = metrics.parent / "output.txt"
    with output.open("wb") as said:
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=env, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            for row in _rows(process, metrics):
                if see(time.monotonic() - started, row):
                    return time.monotonic() - started
            seconds = time.monotonic() - started
        finally:
            _end(process)
    if process.returncode:
        raise UserError(
            f"{' '.join(command)} ended with {process.returncode}: "
            f"{_last_line(output)} (--runs keeps all of it, in {output.name})"
        )
    return seconds


def answer(command: list[str], env: dict[str, str]) -> str:
    """The last line that a command prints.

    Raises:
        UserError: If it fails.
    """
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        errors = done.stderr.splitlines() or ["it said nothing"]
        raise UserError(
            f"{' '.join(command)} ended with {done.returncode}: {errors[-1]}"
        )
    return lines[-1]


def _rows(
    process: subprocess.Popen, metrics: pathlib.Path
) -> Iterator[dict[str, Any]]:
    """New rows of a log, until the process has ended."""
    known = 0
    while True:
        ended = process.poll() is not None  # Before the log's last reading.
        rows = log.read(metrics)
        yield from rows[known:]
        known = len(rows)
        if ended:
            return
        time.sleep(_EVERY)


def _end(process: subprocess.Popen) -> None:
    """Ends a process, if it has not ended."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _last_line(output: pathlib.Path) -> str:
    lines = output.read_text("utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "it said nothing."
