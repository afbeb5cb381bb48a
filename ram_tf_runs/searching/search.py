"""The course of a search: trials until there are enough, then what was found.

Any number of processes may be in it, each from its own start on.
"""

import glob
import logging
import pathlib
import signal
import time

import ram_tf_runs.quiet  # noqa: F401  First.

import optuna
import tensorflow as tf

from ram_tf import files
from ram_tf.errors import DivergedError
from ram_tf.pictures import paths as viz
from ram_tf.training.interrupt import Interrupted
from ram_tf_runs import leaving
from ram_tf_runs.records.workdir import write_json
from ram_tf_runs.searching import search_results
from ram_tf_runs.searching.study import Study
from ram_tf_runs.searching.trial import TrialTrainer
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.tasks.registry import task_of

# Seconds between looks at what others have ended.
_PAUSE = 1.0


def trainer(settings: RunSettings, data_dir: str | None) -> TrialTrainer:
    """What trains the trials of these settings.

    Raises:
        UserError: If settings, data and weights to start from disagree.
    """
    tf.get_logger().addFilter(_is_news)
    task = task_of(settings, data_dir)
    task.prepare()
    return TrialTrainer(task)


def run(
    study: Study, trainer: TrialTrainer, trials: int, minutes: float | None
) -> int:
    """Runs trials until all have ended, here or elsewhere, or time is over.

    Args:
        study: Has the trials.
        trainer: Trains them.
        trials: How many there are to be, with those that have ended.
        minutes: No trial starts later than this; None for no limit.

    Returns:
        The exit code: 128 and the number of the signal if it was told to stop.
    """
    words = "interrupted: run the same command again to resume"
    leaving.watch()
    try:
        with leaving.saying(lambda: words):
            _run(study, trainer, trials, minutes)
    except (Interrupted, KeyboardInterrupt) as told:
        print(words)
        return leaving.code(getattr(told, "signal", signal.SIGINT))
    return 0


def _is_news(line: logging.LogRecord) -> bool:
    """False of TensorFlow's warning that each trial is compiled anew."""
    return "triggered tf.function retracing" not in line.getMessage()


def _run(
    study: Study, trainer: TrialTrainer, trials: int, minutes: float | None
) -> None:
    limit = float("inf") if minutes is None else 60 * minutes
    started = time.monotonic()
    told: list[int] = []
    while (left := trials - len(study.trials)) > 0:
        if time.monotonic() - started >= limit:
            print(f"{minutes:g} minutes are over")
            break
        trial = study.ask(trials)
        if trial is not None:
            _say_what_is_left(study, trial, left, trials)
            _try(study, trial, trainer)
            continue
        awaited = study.awaited(trials)
        if awaited and awaited != told:
            print(f"waiting for others, at trials {awaited}", flush=True)
        told = awaited
        time.sleep(_PAUSE)


def _say_what_is_left(
    study: Study, trial: optuna.Trial, left: int, trials: int
) -> None:
    ended = study.trials
    line = f"trial {study.number(trial) + 1} of {trials}"
    if ended:
        mean = sum(trial["seconds"] for trial in ended) / len(ended)
        line += f", about {mean * left / 60 / study.running:.1f} min left"
    print(line, flush=True)


def _try(study: Study, trial: optuna.Trial, trainer: TrialTrainer) -> None:
    """Runs one trial, and keeps what became of it, whatever that is."""
    print(f"  {search_results.as_flags(trial.params)}", flush=True)

    def report(step: int, error: float) -> bool:
        return study.report(trial, step, error)

    try:
        error = trainer.train(trial.params, study.logs(trial), report)
        study.complete(trial, error)
    except optuna.TrialPruned:
        study.prune(trial)
        print("stopped: worse than the median", flush=True)
    except DivergedError as error:
        study.prune(trial, diverged=True)
        print(f"stopped: {error}", flush=True)
    except BaseException:
        study.fail(trial)
        raise


def report(study: Study, out: str | None, picture: str | None) -> None:
    """Writes and prints what there is so far.

    Args:
        study: The search.
        out: File of the record; by default beside the study's.
        picture: File of the picture; by default beside the study's.
    """
    # Another process may want to write the same files.
    with study.alone():
        for suffix in (".json", ".png"):
            name = glob.escape(study.path.with_suffix(suffix).name)
            files.remove_drafts(study.path.parent, name)
        summary = search_results.summarise(study)
        record = pathlib.Path(out or study.path.with_suffix(".json"))
        write_json(record, summary)
        print(search_results.table(summary))
        print(f"record: {record}")
        if summary["best"]:
            picture = picture or study.path.with_suffix(".png")
            viz.save(search_results.draw(summary), picture)
            print(f"picture: {picture}")
