"""The shortest command that trains with a given configuration."""

from typing import Any

from absl import flags

from trainers.command import FLAGFILES
from trainers.configs import config, data_flags
from trainers.configs.config import Config
from trainers.configs.settings import complete, plays_catch, plays_environment
from trainers.configs.settings import module as of_module


def command(settings: Config) -> str:
    """A flagfile, if one is near, and the flags that differ from it.

    Args:
        settings: Of a run; flags newer than it have their defaults.
    """
    trainer = _trainer(settings)
    wanted, module = vars(complete(vars(settings))), of_module(settings)
    choices = [_differences([], wanted, module)]
    for path in sorted(FLAGFILES.glob("*.flags")):
        try:
            differences = _differences([f"--flagfile={path}"], wanted, module)
        except flags.UnrecognizedFlagError:
            continue  # It is of another trainer.
        choices.append([f"--flagfile={path.name}", *differences])
    words = [f"python -m trainers.{trainer}", *min(choices, key=len)]
    return " ".join(words)


def _trainer(settings: Config) -> str:
    if plays_catch(settings):
        return "catch"
    if plays_environment(settings):
        return "play"
    # Records that are older than the flag have none.
    if vars(settings).get("max_digits"):
        return "numbers"
    return next(
        trainer
        for trainer, sources in data_flags.SOURCES.items()
        if settings.source in sources
    )


def _differences(
    arguments: list[str], wanted: dict[str, Any], module: str
) -> list[str]:
    """The arguments that are still missing."""
    values = vars(config.parse(arguments, module))
    return [
        _flag(name, wanted[name])
        for name, value in values.items()
        if wanted[name] != value
    ]


def _flag(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    if isinstance(value, list):
        return f"--{name}={','.join(value)}"
    return f"--{name}={str(value).removesuffix('.0')}"
