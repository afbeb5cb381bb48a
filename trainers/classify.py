"""Trains RAM to classify your own pictures, and measures it on a test set."""

from ram_tf_commands import classify
from ram_tf_runs.command import run

__doc__ = classify.__doc__  # What --help says.

if __name__ == "__main__":
    run(classify.COMMAND)
