"""Files that are whole or not there."""

import os
import pathlib


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file beside its place, and moves it there; makes its folder."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".tmp")
    draft.write_bytes(content)
    os.replace(draft, path)
