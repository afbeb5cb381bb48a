"""The configuration in any record, whichever command made it."""

from typing import Any

from trainers import config
from trainers.setup import Config


def complete(values: dict[str, Any]) -> Config:
    """The configuration in a record, which may be older than some flags.

    Args:
        values: By name; what is missing has its flag's default.
    """
    if not plays(Config(**values)):
        return config.complete(values)
    # Here, so that commands for classifiers do not take the flags of Catch.
    from trainers import catch_config

    return catch_config.complete(values)


def plays(settings: Config) -> bool:
    """Whether a configuration is that of a run of Catch."""
    return hasattr(settings, "train_frames")
