"""Leaving cleanly on SIGTERM, on Ctrl-C and when the terminal is closed."""

import os
import signal
import stat
import time

# Seconds within which a second signal is one with the first.
_TOGETHER = 0.5


class Interrupted(Exception):
    """The run was told to stop, and saved itself.

    Attributes:
        signal: By which signal.
    """

    def __init__(self, number: signal.Signals, step: int):
        super().__init__(f"{number.name}: {saved(step)}")
        self.signal = number


def saved(step: int) -> str:
    """What is left of a run that was stopped, in words."""
    return f"saved step {step}; run the same command again to resume"


class Interrupt:
    """While entered, notes signals to stop instead of dying of them.

    They are SIGINT, SIGTERM, and SIGHUP unless it is ignored, as by nohup. One
    that comes later again is not noted: it ends what runs.

    Attributes:
        signal: The signal that came, or None.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self):
        self.signal: signal.Signals | None = None
        self._noted = 0.0
        self._previous = {}

    def __enter__(self):
        for number in self._SIGNALS:
            ignored = signal.getsignal(number) == signal.SIG_IGN
            if number != signal.SIGHUP or not ignored:
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *unused):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        del frame
        number = signal.Signals(number)
        if number == signal.SIGHUP:
            _leave_terminal()
        if self.signal is None:
            self.signal, self._noted = number, time.monotonic()
        elif (
            number != signal.SIGHUP
            and time.monotonic() - self._noted > _TOGETHER
        ):
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            raise SystemExit(128 + number)


def _leave_terminal() -> None:
    """What is said to a terminal that is gone must not be an error."""
    for output in (1, 2):
        try:
            is_device = stat.S_ISCHR(os.fstat(output).st_mode)
            if is_device and not os.isatty(output):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, output)
                os.close(nowhere)
        except OSError:  # There is none.
            continue
