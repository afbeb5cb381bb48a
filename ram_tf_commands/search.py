"""Random search over learning rate and location_std (paper, section 4).

    python -m trainers.search --flagfile=cluttered.flags --epochs=4 --trials=20
    python -m trainers.search --flagfile=cluttered.flags --epochs=4 --jobs=2

Each trial is a short run, measured on validation data after the last glimpse.
The test set is not read. A trial worse than the median is stopped early. The
same command resumes a search, and a larger --trials adds to it. A search leaves
these side by side: Optuna's study.db, study.json or --out, study.png or
--picture, and TensorBoard's logs of each trial in study/.

--jobs=N makes N trials at a time. You may also give the same command again
while it still runs: all processes work on one study, and together they make
--trials trials. What a trial draws depends on --seed and its number alone. If a
process is killed, the next process to ask for work makes its trial again. Which
trials are stopped early depends on which have ended by then, and so on timing
if there is more than one process. If --startup_trials equals --trials, no trial
is stopped, and the result equals that of one process with as many cores.
"""

import dataclasses
import math
import pathlib
import typing
from collections.abc import Sequence

from ram_tf_runs import memory
from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings import flags
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import Jobs, Out, Picture, RunOptions
from ram_tf_runs.settings.run import RunSettings, of_kind
from ram_tf_runs.side_by_side.crew import Child, Crew

if typing.TYPE_CHECKING:
    from ram_tf_runs.searching.study import Study

_DRAWN = ("learning_rate", "location_std")


@dataclasses.dataclass(frozen=True)
class Search(Settings):
    """What is drawn, and how often."""

    kind: str = setting("classify", "Kind of run to search settings for.")
    learning_rate_range: tuple[float, ...] = setting(
        (3e-4, 3e-3), "Range of --learning_rate, which is drawn log-uniformly."
    )
    location_std_range: tuple[float, ...] = setting(
        (0.03, 0.3), "Range of --location_std, which is drawn log-uniformly."
    )
    trials: int = setting(
        20,
        "Number of trials in all, including those of earlier calls.",
        least=1,
    )
    minutes: float | None = setting(
        None, "Minutes after which no further trial is started.", least=0.0
    )
    startup_trials: int = setting(
        5,
        "Number of trials that must be complete before any is stopped early.",
        least=1,
    )
    study: str | None = setting(
        None,
        "SQLite file of the search. By default it is study.db in a "
        "directory with the name of --workdir and _search.",
        path=True,
    )
    report: bool = setting(
        True,
        "Whether to report at the end what was found, and to write the "
        "record and the picture.",
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
    jobs: Jobs,
    out: Out,
    picture: Picture,
) -> int:
    memory.check(settings)
    workdir = options.place.workdir or f"runs/{settings.program.split('.')[-1]}"
    path = search.study or f"{workdir.rstrip('/')}_search/study.db"
    search = search.replace(study=path)
    # --help does without Optuna, and without TensorFlow, of the second.
    from ram_tf_runs.searching.study import Study

    def opened():
        shared = {n: v for n, v in settings.record().items() if n not in _DRAWN}
        ranges, startup = search.ranges, search.startup_trials
        return Study(pathlib.Path(path), shared, ranges, startup)

    if jobs.jobs > 1:
        if pathlib.Path(path).exists():
            opened()  # What is wrong with it is told once.
        code = _side_by_side(settings, options, search, jobs.jobs)
        if search.report and pathlib.Path(path).exists():
            _report(opened(), out, picture)
        return code
    from ram_tf_runs.searching import search as course

    trainer = course.trainer(settings, options.data.data_dir)
    study = opened()
    try:
        return course.run(study, trainer, search.trials, search.minutes)
    finally:
        if search.report:
            _report(study, out, picture)


def _report(study: "Study", out: Out, picture: Picture) -> None:
    from ram_tf_runs.searching import search as course

    course.report(study, out.out, picture.picture)


def _side_by_side(
    settings: RunSettings, options: RunOptions, search: Search, jobs: int
) -> int:
    """Searches in processes of their own; returns the exit code."""
    search = search.replace(report=False)
    given = [settings, options, search]
    arguments = [a for part in given for a in flags.arguments(part)]
    crew = Crew(jobs)
    outcomes = crew.run(
        Child(f"process {i + 1}", ["search", *arguments]) for i in range(jobs)
    )
    if crew.stopped:
        print("interrupted: run the same command again to resume")
        return crew.code
    # One that is left has made the trials of those that were killed.
    return min(abs(outcome.code or 0) for outcome in outcomes.values())


def _kinds(arguments: Sequence[str]) -> tuple[type[Settings], ...]:
    """The classes of flags: those of the kind of run that --kind names."""
    kind = Search.kind
    for argument in arguments:
        if argument.startswith("--kind="):
            kind = argument.partition("=")[2]
    return (of_kind(kind), RunOptions, Search, Jobs, Out, Picture)


COMMAND = Command(
    main,
    _kinds,
    others="--kind names the kind of run whose flags can be given.",
)


if __name__ == "__main__":
    run(COMMAND)
