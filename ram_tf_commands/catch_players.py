"""Measures players of Catch that know the state of the game, for comparison.

    python -m trainers.catch_players --out=results/catch/players.json

One player knows where the ball will land, one follows its column, and one moves
at random.
"""

import dataclasses
import pathlib

from ram_tf_data import memory
from ram_tf_runs.command import Command, run
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import Out


@dataclasses.dataclass(frozen=True)
class Players(Settings):
    """How long they play."""

    player_games: int = setting(
        10_000, "Number of games that each player plays.", least=1
    )


_SEED = (20_140_624, 0)
_BYTES = 100  # Of a game at least: what is drawn of it, and the state of both.


def main(players: Players, out: Out) -> None:
    memory.check(
        "All games",
        _BYTES * players.player_games,
        f"--player_games={players.player_games}",
    )
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    import tensorflow as tf

    from ram_tf.episodes.environments.catch import Catch, draw_games
    from ram_tf.episodes.environments.catch_players import PLAYERS, caught
    from ram_tf.episodes.environments.catch_rules import CatchRules
    from ram_tf_runs.records.workdir import write_json

    # The paper leaves the ball's angles open.
    all_rules = {
        "angles 45 to 135": CatchRules(),
        "dx -1 or +1": CatchRules(extremes_only=True),
    }
    games = players.player_games
    seed = tf.constant(_SEED)
    result = {"games": games, "catch_rate": {}}
    for name, rules in all_rules.items():
        environment = Catch(rules, draw_games(rules, seed, games))
        result["catch_rate"][name] = {
            player: round(
                float(tf.reduce_mean(caught(environment, p, seed))), 4
            )
            for player, p in PLAYERS.items()
        }
    for name, rates in result["catch_rate"].items():
        words = ", ".join(f"{p} {100 * r:.1f}%" for p, r in rates.items())
        print(f"{name}: {words}")
    if out.out:
        write_json(pathlib.Path(out.out), result)


COMMAND = Command(main, (Players, Out))


if __name__ == "__main__":
    run(COMMAND)
