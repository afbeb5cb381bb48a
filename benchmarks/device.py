"""Latency on a device: RAM as .tflite files beside the paper's conv net.

    python -m benchmarks.device --out=benchmarks/results/device.json

One image a call, one thread, LiteRT with XNNPACK; `invoke` alone is measured,
as a median and, for machines that are never quiet, as the least. The weights
are not trained: speed does not depend on them.
"""

import itertools
import pathlib
import tempfile
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from absl import flags
from ai_edge_litert.interpreter import Interpreter

from benchmarks import plots
from benchmarks.timing import REPETITIONS, show, turns, write
from ram_tf import RecurrentAttentionModel
from ram_tf.export.tflite import from_functions, save_tflite
from ram_tf_runs.command import run

_SIDES = flags.DEFINE_multi_integer(
    "canvas", [60, 256, 1024], "Sides of the images.", lower_bound=28
)
_GLIMPSES = flags.DEFINE_integer("glimpses", 8, "Looks.", lower_bound=1)
_PLOT = flags.DEFINE_string("plot", None, "PNG file for the plot.")
_IMAGES = 5  # They take turns.
_CALLS = 20  # In a measured repetition.
# Units of the conv net's hidden layer: the paper's at 60, and its 86 of 100
# for all that is larger.
_UNITS, _UNITS_LARGER = 256, 86


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        files = _files(pathlib.Path(directory))
        contestants = {key: _repeat(path) for key, path in files.items()}
        sizes = {key: path.stat().st_size for key, path in files.items()}
        seconds = turns(contestants, REPETITIONS.value)
    rows = [_row(side, seconds, sizes) for side in _SIDES.value]
    show("ms an image, one thread; kB of the file", rows)
    ratios = [
        {"over side": rows[0]["side"], "side": row["side"]}
        | {n: row[f"{n}_ms"] / rows[0][f"{n}_ms"] for n in plots.DEVICE_LINES}
        for row in rows[1:]
    ]
    show("how much longer it takes", ratios)
    write({"device": rows, "ratios": ratios}, REPETITIONS.value)
    if _PLOT.value:
        plots.device(rows, pathlib.Path(_PLOT.value))


def _row(side: int, seconds, sizes) -> dict:
    row = {"side": side}
    for name in plots.DEVICE_LINES:
        milliseconds = 1e3 / _CALLS * np.array(seconds[name, side])
        row[f"{name}_ms"] = float(np.median(milliseconds))
        row[f"{name}_least_ms"] = float(milliseconds.min())
        row[f"{name}_kb"] = sizes[name, side] / 1e3
    return row


def _files(directory: pathlib.Path) -> dict[tuple[str, int], pathlib.Path]:
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        glimpses=_GLIMPSES.value, glimpse_size=12, scales=3, sensor="gather"
    )
    model.build((None, None, None, 1))
    files = {}
    for side in _SIDES.value:
        paths = save_tflite(model, side, directory, f"ram_{side}")
        for name, path in zip(("ram", "ram_int8"), paths, strict=True):
            files[name, side] = path
        files["conv", side] = directory / f"conv_{side}.tflite"
        files["conv", side].write_bytes(_conv(side))
    return files


def _conv(side: int) -> bytes:
    """The paper's: 8 filters of 10x10 at stride 5, one hidden layer."""
    # Not make_comparator's: LiteRT is faster with Conv2D than with windows.
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((side, side, 1), batch_size=1, dtype="uint8"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 10, 5, activation="relu"),
            layers.Flatten(),
            layers.Dense(
                _UNITS if side <= 60 else _UNITS_LARGER, activation="relu"
            ),
            layers.Dense(10, activation="softmax"),
        ]
    )
    spec = tf.TensorSpec([1, side, side, 1], tf.uint8, "image")
    traced = tf.function(
        lambda image: {"probabilities": model(image)}, autograph=False
    ).get_concrete_function(spec)
    return from_functions({"classify": traced}, model.weights)


def _repeat(path: pathlib.Path) -> Callable[[], None]:
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    (image,) = interpreter.get_input_details()
    rng = np.random.default_rng(0)
    images = itertools.cycle(
        rng.integers(0, 256, [_IMAGES, *image["shape"]], np.uint8)
    )

    def repeated():
        interpreter.set_tensor(image["index"], next(images))
        for _ in range(_CALLS):
            interpreter.invoke()

    return repeated


if __name__ == "__main__":
    run(main)
