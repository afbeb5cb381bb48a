"""Writes pictures that hide a traffic sign, in folders."""

from ram_tf_commands import sign_pictures
from ram_tf_runs.command import run

__doc__ = sign_pictures.__doc__  # What --help says.

if __name__ == "__main__":
    run(sign_pictures.COMMAND)
