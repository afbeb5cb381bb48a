"""A location policy of one's own: a choice among the cells of the retina.

The example of a policy that BUILD.md points to. `--location_policy=ink`, with
`--first_fixation=centre`.
"""

from typing import ClassVar

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from ram_tf import geometry
from ram_tf.layers.fixation_policy import FixationPolicy
from ram_tf.noise import gumbel_noise
from ram_tf.parts import LOCATION_POLICIES

_STREAM = 9  # Of the noise; the library's own are below it.


@LOCATION_POLICIES.register("ink")
@keras.saving.register_keras_serializable("ink_policy")
class InkPolicy(FixationPolicy):
    """Looks next where a cell is bright, and not where it has just been.

    How much either counts depends on the core's features. It remembers the
    last fixation.
    """

    reads_glimpse = True
    choice_spec = tf.TensorSpec([], tf.int32)
    state_sizes: ClassVar = {"last_fixation": 2}

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.query = keras.layers.Dense(
            2, bias_initializer=keras.initializers.Constant([3.0, 1.0])
        )

    @classmethod
    def make(cls, **sizes):
        return cls()

    def build(self, features_shape, windows_shape, places_shape):
        self.query.build(features_shape)

    def next_state(self, state, glimpse):
        return (glimpse.fixation,)

    def call(self, features, glimpse=None, state=()):
        scales, side = glimpse.places.shape[1:3]
        ink = tf.reshape(glimpse.windows, [-1, side, side, scales, 1])
        ink = tf.transpose(ink[..., 0], [0, 3, 1, 2])
        apart = tf.abs(glimpse.places - state[0][:, None, None])
        far = tf.maximum(apart[..., None, 0], apart[..., None, :, 1])
        query = self.query(features)[:, :, None, None, None]
        logits = query[:, 0] * ink + query[:, 1] * tf.minimum(far / 8.0, 1.0)
        return tf.reshape(logits, [-1, scales * side * side])

    def distribution(self, logits):
        return tfp.distributions.Categorical(logits=logits)

    def mode(self, logits):
        return tf.argmax(logits, axis=-1, output_type=tf.int32)

    def sample(self, logits, noise):
        return self.mode(logits + noise[:, : logits.shape[-1]])

    def noise(self, seed, rows, steps):
        # As many as any retina of these tests has cells.
        return gumbel_noise(seed, [rows, steps, 256], _STREAM)

    def locate(self, choice, glimpse):
        scales, side = glimpse.places.shape[1:3]
        rows = tf.reshape(glimpse.places, [-1, scales * side, 2])
        y = tf.gather(rows[..., 0], choice // side, axis=1, batch_dims=1)
        window = choice // (side * side)
        column = window * side + choice % side
        x = tf.gather(rows[..., 1], column, axis=1, batch_dims=1)
        pixels = tf.stack([y, x], axis=-1)
        pixels = tf.clip_by_value(pixels, 0.5, glimpse.sides - 0.5)
        return geometry.to_locations(pixels, glimpse.sides, glimpse.unit)

    def compute_output_shape(self, features_shape, windows_shape, places_shape):
        _, scales, side, _ = places_shape
        return (features_shape[0], scales * side * side)
