"""Steps on data, many of them in one call of one compiled program."""

import inspect
import time
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
import tensorflow as tf

from ram_tf.agents.update import Agent
from ram_tf.episodes.environments.environment import Environment
from ram_tf.errors import UserError
from ram_tf.training.progress import say
from ram_tf.training.shared_step import compile_shared_steps
from ram_tf.training.step import Batch, check_loss, compile_steps
from ram_tf.training.steps import Steps
from ram_tf.training.team import Team

_STEPS_PER_CALL = 50


class Batches(Protocol):
    """Batches that are a pure function of (seed, step).

    Where several processes share them, `make` is also told which rows of the
    batch to make. These must be what they are in the whole batch.
    """

    batch_size: int
    seed: int

    def indices(self, step: int, count: int) -> np.ndarray: ...

    def make(
        self, indices: tf.Tensor, step: tf.Tensor, rows: slice | None = None
    ) -> Batch: ...


@runtime_checkable
class Streamed(Protocol):
    """Batches whose data are not in memory, and are given for some steps.

    `given` returns a nest of arrays [count, ...], of which `make` gets one
    step's in place of indices. `most` is how many steps it is asked for.
    """

    most: int

    def given(
        self, step: int, count: int, rows: slice | None = None
    ) -> dict[str, np.ndarray]: ...


class CompiledSteps(Steps):
    """Trains an agent on batches.

    Attributes:
        seconds: That all calls but the first took.

    Args:
        agent: What is trained.
        batches: What it is trained on.
        make_environment: Turns a batch into episodes.
        unit: What training is counted in, a word.
        units_per_step: Of a step; by default the batch's size.
    """

    most = _STEPS_PER_CALL

    def __init__(
        self,
        agent: Agent,
        batches: Batches,
        make_environment: Callable[[Batch], Environment],
        unit: str = "image",
        units_per_step: int | None = None,
    ):
        self.optimizer = agent.optimizer
        self.unit = f"{unit}s"
        self._agent = agent
        self._batches = batches
        self._make_environment = make_environment
        self._team = Team()
        self._rows: slice | None = None  # All of them.
        if isinstance(batches, Streamed):
            self.most = min(self.most, batches.most)
        self._units_per_step = units_per_step or batches.batch_size
        self._train = compile_steps(
            agent, batches.make, make_environment, batches.seed
        )
        # Of this process; its first call, which compiles, is left out.
        self._calls = self._steps = 0
        self.seconds = 0.0

    def join(self, team):
        if team.share.count == 1:
            return
        batches, self._team = self._batches, team
        if batches.batch_size % team.share.count:
            raise UserError(
                "Processes that train together have equal shares of a batch: "
                f"their number must divide {batches.batch_size}. "
                f"Received: {team.share.count}"
            )
        _check_rows(batches)
        self._rows = rows = team.share.rows(batches.batch_size)
        self._agent.share = team.share
        self._train = compile_shared_steps(
            self._agent,
            lambda given, step: batches.make(given, step, rows),
            self._make_environment,
            batches.seed,
            team,
        )

    def make(self, step, count):
        first = not self._calls
        if first:
            say("compiling the training step")
        started = time.perf_counter()
        sums = self._call(step, count)
        seconds = time.perf_counter() - started
        self._calls += 1
        if first:
            say(f"compiled, and made {count} steps, in {seconds:.1f} s")
        else:
            self.seconds += seconds
            self._steps += count
        return sums

    def counted(self):
        steps = int(self.optimizer.iterations)
        return {
            self.unit: steps * self._units_per_step,
            f"{self.unit}_per_second": self.units_per_second or 0.0,
        }

    @property
    def units_per_second(self):
        """Compilation and evaluation left out."""
        return self.units / self.seconds if self.seconds else None

    @property
    def units(self) -> int:
        """Made by this process, but for the first call, which compiles."""
        return self._steps * self._units_per_step

    def _call(self, step: int, count: int) -> dict[str, float]:
        given = tf.nest.map_structure(self._filled_up, self._given(step, count))
        with self._team.heard():
            info = self._train(given, tf.constant(step), tf.constant(count))
            losses = info.loss.numpy()[:count]
        for number, loss in enumerate(losses, step + 1):
            check_loss(loss, number)
        # In double precision it does not matter how steps share out in calls.
        values = {"loss": info.loss, **info.extra}
        return {
            name: float(value.numpy().sum(dtype=np.float64))
            for name, value in values.items()
        }

    def _given(self, step: int, count: int) -> Any:
        """What batches are made of, for some steps."""
        if isinstance(self._batches, Streamed):
            return self._batches.given(step, count, self._rows)
        return self._batches.indices(step, count)

    def _filled_up(self, values: np.ndarray) -> tf.Tensor:
        """For as many steps as are compiled."""
        padding = [(0, self.most - len(values))] + [(0, 0)] * (values.ndim - 1)
        return tf.constant(np.pad(values, padding))


def _check_rows(batches: Batches) -> None:
    """Raises UserError if batches cannot be made in parts."""
    for name in ("make", "given"):
        if not (method := getattr(batches, name, None)):
            continue
        try:
            inspect.signature(method).bind(None, None, None)
        except TypeError as error:
            raise UserError(
                "Processes that train together need batches whose "
                f"`{name}` takes `rows`. Received: {type(batches).__name__}."
                f"{name}{inspect.signature(method)}"
            ) from error
