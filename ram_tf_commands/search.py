"""Random search over learning rate and location_std (paper, section 4).

    python -m trainers.search --flagfile=cluttered.flags --epochs=4 --trials=20

Each trial is a short run, measured on validation data after the last glimpse;
the test set is not read. A trial worse than the median is stopped early. The
same command resumes a search, and more --trials add to it. It leaves, beside
one another: study.db (Optuna's), study.json or --out, study.png or --picture,
and TensorBoard's logs of each trial in study/.
"""

import dataclasses
import logging
import math
import pathlib
import time
from collections.abc import Sequence

import ram_tf_runs.quiet  # noqa: F401  First.

import optuna
import tensorflow as tf

from ram_tf.pictures import paths as viz
from ram_tf.training.interrupt import Interrupted
from ram_tf_runs.command import Command
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.workdir import write_json
from ram_tf_runs.searching import search_results
from ram_tf_runs.searching.study import Study
from ram_tf_runs.searching.trial import TrialTrainer
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import Out, Picture, RunOptions
from ram_tf_runs.settings.run import RunSettings, of_kind
from ram_tf_runs.tasks.registry import task_of

_DRAWN = ("learning_rate", "location_std")


@dataclasses.dataclass(frozen=True)
class Search(Settings):
    """What is drawn, and how often."""

    kind: str = setting("classify", "Kind of the run that is searched for.")
    learning_rate_range: tuple[float, ...] = setting(
        (3e-4, 3e-3), "Range of --learning_rate, which is drawn log-uniformly."
    )
    location_std_range: tuple[float, ...] = setting(
        (0.03, 0.3), "Range of --location_std, which is drawn log-uniformly."
    )
    trials: int = setting(20, "Trials, with those of earlier calls.", least=1)
    minutes: float | None = setting(
        None, "No trial starts later than this.", least=0.0
    )
    startup_trials: int = setting(
        5, "Complete trials before any is stopped early.", least=1
    )
    study: str | None = setting(
        None,
        "SQLite file of the search; by default study.db in a directory with "
        "the name of --workdir and _search.",
    )

    def check(self):
        for name, limits in self.ranges.items():
            ordered = len(limits) == 2 and 0 < limits[0] <= limits[1]
            if not ordered or not all(map(math.isfinite, limits)):
                given = ",".join(f"{limit:g}" for limit in limits)
                raise UserError(
                    f"--{name}_range must be LOWEST,HIGHEST, finite and above "
                    f"0. Received: --{name}_range={given}"
                )

    @property
    def ranges(self) -> dict[str, tuple[float, ...]]:
        """Lowest and highest value of each setting that is drawn."""
        return {name: getattr(self, f"{name}_range") for name in _DRAWN}


def main(
    settings: RunSettings,
    options: RunOptions,
    search: Search,
    out: Out,
    picture: Picture,
) -> int:
    tf.get_logger().addFilter(_is_news)
    task = task_of(settings, options.data.data_dir)
    task.prepare()
    trainer = TrialTrainer(task)
    workdir = options.place.workdir or f"runs/{settings.program.split('.')[-1]}"
    study = _open(settings, search, workdir)
    try:
        _search(study, trainer, search)
    except (Interrupted, KeyboardInterrupt):
        print("interrupted: run the same command again to resume")
        return 130
    finally:
        _report(study, out.out, picture.picture)
    return 0


def _is_news(line: logging.LogRecord) -> bool:
    """False of TensorFlow's warning that each trial is compiled anew."""
    return "triggered tf.function retracing" not in line.getMessage()


def _open(settings: RunSettings, search: Search, workdir: str) -> Study:
    shared = {n: v for n, v in settings.record().items() if n not in _DRAWN}
    base = workdir.rstrip("/")
    return Study(
        pathlib.Path(search.study or f"{base}_search/study.db"),
        shared,
        search.ranges,
        search.startup_trials,
    )


def _search(study: Study, trainer: TrialTrainer, search: Search) -> None:
    """Runs trials until there are enough, or the time is over."""
    limit = float("inf") if search.minutes is None else 60 * search.minutes
    started = time.monotonic()
    while (left := search.trials - len(study.trials)) > 0:
        if time.monotonic() - started >= limit:
            print(f"{search.minutes:g} minutes are over")
            break
        _say_what_is_left(study, left, search.trials)
        _try(study, trainer)


def _say_what_is_left(study: Study, left: int, trials: int) -> None:
    ended = study.trials
    line = f"trial {len(ended) + 1} of {trials}"
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


def _report(study: Study, out: str | None, picture: str | None) -> None:
    summary = search_results.summarise(study)
    record = pathlib.Path(out or study.path.with_suffix(".json"))
    write_json(record, summary)
    print(search_results.table(summary))
    print(f"record: {record}")
    if summary["best"]:
        picture = picture or study.path.with_suffix(".png")
        viz.save(search_results.draw(summary), picture)
        print(f"picture: {picture}")


def _kinds(arguments: Sequence[str]) -> tuple[type[Settings], ...]:
    """The classes of flags: those of the kind of run that --kind names."""
    kind = Search.kind
    for argument in arguments:
        if argument.startswith("--kind="):
            kind = argument.partition("=")[2]
    return (of_kind(kind), RunOptions, Search, Out, Picture)


COMMAND = Command(
    main,
    _kinds,
    others="--kind names the kind of run whose flags can be given.",
)
