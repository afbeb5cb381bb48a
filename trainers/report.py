"""Writes RESULTS.md and its pictures from the committed run records."""

from ram_tf_commands import report
from ram_tf_runs.command import run

__doc__ = report.__doc__  # What --help says.

if __name__ == "__main__":
    run(report.COMMAND)
