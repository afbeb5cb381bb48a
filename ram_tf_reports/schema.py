"""What a run record must hold for the report."""

import pathlib
from collections.abc import Callable
from typing import Any

from ram_tf_reports.published import NETWORKS
from ram_tf_runs.errors import UserError


def check(path: pathlib.Path, values: dict[str, Any]) -> None:
    """Raises UserError, naming file and key, unless a record is sound.

    Args:
        path: Its file, whose name must agree with the kind of network.
        values: Its content.
    """

    def require(name: str, holds: bool, words: str) -> None:
        if not holds:
            raise UserError(
                f"{path}: `{name}` must be {words}. "
                f"Received: {values.get(name)!r}"
            )

    for name, (holds, words) in _RULES.items():
        if name in _REQUIRED or values.get(name) is not None:
            require(name, holds(values.get(name)), words)
    errors = values["test_error_by_glimpse"]
    for name in filter(values.get, _RULES):
        if name.endswith("_by_glimpse"):
            words = f"a list of {len(errors)}, one for each glimpse"
            require(name, len(values[name]) == len(errors), words)
    last = "the last of test_error_by_glimpse"
    require("test_error", values["test_error"] == errors[-1], last)
    if path.stem in ("ram", *NETWORKS):
        words = f"of a run with --network={path.stem}, as the file is named"
        require("config", network(values) == path.stem, words)


def network(values: dict[str, Any]) -> str:
    """The kind of network of a record; older ones are all of RAM."""
    return values["config"].get("network", "ram")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_error(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 100


def _is_count(value: Any) -> bool:
    return _is_number(value) and value > 0 and value == int(value)


def _list_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """A check of lists with at least one element."""
    return lambda value: (
        isinstance(value, list) and value != [] and all(map(holds, value))
    )


def _is_evaluation(value: Any) -> bool:
    """An element of the learning curve."""
    return (
        isinstance(value, dict)
        and _is_number(value.get("epoch"))
        and _is_error(value.get("training_error"))
        and _list_of(_is_error)(value.get("validation_error_by_glimpse"))
    )


_ERRORS = (_list_of(_is_error), "a list of errors in %")
_COUNTS = (_list_of(_is_count), "a list of positive whole numbers")
_COUNT = (_is_count, "a positive whole number")
_NUMBER = (_is_number, "a number")
_OBJECT = (lambda value: isinstance(value, dict), "an object")
_REQUIRED = {
    "test_error_by_glimpse": _ERRORS,
    "test_error": (_is_error, "an error in %"),
    "test_cases": _COUNT,
    "config": _OBJECT,
    "machine": _OBJECT,
    "seconds": _NUMBER,
}
_RULES = _REQUIRED | {
    "test_error_by_length": (
        _list_of(lambda error: error is None or _is_error(error)),
        "a list of errors in %, or null",
    ),
    "test_cases_by_length": (_list_of(_is_number), "a list of numbers"),
    "test_error_mc10_by_glimpse": _ERRORS,
    "test_error_random_fixations_by_glimpse": _ERRORS,
    "test_error_centre_only_by_glimpse": _ERRORS,
    "test_error_first_frame_only_by_glimpse": _ERRORS,
    "multiply_adds_by_glimpse": _COUNTS,
    "pixels_by_glimpse": _COUNTS,
    "test_effective_cases_by_glimpse": _COUNTS,
    "parameters": _COUNT,
    "images_per_second": _NUMBER,
    "git_revision": (lambda value: isinstance(value, str), "a string"),
    "curve": (_list_of(_is_evaluation), "a list of epochs with their errors"),
}
