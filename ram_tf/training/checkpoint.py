"""Run state on disk: saved whole, restored from the newest that is sound.

The order of a restart: the configuration is compared first, then the newest
checkpoint is read; if it is damaged, the one before it; and so on.
"""

import contextlib
import logging
import pathlib
from collections.abc import Iterator, Sequence

import tensorflow as tf

from ram_tf.agents.update import Agent
from ram_tf.errors import DamagedError

_KEPT = 3


class RunState:
    """Everything that an uninterrupted run would have in memory.

    Args:
        agent: Trains the model.
        counters: Names of what else is counted.

    Attributes:
        best: The best weights on validation so far.
        best_error: Their validation error in %.
        best_step: The step they are from.
        seconds: Time spent in training and validation so far, by all
            processes.
        counters: What else is counted, by name.
    """

    def __init__(
        self,
        agent: Agent,
        counters: Sequence[str] = (),
    ):
        self.model = agent.model
        self.optimizer = agent.optimizer
        self._trained = agent.variables
        self.best = [tf.Variable(v.value) for v in self.model.variables]
        self.best_error = tf.Variable(float("inf"), dtype=tf.float64)
        self.best_step = tf.Variable(0, dtype=tf.int64)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        self.counters = {
            name: tf.Variable(0, dtype=tf.int64) for name in counters
        }

    @property
    def step(self) -> int:
        """Updates made."""
        return int(self.optimizer.iterations)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """The model with the average of its weights, if the optimizer has one.

        Afterwards it has its own again.
        """
        if not self.optimizer.use_ema:
            yield
            return
        own = [tf.identity(variable.value) for variable in self._trained]
        self.optimizer.finalize_variable_values(self._trained)
        try:
            yield
        finally:
            for variable, value in zip(self._trained, own, strict=True):
                variable.assign(value)

    def keep_if_best(self, error: float) -> None:
        """Remembers the present weights if no earlier ones were as good."""
        if error < float(self.best_error):
            self.best_error.assign(error)
            self.best_step.assign(self.step)
            for kept, variable in zip(
                self.best, self.model.variables, strict=True
            ):
                kept.assign(variable)

    def use_best(self) -> None:
        """Puts the best weights into the model."""
        for kept, variable in zip(self.best, self.model.variables, strict=True):
            variable.assign(kept)


class Checkpointer:
    """Saves and restores a RunState in a directory.

    Args:
        state: What is saved.
        directory: Where; made when needed.
    """

    def __init__(self, state: RunState, directory: pathlib.Path):
        self._state = state
        self._checkpoint = tf.train.Checkpoint(
            model=state.model,
            optimizer=state.optimizer,
            best=state.best,
            best_error=state.best_error,
            best_step=state.best_step,
            seconds=state.seconds,
            **state.counters,
        )
        self._directory = directory
        _drop_damaged_index(directory)
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(directory), max_to_keep=_KEPT
        )

    def save(self) -> None:
        """Writes a checkpoint of this step."""
        self._manager.save(checkpoint_number=self._state.step)

    def restore(self) -> bool:
        """Restores the newest sound checkpoint.

        Returns:
            Whether there was any checkpoint.

        Raises:
            DamagedError: If there are checkpoints and all are damaged.
        """
        paths = _newest_first(self._directory)
        for path in paths:
            try:
                self._checkpoint.restore(path).assert_consumed()
            except Exception as error:  # Its kind depends on the damage.
                logging.warning(
                    "checkpoint %s is damaged (%s: %s): falling back to the "
                    "one before",
                    path,
                    type(error).__name__,
                    error,
                )
            else:
                return True
        if paths:
            raise DamagedError(
                "No checkpoint can be read; all are damaged: "
                f"{', '.join(paths)}. Remove them to start afresh."
            )
        return False


def _newest_first(directory: pathlib.Path) -> list[str]:
    """Checkpoints by what is there, not by the list that may be damaged."""
    paths = [path.with_suffix("") for path in directory.glob("ckpt-*.index")]
    paths.sort(key=lambda path: int(path.name.partition("-")[2]))
    return [str(path) for path in reversed(paths)]


def _drop_damaged_index(directory: pathlib.Path) -> None:
    """Removes TensorFlow's list of checkpoints if it cannot be read."""
    try:
        tf.train.get_checkpoint_state(str(directory))
    except ValueError:
        (directory / "checkpoint").unlink()
