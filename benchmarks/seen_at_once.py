"""How well small networks see at once where the sign in a photograph is.

    python -m benchmarks.seen_at_once --backgrounds=PHOTOGRAPHS \\
        --data_dir=FOLDER_OF_SIGNS --out=benchmarks/results/seen_at_once.json

By this the convolutions of ColourCellPolicy were chosen. Each network sees all
of a photograph of 512 x 512 in cells of one size, as a window of the retina
would show it, and gives each cell, or each square of 2 x 2 if it has a step of
two, a number. The softmax of these is trained to be where the sign is, with
the targets of `guidance_weight`. On validation photographs the figures are
the share of signs that are the likeliest place, and that are among the twelve
likeliest, in %. Places are at least 28 pixels apart, and one within half the
sign's side of its middle counts. The record is written after each network, and
the same command goes on.
"""

import json
import pathlib
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from absl import flags

from benchmarks.timing import OUT, show, write
from ram_tf_data.hidden_signs import HiddenSign, Scenery, draw_signs, paint
from ram_tf_runs.command import run
from ram_tf_runs.records import recipe
from ram_tf_runs.settings.kinds.find import FindSettings
from ram_tf_runs.tasks.kinds.find import FindTask

_BACKGROUNDS = flags.DEFINE_string("backgrounds", None, "Of photographs.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Of signs.")
_STEPS = flags.DEFINE_integer("steps", 1000, "Of training.", lower_bound=1)
_CASES = flags.DEFINE_integer("cases", 400, "Of validation.", lower_bound=1)
_BATCH = 16
_LEARNING_RATE = 3e-3
_LOOKS = 12
_APART = 28  # Pixels between places.
_BLOCK = 4  # Pixels of a side of what contrast is the contrast of.


class Network(NamedTuple):
    """Sides, steps and filters of convolutions, and what they see."""

    cell: int
    convolutions: tuple[tuple[int, int, int], ...]
    contrast: bool = False

    @property
    def name(self) -> str:
        layers = ", ".join(
            f"{side}x{side}/{step}x{count}"
            for side, step, count in self.convolutions
        )
        contrast = ", contrast" if self.contrast else ""
        return f"cells of {self.cell}: {layers}{contrast}"

    @property
    def square(self) -> int:
        """Pixels of a side of what has a number."""
        return self.cell * int(np.prod([c[1] for c in self.convolutions]))


_ONE = ((5, 1, 24),)
_TWO = ((3, 1, 12), (3, 1, 24))
_THREE = (*_TWO, (3, 1, 24))
_STEPPED = ((4, 2, 16), (3, 1, 24), (3, 1, 24))
NETWORKS = [
    *[Network(8, layers) for layers in (_ONE, _TWO, _THREE, _STEPPED)],
    Network(8, _STEPPED, contrast=True),
    *[Network(16, layers) for layers in (_ONE, _THREE, _STEPPED)],
    *[Network(16, layers, contrast=True) for layers in (_ONE, _THREE)],
    Network(16, _STEPPED, contrast=True),
]


def main() -> None:
    arguments = ["--flagfile=find.flags", f"--backgrounds={_BACKGROUNDS.value}"]
    task = FindTask(recipe.parse(FindSettings, arguments), _DATA_DIR.value)
    task.prepare()
    made = {split: _Canvases(task, split) for split in ("train", "validation")}
    found = _before()
    for network in NETWORKS:
        if network.name not in found:
            found[network.name] = _measured(network, made)
            print(network.name, found[network.name], flush=True)
            _write(found)
    show(
        "signs seen at once, %",
        [{"network": name, **shares} for name, shares in found.items()],
    )


class _Canvases:
    """Photographs of a split with signs in them."""

    def __init__(self, task: FindTask, split: str):
        signs = task.source.splits[split]
        hidden = HiddenSign(task.side, task.settings.hidden.distractors)
        scenery = Scenery.of(task.photographs(split))
        images = tf.constant(signs.image)
        self.side = task.side
        self.signs = len(signs.label)

        @tf.function(jit_compile=True, autograph=False)
        def make(index, seed):
            drawn = draw_signs(hidden, scenery, index, seed)
            return paint(hidden, scenery, images, drawn), drawn.target

        self._make = make

    def make(self, index, seed) -> tuple[tf.Tensor, tf.Tensor]:
        """Canvases and the targets of guidance."""
        return self._make(tf.constant(index, tf.int32), tf.constant(seed))


def _measured(network: Network, made: dict[str, _Canvases]) -> dict[str, float]:
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Conv2D(
            count, side, step, padding="same", activation="relu"
        )
        for side, step, count in network.convolutions
    ]
    model = keras.Sequential([*layers, keras.layers.Conv2D(1, 1)])
    _train(model, network, made["train"])
    return _shares(model, network, made["validation"])


def _train(model, network: Network, canvases: _Canvases) -> None:
    rate = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, _STEPS.value)
    optimizer = keras.optimizers.Adam(rate)
    images, _ = canvases.make([0], [0, 0])
    model(_seen(images, network))  # Builds it.

    @tf.function(jit_compile=True, autograph=False)
    def gradients(images, target):
        seen = _seen(images, network)
        with tf.GradientTape() as tape:
            chances = tf.nn.log_softmax(_numbers(model, seen))
            on = tf.where(_near(target, network, canvases.side), chances, -1e9)
            loss = -tf.reduce_mean(tf.reduce_logsumexp(on, axis=-1))
        return tape.gradient(loss, model.trainable_variables)

    rng = np.random.default_rng(0)
    for step in range(_STEPS.value):
        index = rng.integers(0, canvases.signs, _BATCH)
        found = gradients(*canvases.make(index, [1, step]))
        optimizer.apply_gradients(
            zip(found, model.trainable_variables, strict=True)
        )


def _shares(model, network: Network, canvases: _Canvases) -> dict[str, float]:
    order = np.random.default_rng(0).permutation(canvases.signs)
    hits: list[np.ndarray] = []
    for start in range(0, min(_CASES.value, len(order)), _BATCH):
        index = order[start : start + _BATCH]
        images, target = canvases.make(index, [2, start])
        numbers = _numbers(model, _seen(images, network)).numpy()
        hits += map(
            lambda n, t: _hits(n, t, network, canvases.side),
            numbers,
            target.numpy(),
        )
    shares = 100 * np.mean(hits, axis=0)
    return {"first": float(shares[0]), "in twelve": float(shares[-1])}


def _hits(numbers, target, network: Network, side: int) -> np.ndarray:
    """Whether the sign was found by then, of the likeliest places in turn."""
    middles = _middles(network, side)
    numbers = numbers.reshape([len(middles)] * 2).copy()
    found = np.zeros(_LOOKS, bool)
    for look in range(_LOOKS):
        row, column = np.unravel_index(numbers.argmax(), numbers.shape)
        place = np.array([middles[row], middles[column]])
        # The target has a quarter of the sign's side.
        found[look] = np.abs(place - target[:2]).max() <= 2 * target[2]
        near = [np.abs(middles - axis) < _APART for axis in place]
        numbers[np.ix_(*near)] = -np.inf
    return np.maximum.accumulate(found)


def _numbers(model, seen) -> tf.Tensor:
    numbers = model(seen)
    return tf.reshape(numbers, [tf.shape(numbers)[0], -1])


def _middles(network: Network, side: int) -> np.ndarray:
    count = side // network.square
    return (np.arange(count) + 0.5) * network.square


def _near(target, network: Network, side: int) -> tf.Tensor:
    middles = tf.constant(_middles(network, side), tf.float32)
    reach = tf.maximum(target[:, 2:], network.square / 2)
    rows, columns = (
        tf.abs(middles - target[:, axis : axis + 1]) <= reach for axis in (0, 1)
    )
    near = rows[:, :, None] & columns[:, None]
    return tf.reshape(near, [-1, middles.shape[0] ** 2])


def _seen(images, network: Network) -> tf.Tensor:
    """What `cell_features.shown` would be of a window of the whole canvas."""
    pixels = tf.cast(images, tf.float32) / 255.0
    cells = tf.nn.avg_pool2d(pixels, network.cell, network.cell, "VALID")
    seen = [_standard(cells, 1e-3)]
    if network.contrast:
        blocks = tf.nn.avg_pool2d(pixels, _BLOCK, _BLOCK, "VALID")
        across = network.cell // _BLOCK
        squares = tf.nn.avg_pool2d(blocks**2, across, across, "VALID")
        spread = tf.sqrt(tf.nn.relu(squares - cells**2))
        seen.append(_standard(spread, 1e-4))
    return tf.concat(seen, axis=-1)


def _standard(values, little: float) -> tf.Tensor:
    apart = values - tf.reduce_mean(values, [1, 2], keepdims=True)
    square = tf.reduce_mean(apart**2, [1, 2, 3], keepdims=True)
    return apart * tf.math.rsqrt(square + little)


def _before() -> dict[str, Any]:
    """What the record has already, if it is of as many steps and cases."""
    path = OUT.value and pathlib.Path(OUT.value)
    if not path or not path.exists():
        return {}
    record = json.loads(path.read_text())
    same = (record["steps"], record["cases"]) == (_STEPS.value, _CASES.value)
    return record["networks"] if same else {}


def _write(found: dict[str, Any]) -> None:
    steps, cases = _STEPS.value, _CASES.value
    write({"steps": steps, "cases": cases, "networks": found}, 1)


if __name__ == "__main__":
    run(main)
