"""A command that is told to stop ends within seconds, whatever it is at.

Python hears of a signal between two of its own instructions, which may be
minutes apart: while XLA compiles, or a step is made. A thread hears at once,
and ends the process if it has not ended by itself in time, or is told again.
Files are whole at any time, so that nothing is lost but what was not saved.
"""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

# Seconds that a process has to save itself.
PATIENCE = 5.0
# Seconds within which a second signal is one with the first: a closed terminal
# sends two, and so do some that stop services.
TOGETHER = 0.5
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Watch:
    """Of this process, which has one at most."""

    def __init__(self):
        self.main_program = False
        self.started = False
        self.first: signal.Signals | None = None
        self.patient = 0  # How many parts of it take their own time.
        self.words: list[Callable[[], str]] = []


_watch = _Watch()


def is_main_program() -> None:
    """Allows `watch` to end this process: it runs one command, and no more."""
    _watch.main_program = True


def watch() -> None:
    """From now on a signal ends this process within seconds.

    Until then the system ends it at once, but for Ctrl-C. In a process that is
    not a command's own, such as that of tests, nothing is changed.
    """
    if _watch.started or not _watch.main_program:
        return
    _watch.started = True
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    for number in SIGNALS:
        if not is_ignored(number):
            signal.signal(number, _leave)
    threading.Thread(
        target=_end_in_time, args=(heard,), name="leaving", daemon=True
    ).start()


@contextlib.contextmanager
def saying(words: Callable[[], str]) -> Iterator[None]:
    """What is said if the process is ended meanwhile, behind the signal."""
    _watch.words.append(words)
    try:
        yield
    finally:
        _watch.words.pop()


@contextlib.contextmanager
def taking_time() -> Iterator[None]:
    """Meanwhile nothing is ended: it ends by itself, and hears each signal."""
    _watch.patient += 1
    try:
        yield
    finally:
        _watch.patient -= 1


@contextlib.contextmanager
def deaf(seconds: float) -> Iterator[None]:
    """Meanwhile signals, and the end of this time (SIGALRM), kill at once.

    For what lets no thread of Python run, as TensorFlow's server does while it
    waits for others. Nothing is lost then that was not saved.
    """
    before = {
        number: signal.signal(number, signal.SIG_DFL)
        for number in (*SIGNALS, signal.SIGALRM)
        if not is_ignored(number)
    }
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def ended(exit_code: int) -> int:
    """Ends a process that was told to stop, without tidying up its memory.

    TensorFlow takes seconds to. Any other process goes on.
    """
    if _watch.first is not None:
        for output in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                output.flush()
        os._exit(exit_code)
    return exit_code


def is_ignored(number: signal.Signals) -> bool:
    """Whether a closed terminal is to be ignored, as by nohup."""
    ignored = signal.getsignal(number) == signal.SIG_IGN
    return number == signal.SIGHUP and ignored


def code(number: signal.Signals) -> int:
    """The exit code of a process that a signal has ended."""
    return 128 + number


def _leave(number: int, frame) -> None:
    """Ends what Python is at, in order; locks are given back."""
    del frame
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(code(signal.Signals(number)))


def _end_in_time(heard: int) -> None:
    """What the thread does."""
    since = 0.0
    while True:
        first = _watch.first
        left = None if first is None else since + PATIENCE - time.monotonic()
        if left is not None and left <= 0 and not _watch.patient:
            _end(first)
        wait = None if left is None else max(left, 0.1)
        ready, _, _ = select.select([heard], [], [], wait)
        for number in os.read(heard, 64) if ready else ():
            if number not in SIGNALS:
                continue
            if _watch.first is None:
                _watch.first = signal.Signals(number)
                since = time.monotonic()
            elif (
                number != signal.SIGHUP
                and time.monotonic() - since > TOGETHER
                and not _watch.patient
            ):
                _end(signal.Signals(number))


def _end(number: signal.Signals) -> None:
    with contextlib.suppress(Exception):  # A terminal that is gone, above all.
        if _watch.words:
            line = f"{number.name}: {_watch.words[-1]()}\n"
            os.write(sys.stdout.fileno(), line.encode())
    os._exit(code(number))
