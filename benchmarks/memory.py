"""How much memory a call takes."""

import contextlib
import ctypes
import pathlib
from collections.abc import Callable
from typing import Any

import tensorflow as tf

_DEVICE = "CPU:0"


def extra_memory(call: Callable[[], Any]) -> float:
    """Peak memory of a call beside what was there before, in MB.

    The larger of two growths: of the process, and of what TensorFlow has taken
    of its own pool, which it never gives back. Where oneDNN is not in use,
    TensorFlow has no pool, and the process alone is looked at.
    """
    call()  # Compiles.
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # Or the call uses what is left.
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # Resets the peak.
    with contextlib.suppress(ValueError):  # There is no pool.
        tf.config.experimental.reset_memory_stats(_DEVICE)
    resident, pool = _status("VmRSS"), _pool("current")
    call()
    growth = (_status("VmHWM") - resident) / 1024
    return max(0.0, growth, (_pool("peak") - pool) / 2**20)


def _pool(name: str) -> int:
    """Bytes; the pool is oneDNN's, which TensorFlow has on most of x86."""
    try:
        return tf.config.experimental.get_memory_info(_DEVICE)[name]
    except ValueError:
        return 0


def _status(name: str) -> float:
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return float(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {name}.")
