"""Trains RAM to play Catch, and plays fresh games with it at the end."""

from ram_tf_commands import catch
from ram_tf_runs.command import run

__doc__ = catch.__doc__  # What --help says.

if __name__ == "__main__":
    run(catch.COMMAND)
