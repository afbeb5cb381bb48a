"""Trains RAM to read whole numbers, digit by digit, and measures it."""

from ram_tf_commands import numbers
from ram_tf_runs.command import run

__doc__ = numbers.__doc__  # What --help says.

if __name__ == "__main__":
    run(numbers.COMMAND)
