"""Serves a model on this machine for trying it out, not for production."""

from ram_tf_commands import serve
from ram_tf_runs.command import run

__doc__ = serve.__doc__  # What --help says.

if __name__ == "__main__":
    run(serve.COMMAND)
