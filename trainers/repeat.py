"""Trains several seeds side by side, and reports mean and deviation."""

from ram_tf_commands import repeat
from ram_tf_runs.command import run

__doc__ = repeat.__doc__  # What --help says.

if __name__ == "__main__":
    run(repeat.COMMAND)
