"""The games of Catch that a model is trained on."""

import numpy as np
import tensorflow as tf

from ram_tf.episodes.environments.catch import Games, draw_games
from ram_tf.episodes.environments.catch_rules import CatchRules


class TrainingGames:
    """Endless batches of fresh games; batch t is a pure function of (seed, t).

    Args:
        rules: Of the games.
        batch_size: B, games in a batch.
        seed: Any integer that fits 31 bits.
    """

    def __init__(self, rules: CatchRules, batch_size: int, seed: int):
        self._rules = rules
        self.batch_size = batch_size
        self.seed = seed

    def indices(self, step: int, count: int) -> np.ndarray:
        """Nothing is chosen: games are drawn, not taken from a set."""
        del step
        return np.zeros([count, 0], np.int32)

    def make(
        self, indices: tf.Tensor, step: tf.Tensor, rows: slice | None = None
    ) -> dict[str, tf.Tensor]:
        """The games of a step, or some of them, by the names of Games."""
        del indices
        seed = tf.stack([tf.cast(self.seed, tf.int32), tf.cast(step, tf.int32)])
        games = draw_games(self._rules, seed, self.batch_size)
        if rows is not None:
            games = Games(*(value[rows] for value in games))
        return games._asdict()
