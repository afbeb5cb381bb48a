"""The shortest command that trains with a given configuration."""

from typing import Any

from trainers.command import FLAGFILES
from trainers import config
from trainers.setup import Config


def command(settings: Config) -> str:
    """A flagfile, if one is near, and the flags that differ from it.

    Args:
        settings: Of a run; flags newer than it have their defaults.
    """
    wanted = vars(config.complete(vars(settings)))
    choices = [_differences([], wanted)]
    for path in sorted(FLAGFILES.glob("*.flags")):
        differences = _differences([f"--flagfile={path}"], wanted)
        choices.append([f"--flagfile={path.name}", *differences])
    return " ".join(["python -m trainers.mnist", *min(choices, key=len)])


def _differences(arguments: list[str], wanted: dict[str, Any]) -> list[str]:
    """The arguments that are still missing."""
    values = vars(config.parse(arguments))
    return [
        _flag(name, wanted[name])
        for name, value in values.items()
        if wanted[name] != value
    ]


def _flag(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    return f"--{name}={str(value).removesuffix('.0')}"
