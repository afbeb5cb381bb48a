"""The contract between the training loop and what makes its steps."""

import keras

from ram_tf.errors import UserError
from ram_tf.training.team import Team


class Steps:
    """Updates of an agent, in calls of several.

    Attributes:
        unit: What training is counted in, a word in the plural.
        most: Steps in a call, at most.
        optimizer: The agent's; its `iterations` are the steps made.
    """

    unit: str
    most: int = 1
    optimizer: keras.optimizers.Optimizer

    def make(self, step: int, count: int) -> dict[str, float]:
        """Makes steps `step` + 1 to `step` + `count`.

        Returns:
            Sums over the steps of what is logged, "loss" among them.

        Raises:
            DivergedError: On a loss that is not finite.
        """
        raise NotImplementedError

    def join(self, team: Team) -> None:
        """From now on makes its share of each step, together with a team.

        Raises:
            UserError: If such steps cannot be shared.
        """
        if team.share.count > 1:
            raise UserError(
                f"{type(self).__name__} cannot be shared among processes. "
                f"Received: a team of {team.share.count}"
            )

    def counted(self) -> dict[str, float]:
        """What was counted up to now, for the logs."""
        raise NotImplementedError

    @property
    def units_per_second(self) -> float | None:
        """Speed of training; None before it is known."""
        raise NotImplementedError
