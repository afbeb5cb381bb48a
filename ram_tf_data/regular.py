"""What is read must be a file: a pipe would be waited for, for ever."""

import os
import pathlib
import stat

from ram_tf_data.errors import UserError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check(path: str | os.PathLike[str]) -> None:
    """Refuses what is there and is no regular file, without opening it.

    What is not there is passed over: whoever opens it can say it better.

    Raises:
        UserError: On a folder, a pipe, a socket or a device.
    """
    try:
        mode = pathlib.Path(path).stat().st_mode
    except (OSError, ValueError):  # A name with a zero byte, for one.
        return
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise UserError(
            f"{os.fspath(path)!r} must be a regular file. Received: {kind}"
        )
