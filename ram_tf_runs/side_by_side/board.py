"""What processes side by side say, in one place."""

import sys
import threading
from collections.abc import Iterable

import tqdm


class Board:
    """Shows the last line of each; all lines where there is no terminal.

    Its methods may be called from any thread.

    Args:
        names: Of those who speak, in the order in which they are shown.
    """

    def __init__(self, names: Iterable[str]):
        self._lock = threading.Lock()
        self._lines: dict[str, tqdm.tqdm] = {}
        if sys.stdout.isatty():
            self._lines = {name: _line(name, i) for i, name in enumerate(names)}

    def say(self, name: str, line: str) -> None:
        """Shows a line, in place of the one before on a terminal."""
        with self._lock:
            if name in self._lines:
                self._lines[name].set_description_str(f"{name}: {line}")
            else:
                print(f"{name}: {line}", flush=True)

    def warn(self, name: str, line: str) -> None:
        """Shows a line that stays, as an error does."""
        with self._lock:
            tqdm.tqdm.write(f"{name}: {line}", file=sys.stderr)

    def close(self) -> None:
        """Leaves what is shown as it is."""
        for line in self._lines.values():
            line.close()


def _line(name: str, position: int) -> tqdm.tqdm:
    return tqdm.tqdm(
        desc=f"{name}: waits",
        position=position,
        bar_format="{desc}",
        file=sys.stdout,
        dynamic_ncols=True,
    )
