"""Finding a thing on images of any size: a released eye, and conv nets.

    python -m benchmarks.searching --out=benchmarks/results/searching.json
    python -m benchmarks.searching --model=find \\
        --out=benchmarks/results/searching_photographs.json

The model with twelve looks; `conv_any`, five convolutions and the maximum over
the whole image, which finds a digit wherever it is; and `conv_128`, the same on
the image scaled to 128x128. One image, uint8, on one thread. Run it with
nothing else running. What they say of such images is in RESULTS.md.
"""

import tensorflow as tf
from absl import flags

from benchmarks import calls
from benchmarks.memory import extra_memory
from benchmarks.timing import REPETITIONS, interleave, show, write
from ram_tf import RecurrentAttentionModel
from ram_tf.comparators import ANY_SIZE, make_comparator
from ram_tf_runs.command import run

_MODEL = flags.DEFINE_enum(
    "model", "seek", ["seek", "find"], "The released model that looks."
)
_LOOKS = 12
_SIDES = flags.DEFINE_multi_integer(
    "canvas", [256, 512, 1024, 2048, 4096], "Sides of the images."
)
_CALLS = 2  # In a measured repetition.


def main() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    eye = RecurrentAttentionModel.from_preset(_MODEL.value, glimpses=_LOOKS)
    like = {"channels": eye.channels, "num_classes": eye.num_classes}
    nets = {name: make_comparator(name, 128, **like) for name in ANY_SIZE}
    nets = {_MODEL.value: eye, **nets}
    contestants, memory = {}, {}
    for side in _SIDES.value:
        images = calls.images(side, 1, eye.channels)
        for name, net in nets.items():
            call = calls.compiled(lambda image, net=net: net(image)["logits"])
            repeated = calls.repeat(call, images, _CALLS)
            contestants[name, side] = repeated
            memory[name, side] = extra_memory(repeated)
    seconds = interleave(contestants, REPETITIONS.value)
    rows = []
    for side in _SIDES.value:
        row = {"side": side}
        for name in nets:
            row[f"{name}_ms"] = 1e3 * seconds[name, side] / _CALLS
            row[f"{name}_extra_mb"] = memory[name, side]
        for name in ANY_SIZE:
            ratio = row[f"{name}_ms"] / row[f"{_MODEL.value}_ms"]
            row[f"{name}_over_{_MODEL.value}"] = ratio
        rows.append(row)
    show("one image, ms and MB", rows)
    write({"searching": rows, "looks": _LOOKS}, REPETITIONS.value)


if __name__ == "__main__":
    run(main)
