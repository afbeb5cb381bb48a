"""Measures players of Catch that are told the game, to compare with.

python -m trainers.catch_players --out=results/catch/players.json
"""

import pathlib

import tensorflow as tf
from absl import flags

from trainers.command import run
from ram_tf.environments.catch import Catch, draw_games
from ram_tf.environments.catch_players import PLAYERS, caught
from ram_tf.environments.catch_rules import CatchRules
from trainers.configs.output_flags import OUT
from trainers.runs.workdir import write_json

flags.declare_key_flag("out")
_GAMES = flags.DEFINE_integer(
    "player_games", 10_000, "Games that each plays.", lower_bound=1
)
# The paper leaves the ball's angles open.
RULES = {
    "angles 45 to 135": CatchRules(),
    "dx -1 or +1": CatchRules(extremes_only=True),
}
_SEED = (20_140_624, 0)


def main() -> None:
    seed = tf.constant(_SEED)
    result = {"games": _GAMES.value, "catch_rate": {}}
    for name, rules in RULES.items():
        environment = Catch(rules, draw_games(rules, seed, _GAMES.value))
        result["catch_rate"][name] = {
            player: round(
                float(tf.reduce_mean(caught(environment, p, seed))), 4
            )
            for player, p in PLAYERS.items()
        }
    for name, rates in result["catch_rate"].items():
        words = ", ".join(f"{p} {100 * r:.1f}%" for p, r in rates.items())
        print(f"{name}: {words}")
    if OUT.value:
        write_json(pathlib.Path(OUT.value), result)


if __name__ == "__main__":
    run(main)
