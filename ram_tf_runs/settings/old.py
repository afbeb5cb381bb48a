"""Settings in records that are older than kinds and versions.

They held all flags of the command that trained, so that the kind shows in what
is there. Classifiers and models of numbers had the same flags.
"""

from collections.abc import Mapping
from typing import Any

# What runs on numbers had no part in, and what classifiers had of numbers.
_NOT_OF_NUMBERS = (
    "train_dir",
    "test_dir",
    "validation_fraction",
    "grey",
    "clutter",
    "clutter_size",
    "place",
    "jitter",
    "distort",
    "grow",
    "frames",
    "speed",
    "stop",
    "glimpse_cost",
    "train_only_stop",
    "evaluation_cases",
)
_OF_NUMBERS = ("max_digits", "svhn_dir")


def upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same with a kind and a version, and without what the kind lacks."""
    kind = _kind(values)
    lacking = {"numbers": _NOT_OF_NUMBERS, "classify": _OF_NUMBERS}.get(
        kind, ()
    )
    kept = {name: v for name, v in values.items() if name not in lacking}
    return {"kind": kind, "version": 1, **kept}


def _kind(values: Mapping[str, Any]) -> str:
    if "train_frames" in values:
        return "catch"
    if "env" in values:
        return "play"
    return "numbers" if values.get("max_digits") else "classify"
