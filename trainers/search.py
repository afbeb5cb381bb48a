"""Random search over learning rate and location_std (paper, section 4).

    python -m trainers.search --flagfile=cluttered.flags --epochs=4 --trials=20

Each trial is a short run, measured on validation data after the last glimpse;
the test set is not read. A trial worse than the median is stopped early. The
same command resumes a search, and more --trials add to it. It leaves, beside
one another: study.db (Optuna's), study.json or --out, study.png or --picture,
and TensorBoard's logs of each trial in study/.
"""

import logging
import pathlib
import time

import optuna
import tensorflow as tf
from absl import flags

from trainers.command import run
from ram_tf import viz
from ram_tf.training.interrupt import Interrupted
from trainers.configs import config, output_flags
from trainers.configs.config import Config
from trainers.runs import data_setup, workdir
from trainers.searching import search_results
from trainers.searching.study import Study
from trainers.searching.trial import TrialTrainer

flags.adopt_module_key_flags(config)
flags.adopt_module_key_flags(output_flags)
flags.adopt_module_key_flags(workdir)


class _RangeParser(flags.ArgumentParser):
    syntactic_help = "LOWEST,HIGHEST"

    def parse(self, argument: str) -> tuple[float, float]:
        try:
            low, high = map(float, argument.split(","))
        except ValueError:
            low = high = float("nan")
        if not 0 < low <= high < float("inf"):
            raise ValueError("must be LOWEST,HIGHEST, finite and above 0")
        return low, high


def _define_range(name: str, default: str) -> flags.FlagHolder:
    words = f"Range of --{name}, which is drawn log-uniformly."
    return flags.DEFINE(_RangeParser(), f"{name}_range", default, words)


_RANGES = {
    "learning_rate": _define_range("learning_rate", "3e-4,3e-3"),
    "location_std": _define_range("location_std", "0.03,0.3"),
}
_TRIALS = flags.DEFINE_integer(
    "trials", 20, "Trials, with those of earlier calls.", lower_bound=1
)
_MINUTES = flags.DEFINE_float(
    "minutes", None, "No trial starts later than this.", lower_bound=0.0
)
_STARTUP_TRIALS = flags.DEFINE_integer(
    "startup_trials",
    5,
    "Complete trials before any is stopped early.",
    lower_bound=1,
)
_STUDY = flags.DEFINE_string(
    "study",
    None,
    "SQLite file of the search; by default study.db in a directory with the "
    "name of --workdir and _search.",
)


def main() -> int:
    tf.get_logger().addFilter(_is_news)
    settings = config.from_flags()
    print(f"loading {settings.source}", flush=True)
    source = data_setup.load_source(settings, flags.FLAGS.data_dir)
    trainer = TrialTrainer(settings, source)
    study = _open(settings)
    try:
        _search(study, trainer)
    except (Interrupted, KeyboardInterrupt):
        print("interrupted: run the same command again to resume")
        return 130
    finally:
        _report(study)
    return 0


def _is_news(line: logging.LogRecord) -> bool:
    """False of TensorFlow's warning that each trial is compiled anew."""
    return "triggered tf.function retracing" not in line.getMessage()


def _open(settings: Config) -> Study:
    base = workdir.directory(settings.source).rstrip("/")
    shared = {n: v for n, v in vars(settings).items() if n not in _RANGES}
    return Study(
        pathlib.Path(_STUDY.value or f"{base}_search/study.db"),
        shared,
        {name: flag.value for name, flag in _RANGES.items()},
        _STARTUP_TRIALS.value,
    )


def _search(study: Study, trainer: TrialTrainer) -> None:
    """Runs trials until there are enough, or the time is over."""
    limit = float("inf") if _MINUTES.value is None else 60 * _MINUTES.value
    started = time.monotonic()
    while (left := _TRIALS.value - len(study.trials)) > 0:
        if time.monotonic() - started >= limit:
            print(f"{_MINUTES.value:g} minutes are over")
            break
        _say_what_is_left(study, left)
        _try(study, trainer)


def _say_what_is_left(study: Study, left: int) -> None:
    ended = study.trials
    line = f"trial {len(ended) + 1} of {_TRIALS.value}"
    if ended:
        mean = sum(trial["seconds"] for trial in ended) / len(ended)
        line += f", about {mean * left / 60:.1f} min left"
    print(line, flush=True)


def _try(study: Study, trainer: TrialTrainer) -> None:
    """Runs one trial, and keeps what became of it, whatever that is."""
    trial = study.ask()
    print(f"  {search_results.as_flags(trial.params)}", flush=True)
    logs = study.path.with_suffix("") / str(trial.number)
    try:
        study.complete(trial, trainer.train(trial, logs))
    except optuna.TrialPruned:
        study.prune(trial)
        print("stopped: worse than the median", flush=True)
    except FloatingPointError as error:
        study.prune(trial, diverged=True)
        print(f"stopped: {error}", flush=True)
    except BaseException:
        study.fail(trial)
        raise


def _report(study: Study) -> None:
    summary = search_results.summarise(study)
    out = pathlib.Path(
        output_flags.OUT.value or study.path.with_suffix(".json")
    )
    workdir.write_json(out, summary)
    print(search_results.table(summary))
    print(f"record: {out}")
    if summary["best"]:
        picture = output_flags.PICTURE.value or study.path.with_suffix(".png")
        viz.save(search_results.draw(summary), picture)
        print(f"picture: {picture}")


if __name__ == "__main__":
    run(main)
