"""One image, small and large: RAM's glimpses, its table of sums, a conv net.

    python -m benchmarks.large_images \\
        --out=benchmarks/results/large_images.json

The retina covers the canvas at each size. `integral` makes a table of sums of
the whole image, once, and reads wide windows from it; `gather` reads all their
pixels. The conv net is the paper's, with the 86 units that it has at 100x100.
Run it with nothing else running.
"""

import keras
from absl import flags

from benchmarks import calls
from benchmarks.calls import Call
from benchmarks.memory import extra_memory
from benchmarks.timing import REPETITIONS, interleave, show, write
from ram_tf import RecurrentAttentionModel
from ram_tf.comparators import make_comparator
from ram_tf.cost import parameters
from ram_tf.layers.glimpse_readers import summed_area
from ram_tf_runs.command import run

_SIDES = flags.DEFINE_multi_integer(
    "canvas", [60, 256, 1024], "Sides of the images.", lower_bound=28
)
_GLIMPSE_SIZE, _GLIMPSES, _CONV_UNITS = 12, 8, 86
_CALLS = 10  # In a measured repetition.


def main() -> None:
    contestants, memory, rows = {}, {}, []
    for side in _SIDES.value:
        images = calls.images(side, 1)
        conv = make_comparator("conv", side, units=_CONV_UNITS)
        nets = {
            "ram_integral": _ram(side, "integral"),
            "table": calls.compiled(
                lambda image: summed_area(image)[::7, 0, ::5]
            ),
            "ram_gather": _ram(side, "gather"),
            "conv": calls.compiled(
                lambda image, net=conv: net(image)["logits"]
            ),
        }
        for name, call in nets.items():
            repeated = calls.repeat(call, images, _CALLS)
            contestants[name, side] = repeated
            memory[name, side] = extra_memory(repeated)
        rows.append({"side": side, "scales": _scales(side)})
        rows[-1]["conv_parameters"] = parameters(conv)
    seconds = interleave(contestants, REPETITIONS.value)
    for row in rows:
        for name in nets:
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


def _ram(side: int, sensor: str) -> Call:
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        glimpses=_GLIMPSES,
        glimpse_size=_GLIMPSE_SIZE,
        scales=_scales(side),
        sensor=sensor,
    )
    model.build((None, side, side, 1))
    return calls.randomly_fixated(model)


if __name__ == "__main__":
    run(main)
