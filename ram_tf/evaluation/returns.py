"""How well a player plays an environment of Gymnasium: the mean return."""

import functools
import math
from typing import NamedTuple

import numpy as np

from ram_tf.episodes.environments.gymnasium_episodes import (
    GymnasiumEpisodes,
    Player,
)
from ram_tf.episodes.environments.gymnasium_players import (
    PolicyPlayer,
    random_player,
)
from ram_tf.errors import UserError
from ram_tf.evaluation.images import POLICIES, RETURN, Validated
from ram_tf.model import RecurrentAttentionModel
from ram_tf.validation import check_choice, check_positive_int

# Episodes that are played to measure are the same for all training seeds.
_EVALUATION_SEED = 20_140_624


class Returns(NamedTuple):
    """The returns of n episodes.

    Attributes:
        value: Sums of rewards, [n] float64.
        length: Steps, [n].
        ended: Whether they ended, [n] bool; else they were cut.
    """

    value: np.ndarray
    length: np.ndarray
    ended: np.ndarray

    @property
    def mean(self) -> float:
        return float(self.value.mean())

    @property
    def standard_error(self) -> float:
        """The standard error of the mean, from the sample's variance."""
        return float(self.value.std(ddof=1) / math.sqrt(len(self.value)))


class ReturnEvaluator:
    """Plays episodes that start the same at each call.

    Args:
        model: A built model with the environment's actions.
        episodes: Of the environment.
        count: Number of episodes, at least two.
        draw: Another number plays others; validation and test differ.
        policy: How the model looks and acts: "deterministic", the likeliest
            fixations and actions; "stochastic"; or "random" or "centre" for
            other fixations.

    Raises:
        UserError: On a model with other actions, another policy, or a count
            below two.
    """

    def __init__(
        self,
        model: RecurrentAttentionModel,
        episodes: GymnasiumEpisodes,
        count: int,
        draw: int = 0,
        policy: str = "deterministic",
    ):
        check_positive_int("count", count)
        check_choice("policy", policy, POLICIES)
        if count < 2:
            raise UserError(
                "`count` must be at least 2, for a standard error. "
                f"Received: count={count}"
            )
        if model.cell.num_actions != episodes.num_actions:
            raise UserError(
                f"A model that plays {episodes.env_id} has "
                f"{episodes.num_actions} actions. "
                f"Received: {model.cell.num_actions}"
            )
        self.model = model
        self.count = count
        self.policy = policy
        self._episodes = episodes
        self._draw = draw
        self._players = {
            name: PolicyPlayer(functools.partial(make, model.cell))
            for name, make in POLICIES.items()
        }

    def validate(self) -> Validated:
        """Minus the mean return, for the training loop."""
        return Validated(-self.play().mean, {}, measure=RETURN)

    def play(self, policy: str | None = None) -> Returns:
        """Plays every episode once.

        Args:
            policy: Instead of the evaluator's own.
        """
        return self._measure(self._players[policy or self.policy])

    def play_at_random(self) -> Returns:
        """The same episodes with random actions."""
        return self._measure(random_player(self._episodes.num_actions))

    def _measure(self, player: Player) -> Returns:
        parts = []
        for i in range(math.ceil(self.count / self._episodes.rows)):
            seed = (_EVALUATION_SEED, self._draw, i)
            played = self._episodes.play(player, seed)
            total = played.reward.sum(axis=1, dtype=np.float64)
            parts.append((total, played.valid.sum(axis=1), played.ended))
        joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
        return Returns(*(part[: self.count] for part in joined))
