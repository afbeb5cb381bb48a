"""Commands of ours in processes of their own, some at a time.

Each is pinned to its share of the cores, what they say is shown in one place,
and what tells this process to stop is passed on to them.
"""

import collections
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import IO, NamedTuple

from ram_tf_data import memory
from ram_tf_runs import leaving
from ram_tf_runs.side_by_side import cores
from ram_tf_runs.side_by_side.board import Board

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


_NOT_STARTED = Outcome(None, "not started")


class Crew:
    """Runs commands, `jobs` of them at a time.

    With one job nothing is pinned: a command has all cores, as when it is run
    alone.

    Attributes:
        stopped: Whether this process was told to stop.
        code: The exit code that says by which signal; 0 if it was not.
    """

    def __init__(self, jobs: int):
        memory.check(
            "Processes side by side", jobs * _PROCESS, f"--jobs={jobs}"
        )
        self.stopped = False
        self.code = 0
        self._shares = cores.shares(jobs)
        self._pinned = jobs > 1
        self._running: set[subprocess.Popen] = set()

    def run(self, children: Iterable[Child]) -> dict[str, Outcome]:
        """Runs them all, the first ones first; returns how each has ended.

        SIGINT, SIGTERM and SIGHUP are passed on as SIGTERM, each time that they
        come; whatever has not been started then is left out.
        """
        waiting = collections.deque(children)
        board = Board(child.name for child in waiting)
        outcomes = {child.name: _NOT_STARTED for child in waiting}
        threads = [
            threading.Thread(
                target=self._work, args=(share, waiting, board, outcomes)
            )
            for share in self._shares[: len(waiting)]
        ]
        with leaving.taking_time(), _Passing(self._stop):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        board.close()
        return outcomes

    def _work(
        self,
        share: tuple[int, ...],
        waiting: collections.deque[Child],
        board: Board,
        outcomes: dict[str, Outcome],
    ) -> None:
        """Runs one command after another, until none is left."""
        if self._pinned:
            cores.pin(share)
        while waiting and not self.stopped:
            try:
                child = waiting.popleft()
            except IndexError:  # Another thread was faster.
                return
            outcome = outcomes[child.name] = self._run(child, share, board)
            failed = outcome.reason and not self.stopped
            words = f"failed: {outcome.reason}" if failed else outcome.reason
            board.say(child.name, words or "finished")

    def _run(
        self, child: Child, share: tuple[int, ...], board: Board
    ) -> Outcome:
        pinned = cores.variables(share) if self._pinned else {}
        with _start(child, os.environ | pinned) as process:
            self._running.add(process)
            if self.stopped:  # Since it was started.
                process.terminate()
            errors = _Listener(process.stderr, child.name, board.warn)
            said = _Listener(process.stdout, child.name, board.say)
            errors.join()
            said.join()
        self._running.discard(process)
        return _outcome(process.returncode, errors.last or said.last)

    def _stop(self, number: int) -> None:
        self.stopped = True
        self.code = self.code or leaving.code(signal.Signals(number))
        for process in tuple(self._running):
            process.terminate()


class _Passing:
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


class _Listener(threading.Thread):
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


def _start(child: Child, environment: dict[str, str]) -> subprocess.Popen:
    # Modules are found where this process finds them, and nowhere else (-P).
    places = os.pathsep.join(map(os.path.abspath, sys.path))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ram_tf_commands", *child.arguments],
        env=environment | {"PYTHONPATH": places},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,  # Ctrl-C comes to this process alone.
    )


def _outcome(code: int, last: str) -> Outcome:
    if code == 0:
        return Outcome(code, "")
    if code < 0:
        return Outcome(code, f"killed by {signal.Signals(-code).name}")
    return Outcome(code, last.removeprefix("error: ") or f"exit code {code}")
