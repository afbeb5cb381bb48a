"""metrics.jsonl: a line for each evaluation, of which the last may be cut."""

import json
import pathlib
from typing import Any

from ram_tf import files
from ram_tf.errors import FileError


def read(path: pathlib.Path, *needed: str) -> list[dict[str, Any]]:
    """The rows that are whole, each with its "step"; none without a file.

    Those that lack one of the names that are needed are passed over, too.

    A process that was killed, or a disk that was full, may have left half a
    line, or fewer than there were evaluations.

    Raises:
        FileError: If it is no file: a pipe would be waited for.
    """
    if path.exists() and not path.is_file():
        raise FileError(f"{path} must be a regular file")
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    rows = map(_row, text.splitlines())
    return [
        row
        for row in rows
        if row is not None and all(name in row for name in needed)
    ]


def add(path: pathlib.Path, row: dict[str, Any]) -> None:
    """Adds a row.

    Raises:
        FileError: If it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    except OSError as error:
        reason = error.strerror or error
        raise FileError(f"{path} cannot be written: {reason}") from error


def drop_after(path: pathlib.Path, step: int) -> None:
    """Leaves the whole rows up to a step; at any time the file is whole."""
    if not path.exists():
        return
    kept = [row for row in read(path) if row["step"] <= step]
    files.write_text(path, "".join(json.dumps(row) + "\n" for row in kept))


def _row(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(row, dict) and isinstance(row.get("step"), int)
    return row if whole else None
