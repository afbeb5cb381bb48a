"""A trial of a search: a short run that is measured on validation data."""

import pathlib
import shutil
import tempfile

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

    def train(self, trial: optuna.Trial, logs: pathlib.Path) -> float:
        """Trains a new model with the trial's settings.

        Args:
            trial: Has the settings, and is told the error at evaluations.
            logs: Directory for metrics.jsonl and TensorBoard's events; what is
                there is replaced.

        Returns:
            The lowest validation error after the last glimpse, in %.

        Raises:
            optuna.TrialPruned: As soon as the trial is worse than others.
            FloatingPointError: On a loss that is not finite.
            Interrupted: On SIGTERM or Ctrl-C.
        """
        task = self._task.changed(**trial.params)
        steps, evaluations = task.length()
        model = start.make_model(task)
        agent = task.make_agent(model, steps)
        state = RunState(model, agent.optimizer, task.counters)
        # Of another study by this name, which is no longer there.
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as checkpoints:
            TrainingLoop(
                task.make_steps(agent, state),
                task.validation(model),
                state,
                Checkpointer(state, pathlib.Path(checkpoints)),
                Summaries(
                    logs / "metrics.jsonl", logs, 0, shown(task.settings)
                ),
                on_evaluation=_reporter(trial, steps),
            ).run(steps, evaluations)
        return float(state.best_error)


def _reporter(trial: optuna.Trial, steps: int):
    def report(step: int, error: float) -> None:
        trial.report(error, step)
        # After the last step there is nothing to save by stopping.
        if step < steps and trial.should_prune():
            raise optuna.TrialPruned

    return report
