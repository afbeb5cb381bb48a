"""Classifies image files and draws the path of each, if the model looks."""

from ram_tf_commands import predict
from ram_tf_runs.command import run

__doc__ = predict.__doc__  # What --help says.

if __name__ == "__main__":
    run(predict.COMMAND)
