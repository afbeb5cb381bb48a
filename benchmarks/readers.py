"""Reading many windows of one image, small and large, by each sensor.

    python -m benchmarks.readers --out=benchmarks/results/readers.json

Eight fixations all over the image, as many windows as it takes to see its
edges, uint8, on one thread. Beside it stand NumPy's sum over the image, which
reads each pixel once, and the paper's conv net with the 86 units that it has
at 100x100. Run it with nothing else running.
"""

import numpy as np
import tensorflow as tf
from absl import flags

from benchmarks import calls
from benchmarks.calls import Call
from benchmarks.memory import extra_memory
from benchmarks.timing import REPETITIONS, interleave, show, write
from ram_tf import GlimpseSensor, geometry
from ram_tf.comparators import make_comparator
from ram_tf.noise import uniform_noise
from ram_tf_runs.command import run

_SIDES = flags.DEFINE_multi_integer(
    "canvas", [256, 1024, 2048, 4096, 8192], "Sides of the images."
)
_SIZE, _LOOKS, _CONV_UNITS = 12, 8, 86
_CALLS = 3  # In a measured repetition.
# Beyond these, a reader takes seconds, or gigabytes.
_MOST = {"gather": 1024, "conv": 1024, "integral": 4096}


def main() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    contestants, memory, rows = {}, {}, []
    for side in _SIDES.value:
        images = calls.images(side, 1)
        for name, call in _contestants(side).items():
            repeated = calls.repeat(call, images, _CALLS)
            contestants[name, side] = repeated
            memory[name, side] = extra_memory(repeated)
        scales = geometry.reaching(_SIZE, (side, side))
        rows.append({"side": side, "scales": scales})
    seconds = interleave(contestants, REPETITIONS.value)
    for row in rows:
        for name in ("pyramid", "plain_graph", *_MOST, "numpy_sum"):
            one = seconds.get((name, row["side"]))
            row[f"{name}_ms"] = None if one is None else 1e3 * one / _CALLS
            row[f"{name}_extra_mb"] = memory.get((name, row["side"]))
    show("one image, ms and MB", rows)
    write({"readers": rows, "looks": _LOOKS}, REPETITIONS.value)


def _contestants(side: int) -> dict[str, Call]:
    found = {
        "pyramid": calls.compiled(_reading(side, "pyramid")),
        # As TensorFlow Serving runs it.
        "plain_graph": tf.function(_reading(side, "pyramid"), autograph=False),
        "numpy_sum": lambda image: np.sum(image),
    }
    for name in ("integral", "gather"):
        if side <= _MOST[name]:
            found[name] = calls.compiled(_reading(side, name))
    if side <= _MOST["conv"]:
        net = make_comparator("conv", side, units=_CONV_UNITS)
        found["conv"] = calls.compiled(lambda image: net(image)["logits"])
    return found


def _reading(side: int, implementation: str) -> Call:
    """All windows at eight places, others in each call."""
    scales = geometry.reaching(_SIZE, (side, side))
    sensor = GlimpseSensor(_SIZE, scales, implementation)
    count = tf.Variable(0)

    def read(image):
        noise = uniform_noise(tf.stack([count.assign_add(1), 1]), [_LOOKS, 2])
        looks = tf.split(noise, _LOOKS)
        return tf.concat([sensor(image, look) for look in looks], axis=0)

    return read


if __name__ == "__main__":
    run(main)
