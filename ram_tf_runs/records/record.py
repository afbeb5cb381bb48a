"""Where a result was made, and of what: without, it is worth little."""

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import pathlib
import platform
import subprocess
from typing import Any

import numpy as np

from ram_tf_data.splits import Source

_PACKAGES = (
    "keras",
    "numpy",
    "tensorflow",
    "tensorflow-datasets",
    "tensorflow-probability",
)

_AT_ONCE = 64  # Images that are read for the digest of all.


def circumstances(*packages: str) -> dict[str, Any]:
    """What is noted beside every result.

    Args:
        packages: That it depends on beside those of all results.
    """
    return {
        "versions": versions(*packages),
        "machine": machine(),
        "git_revision": git_revision(),
    }


def versions(*others: str) -> dict[str, str]:
    """Versions of the packages that a result depends on, and of others.

    Those that are not installed, as some extras need not be, are left out.
    """
    found = {"python": platform.python_version()}
    for name in (*_PACKAGES, *others):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def data(source: Source) -> dict[str, Any]:
    """Which images they were: a resumed run must have the same."""
    splits, names = source.splits, source.class_names
    digest = hashlib.sha256()
    for split in splits.values():
        for start in range(0, len(split.label), _AT_ONCE):
            part = split.image[start : start + _AT_ONCE]
            digest.update(np.ascontiguousarray(part))
        digest.update(np.ascontiguousarray(split.label))
    return {
        "class_names": None if names is None else list(names),
        "images": {name: len(split.label) for name, split in splits.items()},
        "sha256": digest.hexdigest(),
    }


def machine() -> dict[str, Any]:
    """What equality to the bit depends on, beside the code."""
    return {
        "processor": _processor(),
        "threads": _threads(),
    }


def threads_text(number: int | None) -> str:
    """A number of threads in words."""
    return "1 thread" if number == 1 else f"{number} threads"


def _threads() -> int:
    if hasattr(os, "sched_getaffinity"):  # Not on every system.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def git_revision() -> str | None:
    """The commit, with "-dirty" if files differ; None outside a repository.

    It is that of the first call in this process: the repository may have moved
    on when a long run ends.
    """
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40"]
    command += ["--exclude=*"]  # The commit, not a tag.
    try:
        described = subprocess.run(
            command,
            cwd=pathlib.Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:  # There is no git.
        return None
    return described.stdout.strip() or None


def _processor() -> str:
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
