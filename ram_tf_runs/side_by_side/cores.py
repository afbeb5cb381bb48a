"""Cores, and who may use which of them."""

import os

# What TensorFlow reads its numbers of threads from, where it cannot see to
# which cores it is pinned.
_THREADS = ("TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS")


def shares(jobs: int) -> list[tuple[int, ...]]:
    """The cores of each of so many processes, by number.

    All have as many, because the last bits of a result depend on it: what does
    not come out even stays idle. Where there are more processes than cores,
    some share one.
    """
    cores = _cores()
    size = max(1, len(cores) // jobs)
    turns = len(cores) // size
    firsts = [size * (i % turns) for i in range(jobs)]
    return [tuple(cores[first : first + size]) for first in firsts]


def pin(share: tuple[int, ...]) -> None:
    """Keeps this thread, and the processes that it starts, to some cores.

    Where the system cannot do that, as macOS, nothing happens.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, share)


def variables(share: tuple[int, ...]) -> dict[str, str]:
    """Of the environment: TensorFlow has as many threads as cores."""
    return dict.fromkeys(_THREADS, str(len(share)))


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
