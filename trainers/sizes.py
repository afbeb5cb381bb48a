"""Measures a model for images of any size on canvases of many sizes."""

from ram_tf_commands import sizes
from ram_tf_runs.command import run

__doc__ = sizes.__doc__  # What --help says.

if __name__ == "__main__":
    run(sizes.COMMAND)
