"""Numbered versions of an exported model, each whole or not there.

In each are the SHA-256 of all its files, as `sha256sum -c SHA256SUMS` reads
them there; TensorFlow Serving passes over it.
"""

import contextlib
import hashlib
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from ram_tf_runs.errors import UserError

SUMS = "SHA256SUMS"


def next_version(base: pathlib.Path) -> int:
    """The number after the highest version in a directory; at first 1."""
    taken = [0]
    if base.is_dir():
        taken += [int(p.name) for p in base.iterdir() if p.name.isdecimal()]
    return max(taken) + 1


@contextlib.contextmanager
def new_version(base: pathlib.Path, version: int) -> Iterator[pathlib.Path]:
    """A directory to write into, which becomes base/version at the end.

    Until then it stands beside base, where no server looks; if writing fails
    it is removed.

    Args:
        base: The model's directory; it need not exist.
        version: A number that is not taken.

    Raises:
        UserError: If the version exists, or cannot be written there.
    """
    place = base / str(version)
    if place.exists():
        raise UserError(
            f"A version is never overwritten. Received: {place}, which exists"
        )
    with _told(place):
        base.mkdir(parents=True, exist_ok=True)
        draft = pathlib.Path(
            tempfile.mkdtemp(prefix=f".{base.name}-", dir=base.parent)
        )
    try:
        yield draft
        with _told(place):
            _write_sums(draft)
            draft.chmod(0o755)  # A server may run as another user.
            draft.rename(place)  # Fails if somebody else was faster.
    except BaseException:
        shutil.rmtree(draft)
        with contextlib.suppress(OSError):  # It has other versions.
            base.rmdir()
        raise


@contextlib.contextmanager
def _told(place: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{place} cannot be written: {error.strerror or error}"
        ) from error


def _write_sums(folder: pathlib.Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = []
    for path in paths:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
