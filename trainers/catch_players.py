"""Measures players of Catch that are told the game, to compare with."""

from ram_tf_commands import catch_players
from ram_tf_runs.command import run

__doc__ = catch_players.__doc__  # What --help says.

if __name__ == "__main__":
    run(catch_players.COMMAND)
