"""Seconds until a training has reached an error, from the start of its process.

    python -m benchmarks.time_to_error --flagfile=cluttered_fast.flags \\
        --errors=4.04,2.63 --out=benchmarks/results/time_to_error.json

Run it with nothing else running. For each seed it starts the training command
in a process of its own, in a fresh directory, and follows its log: imports,
data, compilation and evaluations all count. An error is reached when two
validations in a row lie under it; the clock then stands at the end of the
second. When all errors are reached, the process is told to end; otherwise it
goes on to the end of its schedule. For each error the weights that were best on
validation until then are put aside, which a run would keep that ended there;
after the process has ended, they read the whole test set once, and no clock
runs.

All flags of `trainers.mnist` are flags here; those of --flagfile are the
recipe. With --implementation=torch it is learned by `benchmarks/torch_ram`, by
the Python that --python names. Its data are written before the clock runs, so
that it saves the seconds in which ours loads and composes them.

The record is written after each seed, and the same command makes those that are
missing: a seed that was cut short begins anew, since its time cannot go on.
--plot draws the record, and those that --beside names.
"""

import dataclasses
import json
import pathlib
import sys
import tempfile
from typing import Any

from benchmarks.reaching import goals
from benchmarks.reaching.contestant import Contestant
from benchmarks.reaching.goals import Point
from benchmarks.reaching.ours import Ours
from benchmarks.reaching.process import follow
from benchmarks.reaching.pytorch import PyTorch
from ram_tf import files
from ram_tf_data.facts import FACTS
from ram_tf_runs import leaving
from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import json_files, record
from ram_tf_runs.settings.fields import Settings, group, setting
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.options import Data

_MOST_SEED = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class TimeToError(Settings):
    """What is measured."""

    errors: tuple[float, ...] = setting(
        (4.04, 2.63),
        "Validation errors in % that are to be reached. The default is the "
        "paper's for cluttered.flags, and the best public one.",
    )
    seeds: tuple[str, ...] = setting(
        ("0", "1", "2"), "The values of --seed, between commas."
    )
    cases: int = setting(
        5000,
        "Least number of different validation images; on fewer an error "
        "may be reached by luck.",
        least=1,
    )
    implementation: str = setting(
        "ram_tf", "What learns.", choices=("ram_tf", "torch")
    )
    python: str | None = setting(
        None,
        "With --implementation=torch: the Python of an environment that "
        "has torch and NumPy.",
        path=True,
    )
    more: tuple[str, ...] = setting(
        (),
        "Further flags of the training command, between commas: those that "
        "are no part of a recipe, such as how the work is laid out.",
    )
    runs: str | None = setting(
        None,
        "Directory in which the runs are kept; by default they are removed.",
        path=True,
    )
    out: str | None = setting(None, "JSON file of the record.", path=True)
    plot: str | None = setting(None, "PNG file for the picture.", path=True)
    beside: tuple[str, ...] = setting(
        (), "Records of other measurements for the picture.", path=True
    )
    data: Data = group(Data)

    def check(self):
        if not self.errors or not all(0 < e < 100 for e in self.errors):
            raise UserError(
                "--errors must be numbers between 0 and 100. Received: "
                f"--errors={','.join(map(str, self.errors))}"
            )
        fit = [s.isdecimal() and int(s) <= _MOST_SEED for s in self.seeds]
        if not fit or not all(fit) or len(set(self.seeds)) < len(fit):
            raise UserError(
                "--seeds must be at least one whole number, all different, "
                f"from 0 to {_MOST_SEED}. Received: "
                f"--seeds={','.join(self.seeds)}"
            )
        if (self.python is None) == (self.implementation == "torch"):
            raise UserError(
                "--python belongs to --implementation=torch, which needs it. "
                f"Received: --implementation={self.implementation}, "
                f"--python={self.python or ''}"
            )
        if self.more and self.implementation == "torch":
            raise UserError(
                "--more belongs to --implementation=ram_tf, whose training "
                f"command has flags. Received: --more={','.join(self.more)}"
            )

    @property
    def wanted(self) -> list[float]:
        """Different errors, the easiest first."""
        return sorted(set(self.errors), reverse=True)


def main(options: TimeToError, settings: ClassifySettings) -> None:
    flagfile = _flagfile(sys.argv)
    _check(options, settings)
    leaving.watch()  # So that a signal ends the child, too.
    contestant = _contestant(options, settings)
    whole = _known(options, settings) | {
        "flagfile": flagfile,
        **record.circumstances(),
    }
    whole["versions"] |= contestant.packages
    missing = [s for s in options.seeds if s not in whole["seeds"]]
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(options.runs or temporary).resolve()
        if missing:
            contestant.prepare(place)
        for seed in missing:
            row = _measure(contestant, int(seed), options.wanted, place)
            whole["seeds"][seed] = row
            _write(options, whole)
    _tell(options, whole)


def _flagfile(argv: list[str]) -> str:
    """The name of the recipe.

    Raises:
        UserError: If there is none.
    """
    pairs = zip(argv, [*argv[1:], ""], strict=True)
    named = [
        word.partition("=")[2] or after
        for word, after in pairs
        if word.partition("=")[0] in ("--flagfile", "-flagfile")
    ]
    if not named:
        raise UserError(
            "--flagfile=NAME must name the recipe that is timed, such as "
            "cluttered_fast.flags. Received: none"
        )
    return pathlib.Path(named[-1]).name


def _check(options: TimeToError, settings: ClassifySettings) -> None:
    """Raises UserError if a recipe cannot be timed so."""
    if settings.source not in FACTS:
        raise UserError(
            f"--source must be one of {sorted(FACTS)}. Received: "
            f"--source={settings.source}"
        )
    if settings.pretrained is not None:
        raise UserError(
            "--pretrained must not be given: the time that its training took "
            f"would not count. Received: --pretrained={settings.pretrained}"
        )
    images = FACTS[settings.source].validation
    cases = min(settings.evaluation_cases or images, images)
    if cases < options.cases:
        raise UserError(
            f"Validation must be on at least --cases={options.cases} different "
            "images; --evaluation_cases says on how many. Received: "
            f"{cases} of --source={settings.source}"
        )
    training = settings.training
    if training.epochs < goals.IN_A_ROW * training.evaluate_every:
        raise UserError(
            f"--evaluate_every must be at most --epochs / {goals.IN_A_ROW}: "
            "an error is reached by two validations in a row. Received: "
            f"--evaluate_every={training.evaluate_every:g} "
            f"--epochs={training.epochs:g}"
        )


def _contestant(options: TimeToError, settings: ClassifySettings) -> Contestant:
    data_dir = options.data.data_dir
    if data_dir:
        data_dir = str(pathlib.Path(data_dir).resolve())
    if options.implementation == "torch":
        return PyTorch(settings, data_dir, options.python)
    return Ours(settings, data_dir, options.more)


def _measure(
    contestant: Contestant, seed: int, wanted: list[float], place: pathlib.Path
) -> dict[str, Any]:
    """Trains a seed; what stands of it in the record."""
    workdir = place / f"{contestant.name}_seed_{seed}"
    if workdir.exists():
        raise UserError(
            f"--runs={place} must hold no run of a seed that is to be made: a "
            f"resumed one cannot be timed. Received: {workdir}"
        )
    curve: list[Point] = []
    found: dict[float, Point] = {}

    def see(seconds: float, row: dict[str, Any]) -> bool:
        point = Point(round(seconds, 2), row["step"], row["validation_error"])
        curve.append(point)
        print(f"seed {seed}: {_said(point)}", flush=True)
        for goal in wanted:
            if goal not in found and goals.reached(curve, goal):
                found[goal] = point
                contestant.keep(
                    workdir, row, workdir / f"kept_{goals.key(goal)}"
                )
                print(f"seed {seed}: under {goal:g}%", flush=True)
        return len(found) == len(wanted)

    command = contestant.command(seed, workdir)
    seconds = follow(
        command,
        contestant.environment(workdir),
        workdir / "metrics.jsonl",
        see,
    )
    return {
        "command": command,
        "seconds": round(seconds, 2),
        "ended": "errors" if len(found) == len(wanted) else "schedule",
        "goals": {
            goals.key(goal): _reached(
                contestant, workdir, goal, found.get(goal)
            )
            for goal in wanted
        },
        "curve": curve,
    }


def _reached(
    contestant: Contestant,
    workdir: pathlib.Path,
    goal: float,
    point: Point | None,
) -> dict[str, Any] | None:
    """How a goal was reached, with the test error of its weights."""
    if point is None:
        return None
    tested = contestant.test(workdir, workdir / f"kept_{goals.key(goal)}")
    return {
        "seconds": point.seconds,
        "step": point.step,
        "validation_error": point.error,
        "test_error": tested,
    }


def _said(point: Point) -> str:
    return (
        f"{point.seconds:.0f} s, step {point.step}, "
        f"validation error {point.error:.2f}%"
    )


def _known(options: TimeToError, settings: ClassifySettings) -> dict[str, Any]:
    """The record so far.

    Raises:
        UserError: If it is of something else.
    """
    of = {
        "implementation": options.implementation,
        "errors": options.wanted,
        "cases": options.cases,
        "more": list(options.more),
        "recipe": {k: v for k, v in settings.record().items() if k != "seed"},
        "machine": record.machine(),
    }
    path = pathlib.Path(options.out) if options.out else None
    if path is None or not path.exists():
        return {"of": of, "summary": [], "seeds": {}}
    known = json_files.read(path, "of", "seeds")
    if other := [name for name in of if known["of"].get(name) != of[name]]:
        raise UserError(
            f"--out={path} holds the record of another measurement: it "
            f"differs in {', '.join(other)}. Use another --out."
        )
    return {name: known[name] for name in ("of", "summary", "seeds")}


def _write(options: TimeToError, whole: dict[str, Any]) -> None:
    whole["summary"] = goals.summary(options.wanted, whole["seeds"].values())
    if options.out:
        files.write_text(options.out, f"{json.dumps(whole, indent=1)}\n")


def _tell(options: TimeToError, whole: dict[str, Any]) -> None:
    for row in goals.summary(options.wanted, whole["seeds"].values()):
        print(_line(row))
    if options.plot:
        from benchmarks.reaching import picture

        others = [json_files.read(p, "of", "seeds") for p in options.beside]
        picture.draw([whole, *others], pathlib.Path(options.plot))
        print(f"picture: {options.plot}")


def _line(row: dict[str, Any]) -> str:
    reached = f"{row['reached']} of {row['seeds']} seeds"
    if row["seconds"] is None:
        return f"under {row['error']:g}%: {reached}, so no median"
    return (
        f"under {row['error']:g}%: median {row['seconds']:.0f} s ({reached}), "
        f"test error {row['test_error']:.2f}%"
    )


COMMAND = Command(main, (TimeToError, ClassifySettings))

if __name__ == "__main__":
    run(COMMAND)
