"""Trains several seeds side by side, and reports mean and deviation.

    python -m trainers.repeat --seeds=0,1,2 --jobs=2 \\
        mnist --flagfile=mnist.flags --workdir=runs/mnist_seeds

First come the flags of this command, then the name of a command that trains, or
of any kind of run, and then the flags of that. Seed 0 is trained in
--workdir/seed_0, and so on. Each directory is what the other command leaves if
it is run alone; with as many cores it is the same to the bit. A line shows how
far each run is; without a terminal, all lines of the runs are printed. If a run
fails, the others go on. At the end the command names it with the reason, and
the exit code is 1.

The same command resumes runs that were interrupted or have failed, and leaves
finished ones as they are. At the end it writes seeds.json in --workdir, or the
file --out: for each figure of the results the mean, the standard deviation (of
a sample; none for one seed) and all values.
"""

import dataclasses
import importlib
import pathlib
from collections.abc import Sequence
from typing import Any

from absl import flags

from ram_tf_runs import cluster, memory, repeated, training
from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import lock
from ram_tf_runs.settings import flags as setting_flags
from ram_tf_runs.settings import run as runs
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import Jobs, Out, TrainOptions
from ram_tf_runs.settings.training import SEED
from ram_tf_runs.side_by_side.crew import Child, Crew

TRAINERS = ("catch", "classify", "mnist", "numbers", "play", "signs", "svhn")


@dataclasses.dataclass(frozen=True)
class Repeat(Settings):
    """How often."""

    seeds: tuple[str, ...] = setting(
        ("0", "1", "2"), "The values of --seed, between commas."
    )

    def check(self):
        least, most = SEED["least"], SEED["most"]
        fit = [s.isdecimal() and least <= int(s) <= most for s in self.seeds]
        if not all(fit) or not fit or len(set(self.numbers)) < len(fit):
            raise UserError(
                f"--seeds must be different whole numbers from {least} to "
                f"{most}. Received: --seeds={','.join(self.seeds)}"
            )

    @property
    def numbers(self) -> list[int]:
        return [int(seed) for seed in self.seeds]


def main(repeat: Repeat, jobs: Jobs, out: Out, arguments: list[str]) -> int:
    cluster.check_alone()
    name, trainer = _trainer(arguments)
    given: list[Settings] = []
    parsing = dataclasses.replace(
        trainer,
        main=lambda *parts: given.extend(parts),
        others="Those of this command stand before the name of the other one.",
    )
    if code := parsing.call(arguments, _values(parsing, arguments)):
        return code
    settings, options = given
    memory.check(settings)
    workdir = pathlib.Path(options.place.workdir or f"runs/{name}")
    seeds = [
        repeated.Seed(settings.replace(seed=seed), workdir / f"seed_{seed}")
        for seed in repeat.numbers
    ]
    crew = Crew(jobs.jobs)
    with lock.of_workdir(workdir):
        outcomes = crew.run(
            Child(seed.name, [name, *_flags(trainer, seed, options)])
            for seed in seeds
            if seed.result() is None
        )
        if crew.stopped:
            print("interrupted: run the same command again to resume")
            return crew.code
        failed = {n: o.reason for n, o in outcomes.items() if o.code != 0}
        summary = repeated.summarise(name, seeds, failed)
        _report(summary, pathlib.Path(out.out or workdir / "seeds.json"))
    return 1 if failed else 0


def _trainer(arguments: Sequence[str]) -> tuple[str, Command]:
    """The command that trains, by its name or that of a kind of run."""
    name = arguments[0] if arguments else None
    if name in TRAINERS:
        return name, importlib.import_module(f"{__package__}.{name}").COMMAND
    if name in runs.names():
        return name, training.command(runs.of_kind(name), name)
    known = sorted({*TRAINERS, *runs.names()})
    raise UserError(
        "After the flags of this command must come the name of one that "
        f"trains, one of {known}. Received: {name}"
    )


def _values(command: Command, arguments: Sequence[str]) -> flags.FlagValues:
    """With the flags of a command defined."""
    values = flags.FlagValues()
    command.define(arguments, values, arguments[0])
    return values


def _flags(
    trainer: Command, seed: repeated.Seed, options: TrainOptions
) -> list[str]:
    options = options.replace(workdir=str(seed.workdir))
    own = setting_flags.arguments(seed.settings, trainer.defaults)
    return own + setting_flags.arguments(options)


def _report(summary: dict[str, Any], path: pathlib.Path) -> None:
    # TensorFlow comes with these; nobody waits for it by now.
    importlib.import_module("ram_tf_runs.quiet")  # First.
    from ram_tf_runs.records import record
    from ram_tf_runs.records.workdir import write_json

    write_json(path, summary | record.circumstances())
    print(repeated.table(summary))
    print(f"record: {path}")


class _Repeat(Command):
    """Its own flags end at the first argument that is none."""

    def define(
        self, argv: Sequence[str], values: flags.FlagValues, module: str
    ) -> None:
        super().define(argv, values, module)
        values.set_gnu_getopt(False)


COMMAND = _Repeat(
    main,
    (Repeat, Jobs, Out),
    positional=True,
    others="Those of a training command stand after its name.",
)


if __name__ == "__main__":
    run(COMMAND)
