"""The command that makes a run again."""

import copy
import functools
import pathlib
from typing import Any

from absl import flags

from trainers import config

_FLAGFILES = pathlib.Path(config.__file__).parent / "flagfiles"


def defaults() -> dict[str, Any]:
    """What every run flag is unless it is set."""
    return {flag.name: flag.default for flag in _run_flags()}


def command(task: str, settings: dict[str, Any]) -> str:
    """The task's flagfile, and the flags that differ from it.

    Args:
        task: Name of a flagfile.
        settings: Values of run flags by name.
    """
    preset = _preset(task)
    words = [f"python -m trainers.mnist --flagfile={task}.flags"]
    for name, value in settings.items():
        if name not in preset or preset[name] != value:
            words.append(_flag(name, value))
    return " ".join(words)


@functools.cache
def _preset(task: str) -> dict[str, Any]:
    """Values of the run flags under a flagfile, whatever this process's are."""
    values = flags.FlagValues()
    for flag in copy.deepcopy(_run_flags()):
        flag.unparse()
        values[flag.name] = flag
    values(["", f"--flagfile={_FLAGFILES / task}.flags"])
    return values.flag_values_dict()


def _run_flags() -> list[flags.Flag]:
    return flags.FLAGS.get_key_flags_for_module(config.__name__)


def _flag(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    return f"--{name}={str(value).removesuffix('.0')}"
