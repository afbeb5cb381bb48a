"""Compares learned stops with a fixed number of glimpses and a threshold."""

from ram_tf_commands import stopping
from ram_tf_runs.command import run

__doc__ = stopping.__doc__  # What --help says.

if __name__ == "__main__":
    run(stopping.COMMAND)
