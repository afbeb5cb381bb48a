"""The configuration in any record, whichever command made it."""

import importlib
from typing import Any

from trainers.configs import config
from trainers.configs.config import Config


def complete(values: dict[str, Any]) -> Config:
    """The configuration in a record, which may be older than some flags.

    Args:
        values: By name; what is missing has its flag's default.
    """
    # By name, so that commands for classifiers do not take other flags.
    return importlib.import_module(module(Config(**values))).complete(values)


def module(settings: Config) -> str:
    """The module whose flags make a configuration."""
    if plays_catch(settings):
        return "trainers.configs.catch_config"
    if plays_environment(settings):
        return "trainers.configs.play_config"
    return config.__name__


def plays_catch(settings: Config) -> bool:
    """Whether a configuration is that of a run of Catch."""
    return hasattr(settings, "train_frames")


def plays_environment(settings: Config) -> bool:
    """Whether it is that of a run of `trainers.play`."""
    return hasattr(settings, "env")
