"""How much memory a call takes."""

import ctypes
import pathlib
from collections.abc import Callable
from typing import Any


def extra_memory(call: Callable[[], Any]) -> float:
    """Peak memory of a call beside what was there before, in MB."""
    call()  # Compiles.
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # Or the call uses what is left.
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # Resets the peak.
    before = _status("VmRSS")
    call()
    return max(0.0, _status("VmHWM") - before) / 1024


def _status(name: str) -> float:
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return float(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {name}.")
