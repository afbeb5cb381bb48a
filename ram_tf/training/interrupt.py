"""Leaving cleanly on SIGTERM and Ctrl-C."""

import signal


class Interrupted(Exception):
    """The run was told to stop, and saved itself."""

    def __init__(self, number: signal.Signals, step: int):
        super().__init__(
            f"{number.name}: saved step {step}; run the same command again to "
            "resume"
        )


class Interrupt:
    """While entered, notes SIGTERM and SIGINT instead of dying of them.

    Attributes:
        signal: The signal that came, or None.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.signal: signal.Signals | None = None
        self._previous = {}

    def __enter__(self):
        for number in self._SIGNALS:
            self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *unused):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        del frame
        self.signal = signal.Signals(number)
