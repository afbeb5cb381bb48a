"""Commands of ours in processes of their own, some at a time.

Each is pinned to its share of the cores, what they say is shown in one place,
and what tells this process to stop is passed on to them.
"""

import collections
import signal
import subprocess
import threading
from collections.abc import Iterable

from ram_tf_runs import leaving
from ram_tf_runs.side_by_side import cores, processes
from ram_tf_runs.side_by_side.board import Board
from ram_tf_runs.side_by_side.processes import (
    Child,
    Listener,
    Outcome,
    Passing,
)

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
        processes.check_memory(jobs, f"--jobs={jobs}")
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
        with leaving.taking_time(), Passing(self._stop):
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
        with processes.start(child, pinned) as process:
            self._running.add(process)
            if self.stopped:  # Since it was started.
                process.terminate()
            errors = Listener(process.stderr, child.name, board.warn)
            said = Listener(process.stdout, child.name, board.say)
            errors.join()
            said.join()
        self._running.discard(process)
        return processes.outcome(process.returncode, errors.last or said.last)

    def _stop(self, number: int) -> None:
        self.stopped = True
        self.code = self.code or leaving.code(signal.Signals(number))
        for process in tuple(self._running):
            process.terminate()
