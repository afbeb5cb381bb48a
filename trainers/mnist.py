"""Trains RAM to classify digits, and measures it on the test set."""

from ram_tf_commands import mnist
from ram_tf_runs.command import run

__doc__ = mnist.__doc__  # What --help says.

if __name__ == "__main__":
    run(mnist.COMMAND)
