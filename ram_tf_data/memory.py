"""What this machine can hold: what needs more is refused before it is made.

It imports no TensorFlow.
"""

import functools
import os
import pathlib

from ram_tf_data.errors import UserError

# Where a container says what it may have, in either version of cgroups.
_LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)
_UNKNOWN = 2**42  # Bytes; more than a machine has that does not say.
_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB", "EB")


@functools.cache
def machine() -> int:
    """Bytes of memory that this process may have, whatever is free now."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Not on every system.
        total = 0
    return min([total if total > 0 else _UNKNOWN, *map(_limit, _LIMITS)])


def check(what: str, needed: float, received: str) -> None:
    """Raises UserError if something needs more than this machine has.

    Args:
        what: It, as the subject of a sentence.
        needed: Bytes; better too few than too many.
        received: What asks for it.
    """
    if needed > machine():
        raise UserError(
            f"{what} must fit into the memory of this machine, "
            f"{size(machine())}, and would need at least {size(needed)}. "
            f"Received: {received}"
        )


def size(count: float) -> str:
    """So many bytes, in words."""
    count, power = float(min(count, 10**21)), 0
    while count >= 999.5 and power < len(_UNITS) - 1:
        count, power = count / 1000, power + 1
    shown = f"{count:.0f}" if count >= 99.95 else f"{count:.3g}"
    return f"{shown} {_UNITS[power]}"


def _limit(path: str) -> int:
    try:
        return int(pathlib.Path(path).read_text())
    except (OSError, ValueError):  # There is none, or "max".
        return _UNKNOWN
