"""A fork that runs a command, from outside: what it said, and how it ended."""

import os
import pathlib
import selectors
import signal
import time
from typing import NamedTuple

from benchmarks import kill_child

# Seconds without an end after which a process hangs.
_PATIENCE = 900.0


class Ended(NamedTuple):
    """How a process has ended.

    Attributes:
        code: Its exit code; minus the signal's number if one has ended it.
        output: What it said.
        errors: What it said on standard error.
        phases: Each that it entered, with the CPU seconds until then.
        cpu: CPU seconds in all.
    """

    code: int
    output: str
    errors: str
    phases: list[tuple[str, float]]
    cpu: float

    @property
    def phase(self) -> str:
        """The one that it ended in."""
        return self.phases[-1][0] if self.phases else "start"

    def usual(self) -> dict[str, float]:
        """CPU seconds of a phase, the longest of each name."""
        times = [time for _, time in self.phases] + [self.cpu]
        usual: dict[str, float] = {}
        for (name, start), end in zip(self.phases, times[1:], strict=True):
            usual[name] = max(usual.get(name, 0.0), end - start)
        return usual


def run(
    module,
    arguments: list[str],
    root: pathlib.Path,
    own: list[str],
    blow: kill_child.Blow | None = None,
    usual: dict[str, float] | None = None,
) -> Ended:
    """Runs a command in a directory, in a session of its own; waits for it.

    Raises:
        TimeoutError: If it hangs; it is killed then.
    """
    pipes = [os.pipe() for _ in range(3)]
    pid = os.fork()
    if not pid:
        try:
            os.setsid()
            os.chdir(root)
            for number, (_, end) in enumerate(pipes[:2], 1):
                os.dup2(end, number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            told = pipes[2][1]
            kill_child.run(module, arguments, own, blow, usual or {}, told)
        finally:
            os._exit(70)
    for _, end in pipes:
        os.close(end)
    try:
        said = _read([end for end, _ in pipes])
    except BaseException:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    _, status, used = os.wait4(pid, 0)
    phases = [line.split("=") for line in said[2].splitlines()]
    return Ended(
        os.waitstatus_to_exitcode(status),
        said[0],
        said[1],
        [(name, float(cpu)) for name, cpu in phases],
        used.ru_utime + used.ru_stime,
    )


def _read(ends: list[int]) -> list[str]:
    """All that is said, until nobody can say more."""
    said = {end: b"" for end in ends}
    limit = time.monotonic() + _PATIENCE
    with selectors.DefaultSelector() as selector:
        for end in ends:
            selector.register(end, selectors.EVENT_READ)
        while selector.get_map():
            if time.monotonic() > limit:
                raise TimeoutError("it hangs")
            for key, _ in selector.select(10):
                part = os.read(key.fd, 65536)
                said[key.fd] += part
                if not part:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return [content.decode(errors="replace") for content in said.values()]
