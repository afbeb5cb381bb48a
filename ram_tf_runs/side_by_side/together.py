"""Copies of one command that train together: all of them run, or none.

Each is pinned to its share of the cores. When one fails, the others are ended;
what tells this process to stop is passed on to all.
"""

import os
import signal
import subprocess
import sys
import threading

from ram_tf_runs import cluster, leaving
from ram_tf_runs.side_by_side import cores, processes
from ram_tf_runs.side_by_side.processes import Child, Listener, Passing

# Seconds that the others have to end by themselves when one has failed.
PATIENCE = 3.0
# Seconds that all have to save themselves, when they are told to stop: more
# than they give themselves.
_LEAVING = 2 * leaving.PATIENCE
# The exit code of one that has lost another: team.LostError's.
LOST = os.EX_TEMPFAIL
# Those of processes that were told to stop and left, and by which signal. One
# that does not listen yet is ended by the system.
_LEFT = {
    code: number
    for number in leaving.SIGNALS
    for code in (leaving.code(number), -number)
}
_ERROR = "error: "


class Together:
    """Runs so many copies of a command, which find one another by TF_CONFIG.

    What the first says is said here; of the others, what they warn of.

    Args:
        workers: How many.
    """

    def __init__(self, workers: int):
        processes.check_memory(workers, f"--workers={workers}")
        self._shares = cores.shares(workers)
        self._lock = threading.RLock()  # A signal may come while it is held.
        self._running: dict[int, subprocess.Popen] = {}
        self._told: dict[int, int] = {}  # The last signal sent to each.
        self._failed: dict[int, int] = {}  # Exit codes; the first one first.
        self._errors: dict[str, str] = {}  # The last of each, by name.
        self._signal: signal.Signals | None = None  # That came to this process.

    def run(self, arguments: list[str]) -> int:
        """Runs them until all have ended.

        Args:
            arguments: Of `ram`, the command's name first.

        Returns:
            The exit code: 0, or 128 and the number of the signal that came, or
            that of the one that failed first, without those that lost it.
        """
        values = cluster.on_loopback(len(self._shares))
        threads = [
            threading.Thread(target=self._work, args=(i, value, arguments))
            for i, value in enumerate(values)
        ]
        with leaving.taking_time(), Passing(self._stop):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if not self._failed:
            return 0
        if self._signal is not None:
            return leaving.code(self._signal)
        index = self._blamed()
        code = self._failed[index]
        if not self._have_left():
            print(f"{_ERROR}{self._reason(index)}", file=sys.stderr)
        return leaving.code(signal.Signals(-code)) if code < 0 else code

    def _work(self, index: int, value: str, arguments: list[str]) -> None:
        """Runs one of them, and ends the others if it fails."""
        share, name = self._shares[index], cluster.name(index)
        cores.pin(share)
        variables = {**cores.variables(share), cluster.VARIABLE: value}
        with processes.start(Child(name, arguments), variables) as process:
            with self._lock:
                self._running[index] = process
            if self._failed or self._signal is not None:  # Since it started.
                self._tell(signal.SIGTERM)
            errors = Listener(process.stderr, name, self._warn)
            said = Listener(process.stdout, name, self._say)
            process.wait()
            with self._lock:
                del self._running[index]
                if process.returncode:
                    self._failed[index] = process.returncode
            if process.returncode:
                self._end_others(process.returncode)
            errors.join()
            said.join()

    def _end_others(self, code: int) -> None:
        """Tells them to end; where one was told to stop, all may save first."""
        self._tell(signal.SIGTERM)
        self._kill_after(_LEAVING if code in _LEFT else PATIENCE)

    def _kill_after(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._tell, [signal.SIGKILL])
        timer.daemon = True
        timer.start()

    def _tell(self, number: int) -> None:
        with self._lock:
            for index, process in self._running.items():
                self._told[index] = number
                process.send_signal(number)

    def _stop(self, number: int) -> None:
        self._signal = self._signal or signal.Signals(number)
        self._tell(signal.SIGTERM)
        self._kill_after(_LEAVING)

    def _say(self, name: str, line: str) -> None:
        if name == cluster.name(0) and self._have_left():
            print(line, flush=True)

    def _warn(self, name: str, line: str) -> None:
        """Shows a warning; errors are shown at the end, and only one."""
        if line.startswith(_ERROR):
            self._errors[name] = line.removeprefix(_ERROR)
        elif not self._failed:
            first = name == cluster.name(0)
            print(line if first else f"{name}: {line}", file=sys.stderr)

    def _have_left(self) -> bool:
        """Whether those that ended early were told to stop, and no more."""
        return set(self._failed.values()) <= _LEFT.keys()

    def _blamed(self) -> int:
        """Which failed first, and neither lost another nor was ended here."""
        for index, code in self._failed.items():
            told = self._told.get(index)
            if told is not None and code in (-told, leaving.code(told)):
                continue
            if code != LOST:
                return index
        return next(iter(self._failed))

    def _reason(self, index: int) -> str:
        """Why one has failed, in a line."""
        name, code = cluster.name(index), self._failed[index]
        error = self._errors.get(name, f"{name} ended with exit code {code}")
        if code == LOST:
            hung = [
                cluster.name(i)
                for i, number in self._told.items()
                if number == signal.SIGKILL
            ]
            words = f" {', '.join(hung)} had to be killed."
            return error + (words if hung else "")
        if code == -signal.SIGALRM:  # See leaving.deaf.
            return f"{name} waited for the others, who did not come in time"
        if code < 0 or code in _LEFT:
            killer = _LEFT.get(code) or signal.Signals(-code)
            return (
                f"{name} was killed by {killer.name}, and all have ended. The "
                "same command resumes."
            )
        return error
