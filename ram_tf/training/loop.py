"""The training loop: steps, validation, checkpoints, and nothing else."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ram_tf.evaluation.images import Measure, Validated
from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf.training.interrupt import Interrupt, Interrupted
from ram_tf.training.progress import progress_bar, say, time_left
from ram_tf.training.steps import Steps
from ram_tf.training.summaries import Summaries

_PICTURES = 10
# Seconds that a call may take in which no signal is heard.
_LONGEST = 2.0


class Validation(Protocol):
    """Measures the agent's model as it is."""

    def validate(self) -> Validated: ...


class TrainingLoop:
    """Trains from wherever the state is.

    Attributes:
        saved_step: The step from which a process would go on that is started
            now.

    Args:
        steps: Makes the steps: CompiledSteps or RecordedSteps.
        validation: Chooses the weights to keep.
        state: The state of the run, restored already.
        checkpointer: Saves it.
        summaries: Where it is logged.
        draw: Draws the rollouts of a validation as an image [h, w, 3];
            not called where the model looks nowhere. None for no pictures.
        on_evaluation: Called last in an evaluation, with the step and the
            error; what it raises ends the run.
    """

    def __init__(
        self,
        steps: Steps,
        validation: Validation,
        state: RunState,
        checkpointer: Checkpointer,
        summaries: Summaries,
        draw: Callable[[Any], np.ndarray] | None = None,
        on_evaluation: Callable[[int, float], None] | None = None,
    ):
        self._steps = steps
        self._validation = validation
        self._state = state
        self._checkpointer = checkpointer
        self._summaries = summaries
        self._draw = draw
        self._on_evaluation = on_evaluation
        self._at_once = steps.most
        self.saved_step = state.step

    @property
    def units_per_second(self) -> float | None:
        """Units trained on a second, as the steps count."""
        return self._steps.units_per_second

    def run(self, steps: int, evaluations: int) -> None:
        """Trains until step `steps`, with so many evaluations on the way.

        Raises:
            Interrupted: After SIGTERM, SIGHUP or Ctrl-C, when the state is
                saved.
            DivergedError: On a loss that is not finite.
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
        total, made = Counter(), 0
        while (step := self._state.step) < goal and not interrupt.signal:
            count = min(self._at_once, goal - step)
            started = time.perf_counter()
            total.update(self._steps.make(step, count))
            seconds = time.perf_counter() - started
            self._state.seconds.assign_add(seconds)
            made += count
            self._at_once = _at_once(self._steps.most, seconds / count)
            bar.update(count)
            rate = self.units_per_second or 0
            bar.set_postfix_str(f"{rate:.0f} {self._steps.unit}/s")
        return {name: value / made for name, value in total.items()}

    def _evaluate(self, metrics, steps: int, picture: bool) -> None:
        state, step = self._state, self._state.step
        started = time.perf_counter()
        with state.averaged():
            error, measured, rollouts, measure = self._validation.validate()
            state.keep_if_best(error)
        row = metrics | {
            f"validation_{measure.name}": measure.told(error),
            **measured,
            f"best_validation_{measure.name}": measure.told(
                float(state.best_error)
            ),
            "learning_rate": float(self._steps.optimizer.learning_rate),
            **self._steps.counted(),
            "seconds": float(state.seconds),
        }
        looks = rollouts is not None and rollouts.locations is not None
        if looks:
            # Over the rollouts: 0 if all paths are the same.
            row["location_spread"] = float(rollouts.locations.std(0).mean())
        rate = f"{self.units_per_second or 0:.0f} {self._steps.unit}/s"
        self._summaries.scalars(step, row)
        state.seconds.assign_add(time.perf_counter() - started)
        self._save()
        if picture and looks and self._draw:
            self._summaries.picture(step, self._draw(rollouts))
        say(_line(step, steps, row, measure, rate))
        if self._on_evaluation:
            self._on_evaluation(step, error)

    def _leave(self, number) -> None:
        self._save()
        raise Interrupted(number, self._state.step)

    def _save(self) -> None:
        self._checkpointer.save()
        self.saved_step = self._state.step


def _at_once(most: int, seconds: float) -> int:
    """Steps of one call: as many as one may be waited for, to be stopped.

    Args:
        most: In any case.
        seconds: That a step took.
    """
    return max(1, min(most, int(_LONGEST / max(seconds, 1e-9))))


def _line(
    step: int, steps: int, row: dict[str, Any], measure: Measure, rate: str
) -> str:
    spread = row.get("location_spread")
    validated, best = (
        f"{row[f'{prefix}validation_{measure.name}']:.2f}{measure.unit}"
        for prefix in ("", "best_")
    )
    parts = [
        f"step {step}/{steps}",
        f"loss {row['loss']:.3f}",
        *_trained(row),
        f"validation {measure.name} {validated} (best {best})",
        *([] if spread is None else [f"location spread {spread:.2f}"]),
        rate,
        time_left(row["seconds"], step, steps),
    ]
    return "  ".join(parts)


def _trained(row: dict[str, Any]) -> list[str]:
    """What is told of training: its answers, or its returns."""
    if "accuracy" in row:
        return [f"train accuracy {100 * row['accuracy']:.1f}%"]
    told = {"return": ".3f", "length": ".1f", "entropy": ".2f"}
    return [f"{n} {row[n]:{form}}" for n, form in told.items() if n in row]
