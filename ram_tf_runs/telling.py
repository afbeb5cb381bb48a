"""How errors are told: those of the user in a line, with their place.

An error that the user can mend may be raised in code of the user's own, such as
a plugin or an environment: the line then says where.
"""

import contextlib
import pathlib
import sys
import sysconfig
import traceback
from collections.abc import Iterator

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_COMMANDS = ("trainers", "data", "benchmarks")  # Beside ram_tf*, in a checkout.
_INSTALLED = ("site-packages", "dist-packages")
_PYTHON = pathlib.Path(sysconfig.get_path("stdlib")).resolve()
# How Keras and TensorFlow begin what they say around an error of a layer.
_AROUND = ("Exception encountered when calling", "in user code:")


def is_told(error: BaseException) -> bool:
    """Whether an error is one that the user can mend."""
    return getattr(error, "for_the_user", False)


def line(error: BaseException) -> str:
    """What a command says of an error that the user can mend."""
    error = _without_words_around(error)
    place = place_of_the_user(error)
    return f"{error} (at {place})" if place else str(error)


@contextlib.contextmanager
def at_the_start() -> Iterator[None]:
    """Ends the process with a line where a command cannot begin."""
    try:
        yield
    except Exception as error:
        if not is_told(error):
            raise
        sys.exit(f"error: {line(error)}")


def root(error: BaseException) -> BaseException:
    """What an error began with."""
    while before := error.__cause__ or error.__context__:
        error = before
    return error


def place_of_the_user(error: BaseException) -> str | None:
    """File and line of the user's own code, if the error passed through it."""
    found = None
    while error is not None:
        for frame in traceback.extract_tb(error.__traceback__):
            if _is_users(frame.filename):
                found = f"{frame.filename}, line {frame.lineno}"
        error = error.__cause__
    return found


def is_raised_by_code(error: BaseException) -> bool:
    """Whether it was raised by our code, or the user's: a fault to be traced.

    What is installed raises of what it is given, such as a damaged file.
    """
    frames = traceback.extract_tb(root(error).__traceback__)
    return bool(frames) and not _is_installed(frames[-1].filename)


def _without_words_around(error: BaseException) -> BaseException:
    """The error of ours that Keras and TensorFlow put into many lines."""
    while str(error).startswith(_AROUND) and error.__context__ is not None:
        if not is_told(error.__context__):
            break
        error = error.__context__
    return error


def _is_users(name: str) -> bool:
    if _is_installed(name):
        return False
    path = pathlib.Path(name).resolve()
    if not path.is_relative_to(_ROOT):
        return True
    part = path.relative_to(_ROOT).parts[0]
    return not part.startswith("ram_tf") and part not in _COMMANDS


def _is_installed(name: str) -> bool:
    """Whether a file is Python's, a package's, or made by one."""
    if name.startswith("<") or "__autograph_generated_file" in name:
        return True
    path = pathlib.Path(name).resolve()
    is_ours = path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[
        0
    ].startswith("ram_tf")
    if is_ours:
        return False
    packaged = any(part in _INSTALLED for part in path.parts)
    return packaged or path.is_relative_to(_PYTHON)
