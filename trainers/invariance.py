"""Measures trained models with the digit at each place of a grid.

    python -m trainers.mnist --flagfile=translated.flags --place=left \\
        --workdir=runs/left_ram
    python -m trainers.mnist --flagfile=translated.flags --place=left \\
        --network=conv --workdir=runs/left_conv
    python -m trainers.invariance --workdirs=runs/left_ram,runs/left_conv \\
        --out=results/invariance.json --picture=docs/invariance.png

The paper (abstract) says that RAM "has a degree of translation invariance
built-in". This asks models that have seen digits in one half of the canvas what
they make of them in the other. The same test digits stand at each place.
"""

import pathlib
import sys
from typing import Any

import tqdm
from absl import flags

from trainers.command import run
from data.sources import Split
from ram_tf import viz
from trainers.configs import output_flags
from trainers.configs.config import Config
from trainers.configs.input_flags import WORKDIRS
from trainers.pictures import place_errors
from trainers.pictures.heat_maps import draw_heat_maps
from trainers.runs import record, setup
from trainers.runs.workdir import Workdir, differences, write_json

flags.declare_key_flag("data_dir")
flags.declare_key_flag("workdirs")
flags.adopt_module_key_flags(output_flags)
_CASES = flags.DEFINE_integer(
    "cases", 500, "Test digits at each place.", lower_bound=1
)
_PLACES = flags.DEFINE_integer(
    "places", 10, "Places along a side of the canvas.", lower_bound=2
)
# What makes a task; models are compared on one.
_TASK = ("source", "canvas", "clutter", "clutter_size", "place")


def main() -> None:
    runs = _load_runs()
    config = next(iter(runs.values()))[1]
    source = setup.load_source(config, flags.FLAGS.data_dir)
    result = _measure(runs, config, _first_cases(source.test))
    print(table(result))
    out, picture = output_flags.OUT.value, output_flags.PICTURE.value
    if out:
        write_json(pathlib.Path(out), result)
        print(f"record: {out}")
    if picture:
        viz.save(draw_heat_maps(result), picture)
        print(f"picture: {picture}")


def table(result: dict[str, Any]) -> str:
    """The mean error in each half as a few lines of text."""
    lines = [
        f"test error, % of {result['cases_per_place']} digits at each place; "
        f"trained with digits {result['place']}",
        f"{'':12}{'left half':>12}{'right half':>12}",
    ]
    for name, model in result["models"].items():
        lines.append(f"{name:12}{model['left']:12.2f}{model['right']:12.2f}")
    return "\n".join(lines)


def _load_runs() -> dict[str, tuple[setup.Model, Config]]:
    """The trained models, by the names of their networks.

    Raises:
        ValueError: If there are none, two of a network, or different tasks.
    """
    runs, first = {}, None
    for run_dir in map(Workdir, WORKDIRS.value):
        config = run_dir.load_config()
        if config.frames:
            raise ValueError(
                "--workdirs must name runs on still images: in a video the "
                f"digit has no one place. Received: {run_dir.path}"
            )
        first = first or config
        changed = differences(_task(first), _task(config))
        if changed or config.network in runs:
            wrong = "; ".join(changed) or f"two of --network={config.network}"
            raise ValueError(
                "--workdirs must name runs of different networks on one task. "
                f"Received: {WORKDIRS.value}: {wrong}"
            )
        runs[config.network] = run_dir.load_model(), config
    if not runs:
        raise ValueError("--workdirs must name a finished run. Received: none")
    return runs


def _task(config: Config) -> dict[str, Any]:
    return {name: getattr(config, name) for name in _TASK}


def _first_cases(split: Split) -> Split:
    count = _CASES.value
    if count > len(split.label):
        raise ValueError(
            f"--cases must be at most {len(split.label)}, the test digits that "
            f"there are. Received: {count}"
        )
    return Split(split.image[:count], split.label[:count])


def _measure(
    runs: dict[str, tuple[setup.Model, Config]], config: Config, split: Split
) -> dict[str, Any]:
    canvas = setup.canvas(config)
    rows, columns = place_errors.corners(canvas, split.image, _PLACES.value)
    models = {}
    with _progress(len(runs) * len(rows) * len(columns)) as bar:
        for name, (model, own) in runs.items():
            grid = place_errors.error_grid(
                model, split, canvas, rows, columns, bar.update
            )
            width = split.image.shape[2]
            models[name] = {
                **place_errors.halves(grid, canvas, width, columns),
                "grid": grid.tolist(),
                "config": vars(own),
            }
    return {
        "models": models,
        "rows": rows,
        "columns": columns,
        "cases_per_place": len(split.label),
        "canvas": canvas.side,
        "digit": list(split.image.shape[1:3]),
        "place": canvas.place,
        "versions": record.versions(),
        "machine": record.machine(),
        "git_revision": record.git_revision(),
    }


def _progress(places: int) -> tqdm.tqdm:
    return tqdm.tqdm(
        total=places,
        unit="place",
        disable=not sys.stderr.isatty(),
        dynamic_ncols=True,
    )


if __name__ == "__main__":
    run(main)
