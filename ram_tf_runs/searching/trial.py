"""A trial of a search: a short run that is measured on validation data."""

import pathlib
import tempfile
from collections.abc import Callable, Mapping

import optuna

from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf.training.loop import TrainingLoop
from ram_tf.training.summaries import Summaries
from ram_tf_runs import start
from ram_tf_runs.course import shown
from ram_tf_runs.errors import UserError
from ram_tf_runs.tasks.task import Task


class TrialTrainer:
    """Makes short runs that differ in a few settings, all on the same data.

    Args:
        task: Has the data, and the rest of the settings.

    Raises:
        UserError: Unless the model is RAM, or if settings, data and weights to
            start from disagree.
    """

    def __init__(self, task: Task):
        network = task.settings.flat().get("network", "ram")
        if network != "ram":
            raise UserError(
                "A search draws --location_std, which only --network=ram has. "
                f"Received: --network={network}"
            )
        self._task = task
        task.length()  # Settings that do not fit the data are told now.
        start.make_model(task)  # As are bad weights to start from.

    def train(
        self,
        drawn: Mapping[str, float],
        logs: pathlib.Path,
        report: Callable[[int, float], bool],
    ) -> float:
        """Trains a new model with the settings of a trial.

        Args:
            drawn: These settings.
            logs: Directory for metrics.jsonl and TensorBoard's events, and for
                checkpoints until the trial has ended.
            report: Called at evaluations, with the step and the error in %;
                whether the trial is not worth going on with.

        Returns:
            The lowest validation error after the last glimpse, in %.

        Raises:
            optuna.TrialPruned: As soon as `report` says so.
            FloatingPointError: On a loss that is not finite.
            Interrupted: On SIGTERM or Ctrl-C.
        """
        task = self._task.changed(**drawn)
        steps, evaluations = task.length()
        model = start.make_model(task)
        agent = task.make_agent(model, steps)
        state = RunState(agent, task.counters)
        with tempfile.TemporaryDirectory(dir=logs) as checkpoints:
            TrainingLoop(
                task.make_steps(agent, state),
                task.validation(model),
                state,
                Checkpointer(state, pathlib.Path(checkpoints)),
                Summaries(
                    logs / "metrics.jsonl", logs, 0, shown(task.settings)
                ),
                on_evaluation=_pruning(report, steps),
            ).run(steps, evaluations)
        return float(state.best_error)


def _pruning(report: Callable[[int, float], bool], steps: int):
    def pruning(step: int, error: float) -> None:
        # After the last step there is nothing to save by stopping.
        if report(step, error) and step < steps:
            raise optuna.TrialPruned

    return pruning
