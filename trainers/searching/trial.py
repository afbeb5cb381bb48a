"""A trial of a search: a short run that is measured on validation data."""

import pathlib
import shutil
import tempfile

import keras
import optuna

from data.splits import Source
from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf.training.loop import TrainingLoop
from ram_tf.training.summaries import Summaries
from trainers.configs.config import Config
from trainers.runs import data_setup, model_source, setup


class TrialTrainer:
    """Makes short runs that differ in a few settings, all on the same data.

    Args:
        settings: The rest of the settings.
        source: The data.

    Raises:
        ValueError: Unless the model is RAM, or if settings, data and weights to
            start from disagree.
    """

    def __init__(self, settings: Config, source: Source):
        if settings.network != "ram":
            raise ValueError(
                "A search draws --location_std, which only --network=ram has. "
                f"Received: --network={settings.network}"
            )
        self._settings = settings
        self._source = source
        self._batches = data_setup.training_batches(settings, source)
        self._validation = data_setup.validation_data(settings, source)
        self._make_model(settings)  # Bad weights to start from are told now.

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
        settings = Config(**vars(self._settings) | trial.params)
        steps, evaluations = data_setup.length(settings, self._batches)
        model = self._make_model(settings)
        agent = setup.make_agent(settings, model, steps)
        state = RunState(model, agent.optimizer)
        # Of another study by this name, which is no longer there.
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as checkpoints:
            TrainingLoop(
                agent,
                self._batches,
                setup.make_environment(settings, model),
                setup.make_evaluator(
                    model, self._validation, settings.glimpse_cost
                ),
                state,
                Checkpointer(state, pathlib.Path(checkpoints)),
                Summaries(logs / "metrics.jsonl", logs, 0, vars(settings)),
                on_evaluation=_reporter(trial, steps),
            ).run(steps, evaluations)
        return float(state.best_error)

    def _make_model(self, settings: Config) -> keras.Model:
        model = setup.make_model(settings, self._source)
        if settings.pretrained is not None:
            model_source.copy_pretrained(settings, model)
        return model


def _reporter(trial: optuna.Trial, steps: int):
    def report(step: int, error: float) -> None:
        trial.report(error, step)
        # After the last step there is nothing to save by stopping.
        if step < steps and trial.should_prune():
            raise optuna.TrialPruned

    return report
