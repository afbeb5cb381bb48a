"""The training loop: steps, validation, checkpoints, and nothing else."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from ram_tf.environments.environment import Environment
from ram_tf.evaluation import Validated
from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf.training.interrupt import Interrupt, Interrupted
from ram_tf.training.progress import progress_bar, say, time_left
from ram_tf.training.step import Agent, Batch, check_loss, compile_steps
from ram_tf.training.summaries import Summaries

_STEPS_PER_CALL = 50
_PICTURES = 10


class Batches(Protocol):
    """Batches that are a pure function of (seed, step)."""

    batch_size: int
    seed: int

    def indices(self, step: int, count: int) -> np.ndarray: ...

    def make(self, indices: tf.Tensor, step: tf.Tensor) -> Batch: ...


class Validation(Protocol):
    """Measures the agent's model as it is."""

    def validate(self) -> Validated: ...


class TrainingLoop:
    """Trains an agent from wherever its state is.

    Args:
        agent: What is trained.
        batches: What it is trained on.
        make_environment: Turns a batch into episodes.
        validation: Chooses the weights to keep.
        state: The state of the run, restored already.
        checkpointer: Saves it.
        summaries: Where it is logged.
        draw: Draws the rollouts of a validation as an image [h, w, 3];
            not called where the model looks nowhere. None for no pictures.
        on_evaluation: Called last in an evaluation, with the step and the
            error in %; what it raises ends the run.
        unit: What training is counted in, a word.
        units_per_step: Of a step; by default the batch's size.
    """

    def __init__(
        self,
        agent: Agent,
        batches: Batches,
        make_environment: Callable[[Batch], Environment],
        validation: Validation,
        state: RunState,
        checkpointer: Checkpointer,
        summaries: Summaries,
        draw: Callable[[Any], np.ndarray] | None = None,
        on_evaluation: Callable[[int, float], None] | None = None,
        unit: str = "image",
        units_per_step: int | None = None,
    ):
        self._batches = batches
        self._validation = validation
        self._state = state
        self._checkpointer = checkpointer
        self._summaries = summaries
        self._draw = draw
        self._on_evaluation = on_evaluation
        self._optimizer = agent.optimizer
        self._train = compile_steps(
            agent, batches.make, make_environment, batches.seed
        )
        self._units = f"{unit}s"
        self._units_per_step = units_per_step or batches.batch_size
        self._rate = _Rate(self._units_per_step)

    @property
    def units_per_second(self) -> float | None:
        """Units trained on a second, compilation and evaluation left out."""
        return self._rate.units_per_second

    def run(self, steps: int, evaluations: int) -> None:
        """Trains until step `steps`, with so many evaluations on the way.

        Raises:
            Interrupted: After SIGTERM or Ctrl-C, when the state is saved.
            FloatingPointError: On a loss that is not finite.
        """
        goals = [
            round(steps * (i + 1) / evaluations) for i in range(evaluations)
        ]
        pictured = goals[:: -max(1, evaluations // _PICTURES)]
        bar = progress_bar(self._state.step, steps)
        with Interrupt() as interrupt, bar:
            for goal in goals:
                if goal <= self._state.step:
                    continue
                metrics = self._train_until(goal, bar, interrupt)
                # A goal that is reached is evaluated even if a signal came: a
                # resumed run starts behind it.
                if self._state.step == goal:
                    self._evaluate(metrics, steps, picture=goal in pictured)
                if interrupt.signal:
                    self._leave(interrupt.signal)

    def _train_until(self, goal, bar, interrupt) -> dict[str, float]:
        """Means of the training metrics over the steps up to goal."""
        total, made = {}, 0
        while (step := self._state.step) < goal and not interrupt.signal:
            count = min(_STEPS_PER_CALL, goal - step)
            sums = self._timed_call(step, count)
            total = {n: total.get(n, 0.0) + value for n, value in sums.items()}
            made += count
            bar.update(count)
            rate = self.units_per_second or 0
            bar.set_postfix_str(f"{rate:.0f} {self._units}/s")
        return {name: value / made for name, value in total.items()}

    def _timed_call(self, step: int, count: int) -> dict[str, float]:
        first = not self._rate.calls
        if first:
            say("compiling the training step")
        started = time.perf_counter()
        sums = self._call(step, count)
        seconds = time.perf_counter() - started
        if first:
            say(f"compiled, and made {count} steps, in {seconds:.1f} s")
        self._state.seconds.assign_add(seconds)
        self._rate.add(seconds, count)
        return sums

    def _call(self, step: int, count: int) -> dict[str, float]:
        indices = self._batches.indices(step, count)
        padding = ((0, _STEPS_PER_CALL - count), (0, 0))
        info = self._train(
            tf.constant(np.pad(indices, padding)),
            tf.constant(step),
            tf.constant(count),
        )
        losses = info.loss.numpy()[:count]
        for number, loss in enumerate(losses, step + 1):
            check_loss(loss, number)
        totals = {name: float(value) for name, value in info.total.items()}
        return {"loss": float(losses.sum(dtype=np.float64)), **totals}

    def _evaluate(self, metrics, steps: int, picture: bool) -> None:
        state, step = self._state, self._state.step
        started = time.perf_counter()
        error, measured, rollouts = self._validation.validate()
        state.keep_if_best(error)
        row = metrics | {
            "validation_error": error,
            **measured,
            "best_validation_error": float(state.best_error),
            "learning_rate": float(self._optimizer.learning_rate),
            self._units: step * self._units_per_step,
            f"{self._units}_per_second": self.units_per_second or 0.0,
            "seconds": float(state.seconds),
        }
        looks = rollouts.locations is not None
        if looks:
            # Over the rollouts: 0 if all paths are the same.
            row["location_spread"] = float(rollouts.locations.std(0).mean())
        self._summaries.scalars(step, row)
        state.seconds.assign_add(time.perf_counter() - started)
        self._checkpointer.save()
        if picture and looks and self._draw:
            self._summaries.picture(step, self._draw(rollouts))
        say(_line(step, steps, row, self._units))
        if self._on_evaluation:
            self._on_evaluation(step, error)

    def _leave(self, number) -> None:
        self._checkpointer.save()
        raise Interrupted(number, self._state.step)


class _Rate:
    """Units a second of this process, its first call (compiling) left out."""

    def __init__(self, units_per_step: int):
        self._units_per_step = units_per_step
        self.calls = self._steps = 0
        self._seconds = 0.0

    def add(self, seconds: float, steps: int) -> None:
        self.calls += 1
        if self.calls > 1:
            self._seconds += seconds
            self._steps += steps

    @property
    def units_per_second(self) -> float | None:
        if not self._seconds:
            return None
        return self._steps * self._units_per_step / self._seconds


def _line(step: int, steps: int, row: dict[str, Any], units: str) -> str:
    spread = row.get("location_spread")
    looking = "" if spread is None else f"location spread {spread:.2f}  "
    if "accuracy" in row:
        training = f"train accuracy {100 * row['accuracy']:.1f}%"
    else:
        training = f"return {row['return']:.3f}  entropy {row['entropy']:.2f}"
    return (
        f"step {step}/{steps}  loss {row['loss']:.3f}  {training}  "
        f"validation error {row['validation_error']:.2f}% "
        f"(best {row['best_validation_error']:.2f}%)  "
        f"{looking}{row[f'{units}_per_second']:.0f} {units}/s  "
        f"{time_left(row['seconds'], step, steps)}"
    )
