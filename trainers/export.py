"""Exports a trained model as a new version, whole or not at all."""

from ram_tf_commands import export
from ram_tf_runs.command import run

__doc__ = export.__doc__  # What --help says.

if __name__ == "__main__":
    run(export.COMMAND)
