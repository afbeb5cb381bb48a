"""Compares learned stops with a fixed number of glimpses and a threshold.

    for cost in 0.0001 0.001 0.01; do
      python -m trainers.mnist --flagfile=cluttered.flags \\
          --pretrained=cluttered --stop --train_only_stop --reward=accuracy \\
          --glimpse_cost=$cost --learning_rate=1e-4 --epochs=2 \\
          --workdir=runs/stop_$cost
    done
    python -m trainers.stopping \\
        --workdirs=runs/stop_0.0001,runs/stop_0.001,runs/stop_0.01 \\
        --out=results/stopping.json --picture=docs/stopping.png

Each model is measured on its test set: where it stops by itself, after each
number of glimpses, and where it stops as soon as its highest probability
exceeds a threshold. The comparison is made at the same mean number of glimpses.
"""

import pathlib
from typing import Any

import numpy as np
from absl import flags

from trainers.command import run
from data import sources
from ram_tf import viz
from trainers.configs import output_flags
from trainers.configs.config import Config
from trainers.configs.input_flags import WORKDIRS
from trainers.pictures import stop_curves
from trainers.runs import record, setup
from trainers.runs.workdir import Workdir, differences, write_json

flags.declare_key_flag("data_dir")
flags.declare_key_flag("workdirs")
flags.declare_key_flag("out")
flags.declare_key_flag("picture")
# What makes the test set; models are compared on one.
_TASK = (
    "source",
    "canvas",
    "clutter",
    "clutter_size",
    "place",
    "frames",
    "speed",
)


def main() -> None:
    runs = _load_runs()
    config = next(iter(runs.values()))[1]
    source = sources.load(config.source, flags.FLAGS.data_dir)
    test = setup.test_data(config, source)
    result = {
        "models": {name: _measure(*run, test) for name, run in runs.items()},
        "test_cases": len(test["label"]),
        "published": stop_curves.PUBLISHED,
        "versions": record.versions(),
        "machine": record.machine(),
        "git_revision": record.git_revision(),
    }
    print(stop_curves.table(result))
    out, picture = output_flags.OUT.value, output_flags.PICTURE.value
    if out:
        write_json(pathlib.Path(out), result)
        print(f"record: {out}")
    if picture:
        viz.save(stop_curves.draw(result), picture)
        print(f"picture: {picture}")


def _load_runs() -> dict[str, tuple[setup.Model, Config]]:
    """The trained models, by the names of their directories.

    Raises:
        ValueError: If there are none, one that does not stop by itself, two of
            a name, or different tasks.
    """
    runs, first = {}, None
    for run_dir in map(Workdir, WORKDIRS.value):
        config, name = run_dir.load_config(), run_dir.path.resolve().name
        if not config.stop:
            raise ValueError(
                "--workdirs must name runs made with --stop. "
                f"Received: {run_dir.path}"
            )
        first = first or config
        changed = differences(_task(first), _task(config))
        if changed or name in runs:
            wrong = "; ".join(changed) or f"two directories named {name}"
            raise ValueError(
                "--workdirs must name different runs on one task. "
                f"Received: {WORKDIRS.value}: {wrong}"
            )
        runs[name] = run_dir.load_model(), config
    if not runs:
        raise ValueError("--workdirs must name a finished run. Received: none")
    return runs


def _task(config: Config) -> dict[str, Any]:
    return {name: getattr(config, name) for name in _TASK}


def _measure(
    model: setup.Model, config: Config, test: dict[str, np.ndarray]
) -> dict[str, Any]:
    rollouts = setup.make_evaluator(model, test).rollouts()
    measured = stop_curves.measure(rollouts, test["label"])
    return {**measured, "config": vars(config)}


if __name__ == "__main__":
    run(main)
