"""The flags that make a run what it is; their values are its configuration."""

import copy
import types
from typing import Any

from absl import flags

from trainers.configs import (
    agent_flags,
    data_flags,
    model_flags,
    training_flags,
)

# Values of the flags by name.
Config = types.SimpleNamespace

for _flags in (data_flags, model_flags, agent_flags, training_flags):
    flags.adopt_module_key_flags(_flags)


@flags.multi_flags_validator(
    ["baseline", "rollouts"],
    "--baseline=leave_one_out needs --rollouts of at least 2",
)
def _has_others(values):
    return values["baseline"] != "leave_one_out" or values["rollouts"] > 1


@flags.multi_flags_validator(
    ["frames", "network"],
    "--frames needs --network=ram: the other networks look at one image",
)
def _can_watch(values):
    return not values["frames"] or values["network"] == "ram"


@flags.multi_flags_validator(
    ["max_digits", "glimpses"],
    "--glimpses must be a multiple of the symbols of a number, --max_digits "
    "and the end",
)
def _divides(values):
    digits = values["max_digits"]
    return digits == 0 or values["glimpses"] % (digits + 1) == 0


@flags.multi_flags_validator(
    ["max_digits", "svhn_dir"], "--svhn_dir needs --max_digits of at least 1"
)
def _has_numbers(values):
    return values["svhn_dir"] is None or values["max_digits"] > 0


@flags.multi_flags_validator(
    ["stop", "network", "max_digits"],
    "--stop needs --network=ram, which alone looks more than once, and "
    "--max_digits=0, one answer an image",
)
def _can_stop(values):
    fits = values["network"] == "ram" and not values["max_digits"]
    return fits or not values["stop"]


@flags.multi_flags_validator(
    ["glimpse_cost", "stop"],
    "--glimpse_cost needs --stop: else all glimpses are made, whatever they "
    "cost",
)
def _can_save(values):
    return not values["glimpse_cost"] or values["stop"]


@flags.multi_flags_validator(
    ["train_only_stop", "stop", "pretrained"],
    "--train_only_stop needs --stop and --pretrained, the model that stays",
)
def _has_a_model(values):
    needed = values["stop"] and values["pretrained"] is not None
    return needed or not values["train_only_stop"]


def from_flags(module: str = __name__) -> Config:
    """The configuration that the command line asks for.

    Args:
        module: Whose key flags make the configuration; here and below.
    """
    return Config(**{flag.name: flag.value for flag in _own(module)})


def of_trainer(trainer: str) -> Config:
    """The same for a trainer that has sources of its own.

    Args:
        trainer: Of `data_flags.SOURCES`; its first source is the default.

    Raises:
        ValueError: If --source is none of them.
    """
    config, known = from_flags(), data_flags.SOURCES[trainer]
    if not flags.FLAGS["source"].present:
        config.source = known[0]
    elif config.source not in known:
        raise ValueError(
            f"--source of trainers.{trainer} must be one of {list(known)}. "
            f"Received: {config.source!r}"
        )
    return config


def complete(values: dict[str, Any], module: str = __name__) -> Config:
    """The configuration in a record, which may be older than some flags.

    Args:
        values: By name; what is missing has its flag's default.
        module: As above.
    """
    defaults = {flag.name: flag.default for flag in _own(module)}
    return Config(**defaults | values)


def parse(arguments: list[str], module: str = __name__) -> Config:
    """The configuration that arguments ask for, whatever the command line says.

    Args:
        arguments: Such as "--canvas=60" or "--flagfile=PATH".
        module: As above.

    Raises:
        UnrecognizedFlagError: On flags that are not among these.
    """
    copied = copy.deepcopy(flags.FLAGS)
    copied.unparse_flags()
    copied(["parse", *arguments])
    own = {flag.name: flag.value for flag in _own(module, copied)}
    for name in copied:
        if copied[name].present and name not in own:
            raise flags.UnrecognizedFlagError(name)
    return Config(**own)


def given() -> list[str]:
    """Names of the run's flags that the command line sets."""
    return [flag.name for flag in _own(__name__) if flag.present]


def _own(
    module: str, values: flags.FlagValues = flags.FLAGS
) -> list[flags.Flag]:
    return values.get_key_flags_for_module(module)
