"""One image, small and large: RAM's glimpses, its table of sums, a conv net.

    python -m benchmarks.large_images \\
        --out=benchmarks/results/large_images.json

The retina covers the canvas at each size. `integral` makes a table of sums of
the whole image, once, and reads wide windows from it; `gather` reads all their
pixels. The conv net is the paper's, with the 86 units that it has at 100x100.
Run it with nothing else running.
"""

import itertools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from absl import flags

from trainers.command import run
from benchmarks.memory import extra_memory
from benchmarks.timing import REPETITIONS, interleave, show, write
from ram_tf import RecurrentAttentionModel
from ram_tf.comparators import make_comparator
from ram_tf.cost import parameters
from ram_tf.glimpse_readers import summed_area
from ram_tf.policies import RandomFixations, uniform_noise
from ram_tf.unroll import unroll

_SIDES = flags.DEFINE_multi_integer(
    "canvas", [60, 256, 1024], "Sides of the images.", lower_bound=28
)
_GLIMPSE_SIZE, _GLIMPSES, _CONV_UNITS = 12, 8, 86
_SETS = 5  # Images that take turns.
_CALLS = 10  # In a measured repetition.

Call = Callable[[tf.Tensor], tf.Tensor]


def main() -> None:
    contestants, memory, rows = {}, {}, []
    for side in _SIDES.value:
        images = _images(side)
        conv = make_comparator("conv", side, units=_CONV_UNITS)
        calls = {
            "ram_integral": _ram(side, "integral"),
            "table": _compiled(lambda image: summed_area(image)[::7, 0, ::5]),
            "ram_gather": _ram(side, "gather"),
            "conv": _compiled(lambda image, net=conv: net(image)["logits"]),
        }
        for name, call in calls.items():
            repeated = _repeat(call, itertools.cycle(images))
            contestants[name, side] = repeated
            memory[name, side] = extra_memory(repeated)
        rows.append({"side": side, "scales": _scales(side)})
        rows[-1]["conv_parameters"] = parameters(conv)
    seconds = interleave(contestants, REPETITIONS.value)
    for row in rows:
        for name in calls:
            one = seconds[name, row["side"]]
            row[f"{name}_ms"] = 1e3 * one / _CALLS
            row[f"{name}_extra_mb"] = memory[name, row["side"]]
        row["glimpses_ms"] = row["ram_integral_ms"] - row["table_ms"]
        row["conv_over_ram"] = row["conv_ms"] / row["ram_integral_ms"]
    show("one image", rows)
    write({"large_images": rows, "glimpses": _GLIMPSES}, REPETITIONS.value)


def _scales(side: int) -> int:
    """As many as cover the canvas from its middle."""
    scales = 1
    while _GLIMPSE_SIZE * 2 ** (scales - 1) < side:
        scales += 1
    return scales


def _images(side: int) -> list[tf.Tensor]:
    rng = np.random.default_rng(side)
    shape = (1, side, side, 1)
    return [
        tf.constant(rng.integers(0, 256, shape, np.uint8)) for _ in range(_SETS)
    ]


def _compiled(function) -> Call:
    return tf.function(function, jit_compile=True, autograph=False)


def _ram(side: int, sensor: str) -> Call:
    """Classifies with fixations all over the canvas, others in each call."""
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        glimpses=_GLIMPSES,
        glimpse_size=_GLIMPSE_SIZE,
        scales=_scales(side),
        sensor=sensor,
    )
    model.build((None, side, side, 1))
    calls = tf.Variable(0)

    def classify(image):
        environment = model.environment(image)
        seed = tf.stack([calls.assign_add(1), 1])
        noise = uniform_noise(seed, [environment.rows, environment.steps, 2])
        policy = RandomFixations(model.cell, noise)
        return tf.nn.softmax(unroll(policy, environment).logits)

    return _compiled(classify)


def _repeat(call: Call, turns):
    def repeated():
        for _ in range(_CALLS):
            result = call(next(turns))
        return result.numpy()

    return repeated


if __name__ == "__main__":
    run(main)
