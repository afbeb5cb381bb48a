"""The shortest command that trains with given settings."""

import shlex
from typing import Any

from absl import flags

from ram_tf_runs import plugins
from ram_tf_runs.command import FLAGFILES, prepared
from ram_tf_runs.settings import flags as setting_flags
from ram_tf_runs.settings.model import OWN_PARTS
from ram_tf_runs.settings.run import RunSettings


def command(settings: RunSettings) -> str:
    """`words` on a line, for a shell.

    Args:
        settings: Of a run.
    """
    return " ".join(words(settings))


def words(settings: RunSettings) -> list[str]:
    """A flagfile, if one is near, and the flags that differ from it.

    Args:
        settings: Of a run.

    Returns:
        The words of the command, each quoted for a shell where it must be. What
        needs plugins begins with the variable that names them.
    """
    choices = [_differences([], settings)]
    for path in sorted(FLAGFILES.glob("*.flags")):
        try:
            different = _differences([f"--flagfile={path}"], settings)
        except flags.UnrecognizedFlagError:
            continue  # It is of another kind of run.
        choices.append([f"--flagfile={path.name}", *different])
    shortest = min((c for c in choices if None not in c), key=len)
    program = ["python", "-m", *settings.program.split()]
    return [*_plugins(settings), *map(shlex.quote, [*program, *shortest])]


def parse(kind: type[RunSettings], arguments: list[str]) -> RunSettings:
    """The settings that arguments ask for.

    Args:
        kind: Of the settings.
        arguments: Such as "--canvas=60" or "--flagfile=PATH".

    Raises:
        UnrecognizedFlagError: On flags that are not among these.
        UserError: On values that break a rule.
    """
    return setting_flags.build(kind, _parsed(kind, arguments))


def _parsed(kind: type[RunSettings], arguments: list[str]) -> flags.FlagValues:
    values = flags.FlagValues()
    setting_flags.define(kind, values, __name__, {})
    values(prepared(["parse", *arguments], values))
    return values


def _differences(
    arguments: list[str], settings: RunSettings
) -> list[str | None]:
    """The arguments that are still missing; None where no flag can say it."""
    values = _parsed(type(settings), arguments)
    return [
        _flag(name, value)
        for name, value in settings.flat().items()
        if _settled(values[name].value) != value
    ]


def _settled(value: Any) -> Any:
    """A flag's value as settings have it."""
    return tuple(value) if isinstance(value, list) else value


def _flag(name: str, value: Any) -> str | None:
    return None if value is None else setting_flags.argument(name, value)


def _plugins(settings: RunSettings) -> list[str]:
    """The variable that names plugins, where a run needs them."""
    own = type(settings).__module__.startswith("ram_tf_runs.")
    named = settings.flat()
    if own and all(named.get(n, o[0]) in o for n, o in OWN_PARTS.items()):
        return []
    modules = ",".join(plugins.names())
    return [f"{plugins.VARIABLE}={shlex.quote(modules)}"] if modules else []
