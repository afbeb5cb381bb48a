"""Fetches photographs to hide signs in, with their licences."""

from ram_tf_commands import photographs
from ram_tf_runs.command import run

__doc__ = photographs.__doc__  # What --help says.

if __name__ == "__main__":
    run(photographs.COMMAND)
