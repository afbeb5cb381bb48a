"""What every command does around its `main`: flagfiles, errors, exit codes.

Import it before TensorFlow, whose notes on start-up it quiets.
"""

import os
import pathlib
import sys
from collections.abc import Callable

from absl import app, flags, logging


def _import_tensorflow_quietly() -> None:
    """Imports TensorFlow without its notes, which no log level holds back.

    Whoever sets TF_CPP_MIN_LOG_LEVEL sees them.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    errors = os.dup(2)
    with open(os.devnull, "w") as sink:
        os.dup2(sink.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        finally:
            os.dup2(errors, 2)
            os.close(errors)


_import_tensorflow_quietly()

FLAGFILES = pathlib.Path(__file__).parent / "flagfiles"


# The kinds of error that say what the user can do about them.
_TOLD = (ValueError, RuntimeError, FloatingPointError, OSError)


def run(main: Callable[..., int | None], positional: bool = False) -> None:
    """Parses the flags and runs `main`, whose result is the exit code.

    Args:
        main: Called without arguments or, if `positional`, with the list of
            those that are not flags. Errors that say what the user can do are
            printed without a traceback, unless --verbosity=1 asks for it.
        positional: Whether there may be any.
    """
    logging.set_verbosity(logging.WARNING)  # Unless --verbosity says more.
    app.run(*ready(main, sys.argv, positional))


def ready(
    main: Callable[..., int | None], argv: list[str], positional: bool = False
) -> tuple[Callable[[list[str]], int | None], list[str]]:
    """What `app.run` takes: `main` with its errors told, and its arguments.

    Args:
        main: As of `run`.
        argv: Of the command; bare names of flagfiles are found.
        positional: As of `run`.
    """
    return _guarded(main, positional), _prepare(argv)


def _guarded(main, positional):
    def guarded(argv):
        arguments = argv[1:]
        if arguments and not positional:
            raise app.UsageError(f"Unknown arguments: {' '.join(arguments)}")
        try:
            return main(arguments) if positional else main()
        except _TOLD as error:
            logging.debug("where it came from", exc_info=True)
            print(f"error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130

    return guarded


def _prepare(argv: list[str]) -> list[str]:
    """Finds bare flagfile names, and names the default workdir after them."""
    prepared, names = [], []
    arguments = iter(argv[1:])
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if name in ("--flagfile", "-flagfile"):
            value = value if equals else next(arguments, "")
            path = _find(value)
            names.append(path.stem)
            argument = f"--flagfile={path}"
        prepared.append(argument)
    if names and "workdir" in flags.FLAGS:
        # First, so that any other --workdir has the last word.
        prepared.insert(0, f"--workdir=runs/{names[-1]}")
    return [argv[0], *prepared]


def _find(value: str) -> pathlib.Path:
    for path in (pathlib.Path(value), FLAGFILES / value):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.name for path in FLAGFILES.glob("*.flags")))
    sys.exit(
        f"error: --flagfile must name a file, or one of: {known}. "
        f"Received: {value!r}"
    )
