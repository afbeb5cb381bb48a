"""JSON files that are read: whatever is wrong with one is told by its name."""

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from ram_tf_data import regular
from ram_tf_runs.errors import UserError


def read(path: str | os.PathLike[str], *needed: str) -> dict[str, Any]:
    """The object in a file.

    Args:
        path: The file.
        needed: Keys that it must have.

    Raises:
        UserError: If it cannot be read, is no JSON, holds something else than
            an object, or lacks a key; file and key are named.
    """
    regular.check(path)
    try:
        values = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror or error}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        shown = repr(values)
        shown = shown if len(shown) < 80 else f"{shown[:80]} …"
        raise UserError(f"{path} must hold an object. Received: {shown}")
    for name in needed:
        if name not in values:
            raise UserError(f"{path} must hold `{name}`.")
    return values


@contextlib.contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Around what reads values of a file that was found to be an object.

    Raises:
        UserError: If they are of another shape; the file is named.
    """
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise UserError(
            f"{path} is not of the shape that it is written with "
            f"({type(error).__name__}: {error}; --verbosity=1 shows where)."
        ) from error
