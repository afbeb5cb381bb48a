"""A SavedModel against compiled Keras, and large images against small ones.

    python -m benchmarks.serving --out=benchmarks/results/serving.json

The paper's cluttered task, 60x60 and eight glimpses of three scales; in one
process, without a server's network. Run it with nothing else running.
"""

import itertools
import tempfile
from collections.abc import Callable

import keras
import tensorflow as tf
from absl import flags

from benchmarks import calls
from benchmarks.timing import REPETITIONS, interleave, show, write
from ram_tf import RecurrentAttentionModel
from ram_tf.served.saved_model import save_saved_model
from ram_tf_runs.command import run

_BATCH_SIZES = flags.DEFINE_multi_integer(
    "batch_size", [1, 8, 64], "Images in a request.", lower_bound=1
)
_SIDES = flags.DEFINE_multi_integer(
    "canvas", [60, 1024], "Sides of the images.", lower_bound=28
)
_GLIMPSES = flags.DEFINE_integer("glimpses", 8, "Looks.", lower_bound=1)
_CALLS = 5  # In a measured repetition.


def main() -> None:
    model = _model()
    serve = _saved_model(model)
    compiled = calls.compiled(model)
    contestants = {}
    for batch_size, side in itertools.product(_BATCH_SIZES.value, _SIDES.value):
        nets = {"saved_model": lambda images: serve(image=images)}
        if side == _SIDES.value[0]:
            nets["keras"] = compiled
        images = calls.images(side, batch_size)
        for name, net in nets.items():
            contestants[name, batch_size, side] = calls.repeat(
                _answering(net), images, _CALLS
            )
    seconds = interleave(contestants, REPETITIONS.value)
    rows = [_row(batch_size, seconds) for batch_size in _BATCH_SIZES.value]
    show("ms a request", rows)
    write({"serving": rows}, REPETITIONS.value)


def _row(batch_size: int, seconds) -> dict:
    small, large = _SIDES.value[0], _SIDES.value[-1]
    ms = 1e3 / _CALLS
    served = seconds["saved_model", batch_size, small]
    return {
        "batch_size": batch_size,
        "compiled_keras_ms": ms * seconds["keras", batch_size, small],
        "saved_model_ms": ms * served,
        "throughput_ratio": seconds["keras", batch_size, small] / served,
        f"saved_model_{large}_ms": (
            ms * seconds["saved_model", batch_size, large]
        ),
        f"time_{large}_over_{small}": (
            seconds["saved_model", batch_size, large] / served
        ),
    }


def _model() -> RecurrentAttentionModel:
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        glimpses=_GLIMPSES.value, glimpse_size=12, scales=3, sensor="gather"
    )
    model.build((None, 60, 60, 1))
    # Untrained, it would look at the centre only; so it looks about.
    kernel = model.cell.location_policy.dense.kernel
    kernel.assign(10.0 * kernel)
    return model


def _saved_model(model: RecurrentAttentionModel):
    with tempfile.TemporaryDirectory() as directory:
        save_saved_model(model, directory)
        loaded = tf.saved_model.load(directory)
    serve = loaded.signatures["serving_default"]
    serve.loaded = loaded  # Or its variables would go.
    return serve


def _answering(net: Callable) -> calls.Call:
    """Reads each answer, as whoever asked for it does."""
    return lambda images: net(images)["probabilities"].numpy()


if __name__ == "__main__":
    run(main)
