"""A command of ours in a process of its own: its start, its words, its end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import IO, NamedTuple

from ram_tf_data import memory
from ram_tf_runs import leaving

_PROCESS = 2 * 10**8  # Bytes of one that has imported TensorFlow, at least.


class Child(NamedTuple):
    """A command that is to be run.

    Attributes:
        name: What it is called where its lines are shown.
        arguments: Of `ram`, the command's name first.
    """

    name: str
    arguments: list[str]


class Outcome(NamedTuple):
    """How a command ended.

    Attributes:
        code: Its exit code; minus the signal's number if it was killed, None
            if it was not started, because this process was told to stop.
        reason: Why it failed, in a line: the last one of its error.
    """

    code: int | None
    reason: str


def check_memory(count: int, received: str) -> None:
    """Raises UserError if so many processes have no room side by side."""
    memory.check("Processes side by side", count * _PROCESS, received)


class Passing:
    """While entered, calls a function when a signal comes that ends us."""

    def __init__(self, stop: Callable[[int], None]):
        self._stop = stop
        self._previous = {}

    def __enter__(self):
        for number in leaving.SIGNALS:
            if not leaving.is_ignored(number):
                self._previous[number] = signal.signal(
                    number, lambda number, _: self._stop(number)
                )

    def __exit__(self, *unused):
        for number, handler in self._previous.items():
            signal.signal(number, handler)


class Listener(threading.Thread):
    """Hands on the lines that a command says, and remembers the last one."""

    def __init__(
        self, lines: IO[str], name: str, heard: Callable[[str, str], None]
    ):
        super().__init__()
        self.last = ""
        self._lines, self._name, self._heard = lines, name, heard
        self.start()

    def run(self) -> None:
        for line in filter(None, map(str.rstrip, self._lines)):
            self.last = line
            self._heard(self._name, line)


def start(child: Child, variables: Mapping[str, str]) -> subprocess.Popen:
    """Starts a command with this environment and some more variables."""
    # Modules are found where this process finds them, and nowhere else (-P).
    places = os.pathsep.join(map(os.path.abspath, sys.path))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ram_tf_commands", *child.arguments],
        env={**os.environ, **variables, "PYTHONPATH": places},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,  # Ctrl-C comes to this process alone.
    )


def outcome(code: int, last: str) -> Outcome:
    """How a command ended, by its exit code and the last line of its error."""
    if code == 0:
        return Outcome(code, "")
    if code < 0:
        return Outcome(code, f"killed by {signal.Signals(-code).name}")
    return Outcome(code, last.removeprefix("error: ") or f"exit code {code}")
