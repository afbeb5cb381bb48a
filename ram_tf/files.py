"""Files that are whole or not there."""

import os
import pathlib

from ram_tf.errors import FileError


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file beside its place, and moves it there; makes its folder.

    Raises:
        FileError: If that cannot be done: no room, no right to write, a folder
            where the file should be.
    """
    path = pathlib.Path(path)
    draft = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        os.replace(draft, path)
    except OSError as error:
        reason = error.strerror or error
        raise FileError(f"{path} cannot be written: {reason}") from error
