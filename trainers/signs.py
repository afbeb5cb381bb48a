"""Trains RAM to classify traffic signs in colour, as trainers.mnist does."""

from ram_tf_commands import signs
from ram_tf_runs.command import run

__doc__ = signs.__doc__  # What --help says.

if __name__ == "__main__":
    run(signs.COMMAND)
