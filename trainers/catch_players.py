"""Measures players of Catch that know the state of the game, for comparison."""

from ram_tf_commands import catch_players
from ram_tf_runs.command import run

__doc__ = catch_players.__doc__  # What --help says.

if __name__ == "__main__":
    run(catch_players.COMMAND)
