"""A policy that chooses among the cells of its own retina."""

from typing import ClassVar, cast

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from ram_tf import geometry, xla
from ram_tf.layers import cell_features
from ram_tf.layers.cell_features import FIELD
from ram_tf.layers.fixation_policy import FixationPolicy
from ram_tf.noise import uniform_noise
from ram_tf.parts import LOCATION_POLICIES
from ram_tf.types import Glimpse
from ram_tf.validation import check_count, check_positive_int

tfd = tfp.distributions

# Fixations that are remembered; older ones are forgotten.
_REMEMBERED = 12
# Where a fixation is that was never made: far from every cell.
_NOWHERE = -(2.0**20)
# The pixels of a move that the encoder is told as 1, and the most it is told.
_MOVE, _FAR_MOVE = 16.0, 10.0
# With it, weights of ordinary size make a choice that is nearly sure.
_SHARPNESS = 10.0
# At first: look where ink is, not where you have been.
_FIRST = (0.25, 0.25, 0.0, 0.0, -0.5, 0.0, 0.0, 0.0, 0.0)
# Set into the logits of cells that are not to be chosen.
_NEVER = -1e9
# The numbers of each cell: those given, each [N or 1, S, g, g], and those
# learnt, [N, S, g * g, filters], if any are.
_Seen = tuple[list[tf.Tensor], tf.Tensor | None]


@LOCATION_POLICIES.register("cells")
@keras.saving.register_keras_serializable("ram_tf")
class CellPolicy(FixationPolicy):
    """A softmax over all cells of all windows: the next fixation is a cell.

    A cell's logit is linear in what it shows, by weights that depend on the
    window and on the core's features h:

        logit = 10 (A + A_s + B h) . x + (D h)_s + e_s

    x has these numbers; a gradient passes only through those learnt:

        ink      sqrt(max(w - mean of its window, 0)) * 2^s / 8, for a cell of
                 brightness w in window s
        around   means of the ink over the 3 x 3 and the 5 x 5 cells about it
        radius   how far out it is in its window, 0 to 1
        visited  how near the fixations made so far are: for each, a pyramid
                 over the cells within max(2^s, g) pixels; and the same over
                 four times as many
        contrast ink and around over the root of the mean square of the ink in
                 the window (and a little): in any clutter and any window what
                 stands out is as large
        learnt   `filters` of ReLU(convolution of the ink over 5 x 5 cells),
                 the same for all windows

    Nothing depends on the size of the image or the number of windows: those
    beyond `scales` have the weights of the last. Windows wider than it takes to
    see the image's edge are never chosen from (`geometry.is_needed`). What the
    encoder is told of the place is the last move, not the location.

    A choice is a cell: window * g^2 + row * g + column. The eye goes to the
    pixel at its centre, inside the image.

    Args:
        scales: Windows that have weights of their own, A_s, D and e.
        filters: How many numbers of a cell are learnt.

    Raises:
        UserError: On scales below one, or filters below 0.
    """

    reads_glimpse = True
    can_be_guided = True
    takes_unit = False
    choice_spec = tf.TensorSpec([], tf.int32)
    # Side of what is chosen in the finest window.
    cell_pixels: ClassVar[int] = 1
    place_size = 3
    state_sizes: ClassVar = {"fixations": 2 * _REMEMBERED}

    def __init__(self, scales: int = 7, filters: int = 0, **kwargs):
        check_positive_int("scales", scales)
        check_count("filters", filters)
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.scales = scales
        self.filters = filters

    @classmethod
    def make(  # type: ignore[override]  # Of all sizes it takes these.
        cls, *, policy_scales, policy_filters, **others
    ):
        del others
        return cls(policy_scales, policy_filters)

    @property
    def meanings(self):
        return {
            "fixations": "the last fixations in pixels from the top left "
            f"corner, y and x by turns, the newest first; {_NOWHERE:.0f} where "
            "there were fewer"
        }

    def build(self, features_shape, windows_shape, places_shape):
        self._size, scales = windows_shape[1], places_shape[1]
        channels = windows_shape[-1] // scales
        first = self._first_weights()
        units, count = features_shape[-1], len(first)
        constant = keras.initializers.Constant
        normal = keras.initializers.RandomNormal
        self.common = self.add_weight(
            shape=(count,),
            initializer=lambda shape, dtype: tf.constant(first, dtype),
            name="common",
        )
        self.own = self.add_weight(
            shape=(self.scales, count), initializer=constant(0), name="own"
        )
        self.query = self.add_weight(
            shape=(units, count), initializer=normal(0, 0.001), name="query"
        )
        self.scale_kernel = self.add_weight(
            shape=(units, self.scales),
            initializer=normal(0, 0.01),
            name="scale_kernel",
        )
        self.scale_bias = self.add_weight(
            shape=(self.scales,), initializer=constant(0), name="scale_bias"
        )
        self._add_filters(channels)
        self.built = True

    def _first_weights(self) -> tuple[float, ...]:
        """What each number of a cell weighs at first."""
        return (*_FIRST, *[0.0] * self.filters)

    def _add_filters(self, channels: int) -> None:
        """Adds the weights of what is learnt about a cell."""
        del channels
        if not self.filters:
            return
        self.kernel = self.add_weight(
            shape=(FIELD**2, self.filters),
            initializer=keras.initializers.GlorotUniform(),
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(self.filters,),
            initializer=keras.initializers.Constant(0),
            name="bias",
        )

    def _needed(self, glimpse: Glimpse) -> tf.Tensor:
        """Which windows there are to choose from, [S] bool."""
        scales, size = cast(tf.Tensor, glimpse.places).shape[1:3]
        return geometry.is_needed(size, scales, glimpse.sides)

    def _places(self, glimpse: Glimpse) -> tf.Tensor:
        """Where the cells that it chooses from are, as those of a glimpse."""
        return cast(tf.Tensor, glimpse.places)

    def _seen(self, glimpse: Glimpse, fixations: tf.Tensor) -> _Seen:
        given = cell_features.given(glimpse, fixations)
        if not self.filters:
            return given, None
        return given, cell_features.learnt(given[0], self.kernel, self.bias)

    def get_initial_state(self, batch_size):
        return (tf.fill([batch_size, 2 * _REMEMBERED], _NOWHERE),)

    def next_state(self, state, glimpse):
        (fixations,) = state
        return (tf.concat([glimpse.fixation, fixations[:, :-2]], axis=-1),)

    def place(self, location, glimpse, state):
        """The last move in units of 16 pixels, and whether there was none."""
        del location
        last = state[0][:, :2]
        first = tf.cast(last[:, :1] < _NOWHERE / 2, tf.float32)
        move = (glimpse.fixation - last) * ((1.0 - first) / _MOVE)
        move = tf.clip_by_value(move, -_FAR_MOVE, _FAR_MOVE)
        return tf.concat([move, first], axis=-1)

    def call(self, features, glimpse=None, state=()):
        scales, size = self._places(glimpse).shape[1:3]
        weights = self.common + _for_scales(self.own, scales)
        weights += tf.matmul(features, self.query)[:, None]
        by_scale = tf.matmul(features, self.scale_kernel) + self.scale_bias
        given, learnt = self._seen(glimpse, state[0])
        logits = sum(
            weights[:, :, number, None, None] * values
            for number, values in enumerate(given)
        )
        if learnt is not None:
            # One product: a sum over filters has a slow gradient.
            found = tf.matmul(learnt, weights[:, :, len(given) :, None])
            logits += tf.reshape(found, [-1, scales, size, size])
        logits *= _SHARPNESS
        by_scale = _for_scales(by_scale, scales, axis=1)
        by_scale = tf.where(self._needed(glimpse), by_scale, _NEVER)
        logits += by_scale[:, :, None, None]
        return tf.reshape(logits, [-1, scales * size * size])

    def distribution(self, logits):
        return tfd.Categorical(logits=logits)

    def mode(self, logits):
        return tf.argmax(logits, axis=-1, output_type=tf.int32)

    def noise(self, seed, rows, steps):
        """Uniform in (-1, 1), [N, T, 2]."""
        return uniform_noise(seed, [rows, steps, 2])

    def sample(self, logits, noise):
        """A cell by inverse distribution functions: of 16 cells, then of one.

        Noise for every cell would cost more than all else that a choice does.
        """
        cells = logits.shape[-1]
        block = int(np.gcd(cells, 16))
        uniform = (noise + 1.0) / 2.0
        chances = xla.barrier(tf.nn.softmax(logits))
        chances = tf.reshape(chances, [-1, cells // block, block])
        first = _drawn(tf.reduce_sum(chances, axis=-1), uniform[:, :1])
        chances = tf.gather(chances, first, axis=1, batch_dims=1)
        return first * block + _drawn(chances, uniform[:, 1:])

    def log_prob(self, logits, choice):
        return -tf.nn.sparse_softmax_cross_entropy_with_logits(choice, logits)

    def target_log_prob(self, parameters, glimpse, target):
        """That of the cells whose centres are near enough to the middle.

        A cell which the middle lies in always is, so that each window that
        shows the target has one.
        """
        places = self._places(glimpse)
        scales, size = places.shape[1:3]
        half = self.cell_pixels * 2.0 ** np.arange(scales) / 2
        reach = tf.maximum(target[:, None, 2:], half)
        apart = tf.abs(places - target[:, None, None, :2])
        near = apart <= tf.reshape(reach, [-1, scales, 1, 1])
        near = near[..., :, None, 0] & near[..., None, :, 1]
        near = tf.reshape(near, [-1, scales * size * size])
        chances = tf.nn.log_softmax(parameters)
        chances = tf.where(near, chances, _NEVER)
        # A target that no cell shows teaches nothing.
        shown = tf.reduce_any(near & (parameters > _NEVER / 2), axis=-1)
        return tf.where(shown, tf.reduce_logsumexp(chances, axis=-1), 0.0)

    def indifferent(self, logits):
        """All cells that may be chosen alike."""
        return tf.where(logits < _NEVER / 2, _NEVER, 0.0)

    def locate(self, choice, glimpse):
        places = self._places(glimpse)
        scales, size = places.shape[1:3]
        rows = tf.reshape(places, [-1, scales * size, 2])
        row = choice // size
        column = choice // (size * size) * size + choice % size
        y = tf.gather(rows[..., 0], row, axis=1, batch_dims=1)
        x = tf.gather(rows[..., 1], column, axis=1, batch_dims=1)
        # In the middle of a pixel no rounding tells.
        pixels = tf.floor(tf.stack([y, x], axis=-1)) + 0.5
        pixels = tf.clip_by_value(pixels, 0.5, glimpse.sides - 0.5)
        return geometry.to_locations(pixels, glimpse.sides, glimpse.unit)

    def exact_kernels(self):
        kernels = [self.query.numpy(), self.scale_kernel.numpy()]
        kernels += self._exact_filters()
        return [*kernels, cell_features.averaging(self._size)]

    def _exact_filters(self) -> list[np.ndarray]:
        if not self.filters:
            return []
        return [cell_features.for_a_row(self.kernel, self._size).numpy()]

    def weights_for(self, other):
        # Of the windows in each weight.
        axes = [None, 0, None, 1, 0]
        axes += [None] * (len(self.weights) - len(axes))
        return [
            weight
            if axis is None
            else _for_scales(weight, other.scales, axis).numpy()
            for weight, axis in zip(self.get_weights(), axes, strict=True)
        ]

    def compute_output_shape(self, features_shape, windows_shape, places_shape):
        del windows_shape
        _, scales, size, _ = places_shape
        return (features_shape[0], scales * size * size)

    def get_config(self):
        return {
            **super().get_config(),
            "scales": self.scales,
            "filters": self.filters,
        }


def _for_scales(weight: tf.Tensor, scales: int, axis: int = 0) -> tf.Tensor:
    """A weight for S windows: those that have none get the last one's."""
    weight = tf.convert_to_tensor(weight)
    known = weight.shape[axis]
    own = [slice(None)] * axis + [slice(scales)]
    last = [slice(None)] * axis + [slice(known - 1, None)]
    # No gather: its gradient is sparse, and is clipped by another norm.
    return tf.concat(
        [weight[tuple(own)], *[weight[tuple(last)]] * (scales - known)], axis
    )


def _drawn(chances: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Numbers [N] drawn by chances [N, k] and uniform [N, 1] in (0, 1)."""
    count = chances.shape[-1]
    up_to = tf.matmul(chances, np.triu(np.ones([count, count], np.float32)))
    passed = up_to[:, :-1] < uniform * up_to[:, -1:]
    return tf.reduce_sum(tf.cast(passed, tf.int32), axis=-1)
