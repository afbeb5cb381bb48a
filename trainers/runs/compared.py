"""Finished runs on one task, which a command measures side by side."""

import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

from absl import flags
from matplotlib.figure import Figure

from data.splits import Source
from ram_tf import viz
from trainers.configs import output_flags, settings
from trainers.configs.config import Config
from trainers.configs.input_flags import WORKDIRS
from trainers.runs import data_setup
from trainers.runs.setup import Model
from trainers.runs.workdir import Workdir, differences, write_json

flags.declare_key_flag("data_dir")
flags.declare_key_flag("workdirs")
flags.adopt_module_key_flags(output_flags)

# What makes the test set.
_TASK = (
    "source",
    "train_dir",
    "test_dir",
    "svhn_dir",
    "standardise",
    "grey",
    "canvas",
    "clutter",
    "clutter_size",
    "place",
    "frames",
    "speed",
    "max_digits",
)


class Run(NamedTuple):
    """One of them."""

    directory: pathlib.Path
    config: Config
    model: Model


def load(
    name: Callable[[Run], str], check: Callable[[pathlib.Path, Config], None]
) -> tuple[dict[str, Run], Source]:
    """The runs that --workdirs names, and what they were tested on.

    Args:
        name: What tells a run from the others.
        check: Raises ValueError on a run, by its directory and configuration,
            that cannot be measured.

    Raises:
        ValueError: As `check`; if there are none, one that is not of a
            classifier, two of a name, or different tasks.
    """
    runs: dict[str, Run] = {}
    for workdir in map(Workdir, WORKDIRS.value):
        config = _config(workdir)
        check(workdir.path, config)
        run = Run(workdir.path, config, workdir.load_model())
        first = next(iter(runs.values()), run)
        changed = differences(_task(first.config), _task(config))
        if changed or name(run) in runs:
            wrong = "; ".join(changed) or f"two of the name {name(run)}"
            raise ValueError(
                "--workdirs must name different runs on one task. "
                f"Received: {WORKDIRS.value}: {wrong}"
            )
        runs[name(run)] = run
    if not runs:
        raise ValueError("--workdirs must name a finished run. Received: none")
    config = next(iter(runs.values())).config
    source = data_setup.load_source(config, flags.FLAGS.data_dir)
    if source.test is None:
        raise ValueError(
            "--workdirs must name runs that had a test set. "
            f"Received: {WORKDIRS.value}"
        )
    return runs, source


def save(result: dict[str, Any], draw: Callable[[dict], Figure]) -> None:
    """Writes what was measured to --out, and its picture to --picture."""
    out, picture = output_flags.OUT.value, output_flags.PICTURE.value
    if out:
        write_json(pathlib.Path(out), result)
        print(f"record: {out}")
    if picture:
        viz.save(draw(result), picture)
        print(f"picture: {picture}")


def _config(workdir: Workdir) -> Config:
    config = workdir.load_config()
    if settings.plays_catch(config) or settings.plays_environment(config):
        raise ValueError(
            "--workdirs must name runs that classify images. "
            f"Received: {workdir.path}"
        )
    return config


def _task(config: Config) -> dict[str, Any]:
    return {name: getattr(config, name) for name in _TASK}
