"""Measures a trained model on larger canvases than it was trained on.

    python -m trainers.larger_canvases --pretrained=cluttered_100 \\
        --canvases=100,150,200,256 --out=results/larger_canvases.json

Weights and moves stay what they were: a unit of location is as many pixels as
on the canvas of the training, and the eye reaches no further from the middle.
Clutter is as dense.
"""

import pathlib
from typing import Any

import keras
from absl import flags

from trainers.command import run
from data.splits import Source
from ram_tf.evaluation import evaluate
from trainers.configs.config import Config
from trainers.configs.output_flags import OUT
from trainers.runs import data_setup, model_source, record, setup
from trainers.runs.workdir import write_json

flags.adopt_module_key_flags(model_source)
flags.declare_key_flag("out")
_CANVASES = flags.DEFINE_list(
    "canvases", ["100", "150", "200", "256"], "Sides of the canvases in pixels."
)
_TEST_CANVASES = flags.DEFINE_integer(
    "test_canvases",
    2000,
    "Test canvases of each size, at most those that there are.",
    lower_bound=1,
)


@flags.validator("canvases", "must be whole numbers above zero, as in 100,256")
def _are_sides(canvases):
    return bool(canvases) and all(c.isdecimal() and int(c) for c in canvases)


def main() -> None:
    trained = model_source.load_classifier()
    config, model = trained.config, trained.model
    if config.network != "ram":
        raise ValueError(
            "The model must be one of RAM: other networks know one size of "
            f"image. Received: --network={config.network}"
        )
    model.cell.location_unit = unit = config.location_unit or config.canvas / 2
    source = data_setup.load_source(config, flags.FLAGS.data_dir)
    cases = min(_TEST_CANVASES.value, len(source.test.label) * source.repeats)
    result = {
        "model": trained.name,
        "canvases": [
            _measure(model, _enlarged(config, int(side), cases), source)
            for side in _CANVASES.value
        ],
        "trained_on": config.canvas,
        "reach": round(unit * config.location_range, 4),
        "test_cases": cases,
        **record.circumstances(),
    }
    print(table(result))
    if OUT.value:
        write_json(pathlib.Path(OUT.value), result)


def table(result: dict[str, Any]) -> str:
    """The errors as a few lines of text."""
    lines = [
        f"test error, % of {result['test_cases']} cases; trained on "
        f"{result['trained_on']}x{result['trained_on']}, the eye reaches "
        f"{result['reach']:g} pixels from the middle",
        "canvas  clutter   error  random  centre",
    ]
    for row in result["canvases"]:
        lines.append(
            f"{row['canvas']:6}{row['clutter']:9}{row['error']:8.2f}"
            f"{row['error_random_fixations']:8.2f}"
            f"{row['error_centre_only']:8.2f}"
        )
    return "\n".join(lines)


def _enlarged(config: Config, side: int, cases: int) -> Config:
    """The same task on another canvas, with as much clutter an area."""
    clutter = round(config.clutter * (side / config.canvas) ** 2)
    changes = {"canvas": side, "clutter": clutter, "evaluation_cases": cases}
    return Config(**vars(config) | changes)


def _measure(
    model: keras.Model, config: Config, source: Source
) -> dict[str, Any]:
    evaluator = setup.make_evaluator(
        model, data_setup.test_data(config, source)
    )
    found = evaluate(evaluator)
    return {
        "canvas": config.canvas,
        "clutter": config.clutter,
        "error": found["error"],
        "error_random_fixations": found["error_random_fixations"],
        "error_centre_only": found["error_centre_only"],
        "error_by_glimpse": found["error_by_glimpse"],
    }


if __name__ == "__main__":
    run(main)
