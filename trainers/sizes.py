"""Measures a trained model on larger canvases than it was trained on."""

from ram_tf_commands import sizes
from ram_tf_runs.command import run

__doc__ = sizes.__doc__  # What --help says.

if __name__ == "__main__":
    run(sizes.COMMAND)
