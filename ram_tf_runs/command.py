"""What every command does around its `main`: flags, errors, exit codes.

It imports no TensorFlow, so that --help is quick.
"""

import contextlib
import dataclasses
import os
import pathlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from absl import app, flags, logging

from ram_tf_runs import extras, leaving, plugins, telling
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings import flags as setting_flags
from ram_tf_runs.settings.fields import Settings, expanded

FLAGFILES = pathlib.Path(__file__).parent / "flagfiles"
Kinds = tuple[type[Settings], ...]


@dataclasses.dataclass(frozen=True)
class Command:
    """A command: what it does, and the flags that it takes.

    Attributes:
        main: Called with the settings that the flags make, one argument for
            each of `settings`, and then, if `positional`, the list of what is
            not a flag. Its result is the exit code; None is 0.
        settings: Classes of settings, whose fields are the flags; or what
            gives them for the arguments of the process.
        positional: Whether there may be arguments that are not flags.
        defaults: Of flags that differ from those of the fields, by name.
        others: What is said of flags that the command does not have.
    """

    main: Callable[..., int | None]
    settings: Kinds | Callable[[Sequence[str]], Kinds] = ()
    positional: bool = False
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    others: str = "--help lists those that there are."

    def kinds(self, argv: Sequence[str]) -> Kinds:
        """Classes of settings, one for each argument of `main`."""
        return self.settings(argv) if callable(self.settings) else self.settings

    def define(
        self, argv: Sequence[str], values: flags.FlagValues, module: str
    ) -> None:
        """Defines the flags for the arguments of a process."""
        for kind in self.kinds(argv):
            setting_flags.define(kind, values, module, self.defaults)

    def call(self, argv: list[str], values: flags.FlagValues) -> int:
        """Parses the arguments and runs `main`; errors of the user are told.

        Args:
            argv: Of the process; bare names of flagfiles are found.
            values: With the flags defined.

        Returns:
            The exit code.
        """
        return _told(
            lambda: self.execute(argv, _parse(argv, values, self), values)
        )

    def execute(
        self, argv: list[str], arguments: list[str], values: flags.FlagValues
    ) -> int:
        """Runs `main` on parsed flags and what is none; returns the exit code.

        Raises:
            UserError: If the settings break a rule, or as `main` does.
        """
        if arguments and not self.positional:
            raise UserError(f"Unknown arguments: {' '.join(arguments)}")
        given = [setting_flags.build(kind, values) for kind in self.kinds(argv)]
        if self.positional:
            given.append(arguments)
        return self.main(*given) or 0


def run(command: Command | Callable[[], int | None]) -> None:
    """Runs a command as the main program.

    Args:
        command: It; or a function, which reads absl's flags by itself.
    """
    if not isinstance(command, Command):
        command = Command(command)
    leaving.is_main_program()
    logging.set_verbosity(logging.WARNING)  # Unless --verbosity says more.
    with telling.at_the_start():
        plugins.load()
        command.define(sys.argv, flags.FLAGS, sys.argv[0])
    app.run(
        lambda arguments: leaving.ended(
            _told(lambda: command.execute(sys.argv, arguments, flags.FLAGS))
        ),
        flags_parser=lambda argv: _parse_or_exit(argv, command),
    )


@contextlib.contextmanager
def shown() -> Iterator[None]:
    """Prints what may be cut short, as by `head`, and ends the process then."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Where Python's own flush at the end does not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _parse_or_exit(argv: list[str], command: Command) -> list[str]:
    """Parses absl's flags; shows help, or an error of the user, and exits."""
    try:
        with shown():
            return _parse(argv, flags.FLAGS, command)
    except UserError as error:
        sys.exit(f"error: {telling.line(error)}")
    except SystemExit:
        sys.exit(0)  # Help was asked for and shown; absl would exit with 1.


def _told(execute: Callable[[], int]) -> int:
    """The exit code; errors that the user can mend are one line."""
    try:
        with extras.explained():
            return execute()
    except Exception as error:
        # Any other error is ours, and its traceback says where.
        if not telling.is_told(error):
            raise
        logging.debug("where it came from", exc_info=True)
        print(f"error: {telling.line(error)}", file=sys.stderr)
        return getattr(error, "exit_code", 1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parse(
    argv: list[str], values: flags.FlagValues, command: Command
) -> list[str]:
    """Parses flags; returns what is none."""
    try:
        return values(prepared(argv, values))[1:]
    except flags.UnrecognizedFlagError as error:
        raise UserError(
            f"Unknown flag --{error.flagname}. {command.others}"
        ) from error
    except flags.Error as error:
        raise UserError(str(error)) from error


def prepared(argv: list[str], values: flags.FlagValues) -> list[str]:
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
    if names and "workdir" in values:
        # First, so that any other --workdir has the last word.
        prepared.insert(0, f"--workdir=runs/{names[-1]}")
    return [argv[0], *prepared]


def _find(value: str) -> pathlib.Path:
    value = expanded(value)
    for path in (pathlib.Path(value), FLAGFILES / value):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.name for path in FLAGFILES.glob("*.flags")))
    raise UserError(
        f"--flagfile must name a file, or one of: {known}. Received: {value!r}"
    )
