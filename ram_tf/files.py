"""Files that are whole or not there: the one home of how files are written.

And of how it is told whether one is still what was written: by its SHA-256.
"""

import contextlib
import errno
import hashlib
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterator

from ram_tf.errors import FileError, UserError

# What a file system says that cannot wait until all is on the disk.
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP)
# In the name of a draft's folder, before `.tmp`.
_PROCESS = re.compile(r"\.[0-9]+")


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file beside its place, and moves it there; makes its folder.

    Raises:
        FileError: As `whole`.
    """
    with whole(path) as draft:
        draft.write_bytes(content)


def write_text(path: str | os.PathLike[str], content: str) -> None:
    """The same with text, in UTF-8."""
    write_bytes(path, content.encode())


def copy(source: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Copies a file's content."""
    write_bytes(path, pathlib.Path(source).read_bytes())


def digest(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(
    path: str | os.PathLike[str],
    known: str | None,
    record: str | os.PathLike[str],
) -> None:
    """Raises UserError if a file is another one than a record says.

    Args:
        path: The file.
        known: The SHA-256 that the record holds; None if it is older than
            these, which passes.
        record: The record's file.
    """
    if known is not None and (found := digest(path)) != known:
        raise UserError(
            f"{path} is not the file that {record} is about, or is damaged: "
            f"its SHA-256 must be {known}. Received: {found}"
        )


@contextlib.contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """A path to write a file to, which becomes `path` at the end.

    It has the same name, in a folder of its own beside it. Until all of it is
    on the disk, what was at `path` stays; if writing fails, nothing is left of
    the draft.

    Raises:
        FileError: If that cannot be done: no room, no right to write, a folder
            where the file should be.
    """
    path = pathlib.Path(path)
    if path.is_symlink():  # What it leads to is written, as by anybody.
        path = path.resolve()
    # Of this process, since two may write one file; and in a folder, so that
    # what a killed one leaves is not taken for one of the files beside it.
    place = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not path.is_file():
                raise OSError("it is there, and is no regular file")
            place.mkdir(exist_ok=True)
            yield place / path.name
            move(place / path.name, path)
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def whole_folder(
    path: str | os.PathLike[str], overwrite: bool = False
) -> Iterator[pathlib.Path]:
    """A folder to write files into, whose content `path` has at the end.

    A folder that is new or empty gets all of it in one step. In one that holds
    something, files of the same names are replaced, one right after the other,
    and all others stay. If writing fails, nothing changes.

    Args:
        path: The folder; made if need be.
        overwrite: Whether it may hold something.

    Raises:
        UserError: If it does, and may not.
        FileError: If that cannot be done: no room, no right to write, a file
            where the folder should be.
    """
    path = pathlib.Path(path).resolve()
    with _told(path):
        held = sorted(os.listdir(path)) if path.exists() else []
    if held and not overwrite:
        raise UserError(
            f"{path} must be a new or an empty folder; overwrite=True replaces "
            "files of the same names in it. Received: a folder with "
            f"{', '.join(held[:5])}"
        )
    # Where files, or the folder itself, need only be given another name.
    place = path if held else path.parent
    place /= f".{path.name}.{os.getpid()}.tmp"
    try:
        with _told(path):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            yield place
            drafts = sorted(place.iterdir())
            for draft in drafts:
                _sync(draft)
            _sync(place)
            if held:
                for draft in drafts:
                    os.replace(draft, path / draft.name)
            else:
                os.replace(place, path)  # An empty folder gives way.
            _sync(path if held else path.parent)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def remove_drafts(folder: pathlib.Path, name: str = "*") -> None:
    """Removes the drafts that killed processes have left in a folder.

    Args:
        folder: Nobody else may write these files at the time.
        name: Of the files, as a pattern.
    """
    for place in folder.glob(f".{name}.*.tmp"):
        if _PROCESS.fullmatch(place.suffixes[-2]):
            shutil.rmtree(place, ignore_errors=True)


def move(draft: pathlib.Path, path: pathlib.Path) -> None:
    """Moves a written file to its place, once all of it is on the disk."""
    _sync(draft)
    os.replace(draft, path)
    _sync(path.parent)  # Where the name is.


@contextlib.contextmanager
def plain(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """A name of a folder in which nothing stands for other characters.

    TensorFlow takes some paths for patterns, and finds nothing in a folder with
    [ in its name. Most folders have such a name already.

    Raises:
        FileError: If there is no place for such a name.
    """
    if _is_plain(folder):
        yield folder
        return
    with contextlib.ExitStack() as stack:
        with _told(folder):
            place = stack.enter_context(tempfile.TemporaryDirectory())
            if not _is_plain(pathlib.Path(place)):
                raise OSError(
                    "neither it nor the folder of temporary files has a path "
                    r"without *, ?, [ and \, which TensorFlow takes for "
                    f"patterns. Received: {place}"
                )
            link = pathlib.Path(place, "folder")
            link.symlink_to(folder.absolute(), target_is_directory=True)
        yield link


def _is_plain(folder: pathlib.Path) -> bool:
    return not set("*?[\\") & set(str(folder))


@contextlib.contextmanager
def _told(path: pathlib.Path) -> Iterator[None]:
    """Errors of the system as a FileError that names the file."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise FileError(f"{path} cannot be written: {reason}") from error


def _sync(path: pathlib.Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    except OSError as error:
        # Some file systems cannot, for folders above all.
        if not path.is_dir() and error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(file)
