"""The training loop: steps, validation, checkpoints, and nothing else."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ram_tf.evaluation.images import Measure, Validated
from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf.training.goals import GoalLoop
from ram_tf.training.progress import say, time_left
from ram_tf.training.steps import Steps
from ram_tf.training.summaries import Summaries
from ram_tf.training.team import Team


class Validation(Protocol):
    """Measures the agent's model as it is."""

    def validate(self) -> Validated: ...


class TrainingLoop(GoalLoop):
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
        team: With which it trains, as its chief; None for alone.
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
        team: Team | None = None,
    ):
        super().__init__(steps, state, team or Team())
        self._validation = validation
        self._checkpointer = checkpointer
        self._summaries = summaries
        self._draw = draw
        self._on_evaluation = on_evaluation
        self.saved_step = state.step

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

    def _leave(self, number):
        self._save()
        super()._leave(number)

    def _save(self) -> None:
        self._checkpointer.save()
        self.saved_step = self._state.step


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
