"""Cost against the size of the image: RAM beside the paper's conv net.

    python -m benchmarks.image_size --out=benchmarks/results/image_size.json

Same retina, batch 8, uint8 images that differ from call to call, locations all
over the canvas. Run it with nothing else running.
"""

import pathlib

import keras
import tensorflow as tf
from absl import flags

from benchmarks import calls, plots
from benchmarks.calls import Call
from benchmarks.memory import extra_memory
from benchmarks.timing import REPETITIONS, interleave, show, write
from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf.agents.supervised import SupervisedAgent
from ram_tf.comparators import make_comparator
from ram_tf.training.optimizers import make_optimizer
from ram_tf_runs.command import run

_SIDES = flags.DEFINE_multi_integer(
    "canvas", [60, 256, 1024, 4096], "Sides of the images.", lower_bound=28
)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 8, "Images.", lower_bound=1)
_GLIMPSES = flags.DEFINE_integer("glimpses", 8, "Looks.", lower_bound=1)
_ROLLOUTS = flags.DEFINE_integer(
    "rollouts", 1, "Episodes an image in a training step.", lower_bound=1
)
_PLOT = flags.DEFINE_string("plot", None, "PNG file for the plot.")
_CALLS = 20  # In a measured repetition.
_CONV_UNITS = 256  # The paper's at 60x60, at every size.
_CONV_LIMIT = 1024  # At 4096 the conv net has 1.4 thousand million weights.


def main() -> None:
    sides = _SIDES.value
    contestants, memory = {}, {}
    for side in sides:
        images = calls.images(side, _BATCH_SIZE.value)
        for name, call in _ram(side).items():
            contestants[name, side] = calls.repeat(call, images, _CALLS)
            memory[name, side] = extra_memory(contestants[name, side])
        if side <= _CONV_LIMIT:
            for name, call in _conv(side).items():
                contestants[name, side] = calls.repeat(call, images, _CALLS)
    seconds = interleave(contestants, REPETITIONS.value)
    rows = [_row(side, seconds, memory) for side in sides]
    show(f"ms a call, batch {_BATCH_SIZE.value}", rows)
    ratios = {
        name: seconds[name, sides[-1]] / seconds[name, sides[0]]
        for name in ("ram_train", "ram_classify")
    }
    show(f"RAM, side {sides[-1]} over side {sides[0]}", [ratios])
    write({"image_size": rows, "ratios": ratios}, REPETITIONS.value)
    if _PLOT.value:
        plots.image_size(rows, pathlib.Path(_PLOT.value))


def _row(side: int, seconds, memory) -> dict:
    row = {"side": side}
    for name in ("ram_train", "ram_classify", "conv_train", "conv_classify"):
        one = seconds.get((name, side))
        row[f"{name}_ms"] = None if one is None else 1e3 * one / _CALLS
    row["ram_train_extra_mb"] = memory["ram_train", side]
    row["ram_classify_extra_mb"] = memory["ram_classify", side]
    return row


def _labels() -> tf.Tensor:
    return tf.range(_BATCH_SIZE.value) % 10


def _ram(side: int) -> dict[str, Call]:
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        glimpses=_GLIMPSES.value,
        glimpse_size=12,
        scales=3,
        sensor="gather",
        location_std=0.5,  # Spreads the samples over the canvas.
    )
    model.build((None, side, side, 1))
    agent = ReinforceAgent(
        model,
        make_optimizer("adam", 1e-4, 10**6),
        rollouts=_ROLLOUTS.value,
    )
    train = _training(agent, rollouts=_ROLLOUTS.value)
    classify = calls.randomly_fixated(model)
    return {"ram_train": train, "ram_classify": classify}


def _conv(side: int) -> dict[str, Call]:
    """The paper's, with its optimizer: less work than Adam and clipping."""
    model = make_comparator("conv", side, units=_CONV_UNITS)
    optimizer = make_optimizer("sgd", 1e-4, 10**6, clip_norm=0)
    train = _training(SupervisedAgent(model, optimizer))
    classify = calls.compiled(lambda images: model(images)["probabilities"])
    return {"conv_train": train, "conv_classify": classify}


def _training(agent: ReinforceAgent | SupervisedAgent, **settings) -> Call:
    """A step of an agent, with other noise in each call."""

    @calls.compiled
    def train(images):
        environment = agent.model.environment(images, _labels(), **settings)
        step = tf.cast(agent.optimizer.iterations, tf.int32)
        return agent.train(environment, tf.stack([0, step])).loss

    return train


if __name__ == "__main__":
    run(main)
