"""Builds the browser page of a trained model, and serves it on loopback."""

from ram_tf_commands import web
from ram_tf_runs.command import run

__doc__ = web.__doc__  # What --help says.

if __name__ == "__main__":
    run(web.COMMAND)
