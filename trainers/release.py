"""Releases the model of a finished run: its weights, record and card."""

from ram_tf_commands import release
from ram_tf_runs.command import run

__doc__ = release.__doc__  # What --help says.

if __name__ == "__main__":
    run(release.COMMAND)
