"""Measures a trained model again, on its test set or on the game it plays."""

from ram_tf_commands import evaluate
from ram_tf_runs.command import run

__doc__ = evaluate.__doc__  # What --help says.

if __name__ == "__main__":
    run(evaluate.COMMAND)
