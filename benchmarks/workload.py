"""The workload W: the paper's cluttered 60x60 task."""

import keras
import numpy as np
import tensorflow as tf
from absl import flags

from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf.cost import training_flop
from ram_tf.training.optimizers import make_optimizer
from ram_tf.training.step import compile_steps
from ram_tf_data.batches import TrainingBatches
from ram_tf_data.canvas import Canvas
from ram_tf_data.sources import Split

_STEPS = 20  # Of a measured call.
_FRESH_DIGITS = 50_000  # As many as MNIST has to train on.

CANVAS = flags.DEFINE_integer(
    "canvas", 60, "Side of the canvas.", lower_bound=28
)
GLIMPSES = flags.DEFINE_integer(
    "glimpses", 8, "Looks at an image.", lower_bound=1
)


class Workload:
    """W, for one batch size and number of rollouts.

    Args:
        batch_size: B.
        rollouts: M.
        sensor: Implementation of the GlimpseSensor.
        **model: Further arguments of the model.

    Attributes:
        agent: Trains it.
    """

    def __init__(
        self, batch_size: int, rollouts: int = 1, sensor="gather", **model
    ):
        keras.utils.set_random_seed(0)
        self._batch_size = batch_size
        self._rollouts = rollouts
        self._model = RecurrentAttentionModel(
            glimpses=GLIMPSES.value,
            glimpse_size=12,
            scales=3,
            sensor=sensor,
            **model,
        )
        self._model.build((None, CANVAS.value, CANVAS.value, 1))
        self.agent = ReinforceAgent(
            self._model, make_optimizer("adam", 1e-4, 10**6), rollouts=rollouts
        )
        self._data = TrainingBatches(
            _random_digits(), Canvas(CANVAS.value, 4), batch_size, seed=0
        )
        indices = self._data.indices(0, 1)[0]
        self._fixed = self._data.make(tf.constant(indices), tf.constant(0))

    @property
    def images(self) -> int:
        """Images in a call."""
        return _STEPS * self._batch_size

    @property
    def flop(self) -> int:
        """Floating-point operations in a call: forward, backward, update."""
        return self.images * self._rollouts * training_flop(self._model)

    @property
    def halves(self) -> list[slice]:
        """Rows of the fixed batch."""
        middle = self._batch_size // 2
        return [slice(0, middle), slice(middle, 2 * middle)]

    def environment(self, rows: slice):
        """The episodes of some rows of the fixed batch."""
        return self._environment(
            {name: values[rows] for name, values in self._fixed.items()}
        )

    def training(self, fresh: bool, compiled: bool = True):
        """A call of several steps, on fresh data or on one fixed batch."""
        indices = self._data.indices(0, _STEPS)
        make_batch = self._data.make if fresh else (lambda *_: self._fixed)
        steps = compile_steps(
            self.agent,
            make_batch,
            self._environment,
            seed=0,
            jit_compile=compiled,
        )
        arguments = [tf.constant(a) for a in (indices, 0, _STEPS)]
        return lambda: steps(*arguments).loss.numpy()

    def _environment(self, batch):
        return self._model.environment(
            batch["image"], batch["label"], rollouts=self._rollouts
        )


def _random_digits() -> Split:
    """Noise in the shape of MNIST: speed does not depend on what it shows."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, [_FRESH_DIGITS, 28, 28, 1], np.uint8)
    return Split(image, rng.integers(0, 10, _FRESH_DIGITS).astype(np.int32))
