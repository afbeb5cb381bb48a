"""The shortest command that trains with a given configuration."""

from typing import Any

from trainers.command import FLAGFILES
from trainers import config
from trainers.setup import Config


def command(settings: Config) -> list[str]:
    """The words of a command: a flagfile if one is near, and what differs.

    Args:
        settings: Of a run; flags newer than it have their defaults.
    """
    wanted = vars(config.complete(vars(settings)))
    choices = [_differences([], wanted)]
    for path in sorted(FLAGFILES.glob("*.flags")):
        differences = _differences([f"--flagfile={path}"], wanted)
        choices.append([f"--flagfile={path.name}", *differences])
    return ["python", "-m", "trainers.mnist", *min(choices, key=len)]


def _differences(arguments: list[str], wanted: dict[str, Any]) -> list[str]:
    """The arguments that are still missing."""
    values = vars(config.parse(arguments))
    return [
        f"--{name}={wanted[name]}"
        for name, value in values.items()
        if wanted[name] != value
    ]
