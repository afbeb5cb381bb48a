"""Trains RAM to play a Gymnasium environment of images by discrete actions."""

from ram_tf_commands import play
from ram_tf_runs.command import run

__doc__ = play.__doc__  # What --help says.

if __name__ == "__main__":
    run(play.COMMAND)
