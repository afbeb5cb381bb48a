"""A lock on a directory or a file, which dies with the process that holds it.

The lock is the kernel's (flock) on a small file that says who holds it. A
process that is killed loses it; the file that it leaves behind locks nothing.
"""

import contextlib
import datetime
import fcntl
import json
import os
import pathlib
import platform
import shlex
import sys
from collections.abc import Iterator
from typing import Any, Self

from ram_tf_runs.errors import UserError

# Of a command line that is quoted in an error.
_SHOWN = 120


class HeldError(UserError):
    """Another process, or another part of this one, holds the lock."""


class Lock:
    """A lock that this process may take, and gives back at the latest at its
    end, however that comes.

    Args:
        path: Of the lock's file. It is made, with its directory, when the lock
            is taken, and removed when it is given back.
    """

    def __init__(self, path: pathlib.Path):
        self._path = path
        self._file: int | None = None

    def take(self, wait: bool = False) -> Self:
        """Takes the lock, once; returns it.

        Args:
            wait: For whoever holds it, instead of raising.

        Raises:
            HeldError: If it is held; the message says by whom.
            UserError: If its file cannot be written, or not be locked.
        """
        while self._file is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = _locked(self._path, wait)
            except BlockingIOError:
                raise HeldError(
                    f"It is held by {_holder(self._path)}"
                ) from None
            except OSError as error:
                reason = error.strerror or error
                if isinstance(error, FileExistsError):
                    reason = f"{self._path.parent} is no directory"
                raise UserError(
                    f"{self._path} cannot be locked: {reason}"
                ) from error
        # It locks without these words, too, for which a full disk has no room.
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps(_me()).encode(), 0)
        return self

    def release(self) -> None:
        """Gives the lock back, if it was taken."""
        if self._file is None:
            return
        # First the name, then the lock: nobody finds a file without one.
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        os.close(self._file)
        self._file = None

    def is_held(self) -> bool:
        """Whether any process, this one too, holds the lock at the moment."""
        if not self._path.exists():
            return False
        try:
            Lock(self._path).take().release()
        except HeldError:
            return True
        return False

    def __enter__(self) -> Self:
        return self if self._file is not None else self.take()

    def __exit__(self, *unused) -> None:
        self.release()


def of_directory(directory: pathlib.Path) -> Lock:
    """The lock of whoever works in a directory."""
    return Lock(directory / "lock")


@contextlib.contextmanager
def of_workdir(directory: pathlib.Path) -> Iterator[None]:
    """Holds a work directory; one that was not there is not left empty.

    Raises:
        UserError: If another process works there; it is named.
    """
    new = not directory.exists()
    try:
        lock = of_directory(directory).take()
    except HeldError as error:
        raise UserError(
            f"--workdir={directory} must be used by one process at a time. "
            f"{error}. Use another --workdir, or wait."
        ) from error
    try:
        yield
    finally:
        lock.release()
        if new:
            with contextlib.suppress(OSError):
                directory.rmdir()


def _locked(path: pathlib.Path, wait: bool) -> int | None:
    """The open file, locked; None if it was removed meanwhile."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        if os.path.samestat(os.fstat(file), os.stat(path)):
            return file
    except FileNotFoundError:
        pass
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def _me() -> dict[str, Any]:
    """What a process says of itself in the files of its locks."""
    return {
        "pid": os.getpid(),
        "machine": platform.node(),
        "command": shlex.join(sys.orig_argv),
        "since": datetime.datetime.now().isoformat(" ", "seconds"),
    }


def _holder(path: pathlib.Path) -> str:
    """Who holds a lock, in words."""
    try:
        holder = json.loads(path.read_text())
        command = " ".join(holder["command"].split())  # In one line.
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ):  # It is just taking it, or giving it back.
        return "a process that says nothing of itself"
    if len(command) > _SHOWN:
        command = f"{command[:_SHOWN]} …"
    return (
        f"process {holder['pid']} of {holder['machine']} since "
        f"{holder['since']} ({command})"
    )
