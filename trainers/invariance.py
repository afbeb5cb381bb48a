"""Measures trained models with the digit at each place of a grid."""

from ram_tf_commands import invariance
from ram_tf_runs.command import run

__doc__ = invariance.__doc__  # What --help says.

if __name__ == "__main__":
    run(invariance.COMMAND)
