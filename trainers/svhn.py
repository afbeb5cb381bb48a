"""Trains RAM to classify the cropped digits of SVHN, as trainers.mnist does."""

from ram_tf_commands import svhn
from ram_tf_runs.command import run

__doc__ = svhn.__doc__  # What --help says.

if __name__ == "__main__":
    run(svhn.COMMAND)
