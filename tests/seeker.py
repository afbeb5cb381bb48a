"""A policy over the retina's own cells, from the public contract only."""

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from ram_tf import (
    LOCATION_POLICIES,
    FixationPolicy,
    RecurrentAttentionModel,
    geometry,
)

STEPS = 3

# Off the edge between two pixels, where rounding would decide.
_OFF_THE_EDGE = 0.25


@LOCATION_POLICIES.register("seeker")
@keras.saving.register_keras_serializable("tests")
class Seeker(FixationPolicy):
    """A softmax over all cells of all windows: the next fixation is one.

    A cell's logit is a product of its brightness, its distance to all earlier
    fixations, and a linear map of the features. It remembers the mean of the
    fixations, the last one (in units of 10 pixels) and how many there were.
    """

    reads_glimpse = True
    choice_spec = tf.TensorSpec([], tf.int32)
    place_size = 3
    state_sizes = {"mean_fixation": 2, "last_fixation": 2, "looks": 1}  # noqa: RUF012

    def __init__(self, sharpness=3.0, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.sharpness = sharpness

    @classmethod
    def make(cls, **others):
        return cls()

    def build(self, features_shape, windows_shape, places_shape):
        self.cells = places_shape[1] * windows_shape[1] ** 2
        self.kernel = self.add_weight(
            shape=[features_shape[-1], self.cells], name="kernel"
        )
        self.weights_of_a_cell = self.add_weight(
            shape=[2], initializer="ones", name="weights_of_a_cell"
        )

    def next_state(self, state, glimpse):
        mean, _, looks = state
        fixation = glimpse.fixation / 10.0
        mean = (mean * looks + fixation) / (looks + 1.0)
        return mean, fixation, looks + 1.0

    def place(self, location, glimpse, state):
        _, last, looks = state
        moved = (glimpse.fixation / 10.0 - last) * tf.minimum(looks, 1.0)
        return tf.concat([moved, tf.maximum(1.0 - looks, 0.0)], axis=-1)

    def call(self, features, glimpse=None, state=()):
        mean, _, _ = state
        brightness = _brightness(glimpse)
        away = _centres(glimpse) / 10.0 - mean[:, None]
        away = tf.reduce_sum(tf.square(away), axis=-1)
        own = tf.stack([brightness, away], axis=-1) * self.weights_of_a_cell
        own = self.sharpness * tf.reduce_sum(own, axis=-1)
        return own + tf.matmul(features, self.kernel)

    def distribution(self, parameters):
        return tfp.distributions.Categorical(logits=parameters)

    def mode(self, parameters):
        return tf.argmax(parameters, axis=-1, output_type=tf.int32)

    def sample(self, parameters, noise):
        return self.mode(parameters + noise)

    def noise(self, seed, rows, steps):
        uniform = tf.random.stateless_uniform([rows, steps, self.cells], seed)
        return -tf.math.log(-tf.math.log(uniform + 1e-9))

    def locate(self, choice, glimpse):
        chosen = tf.one_hot(choice, self.cells)[..., None]
        pixel = tf.reduce_sum(_centres(glimpse) * chosen, axis=1)
        pixel = tf.clip_by_value(
            pixel + _OFF_THE_EDGE, 0.0, glimpse.sides - _OFF_THE_EDGE
        )
        return geometry.to_locations(pixel, glimpse.sides, glimpse.unit)

    def get_config(self):
        return {**super().get_config(), "sharpness": self.sharpness}


def make_model(**changes):
    """A small model with a Seeker, for 9 x 11 grey images, of fixed weights."""
    keras.utils.set_random_seed(5)
    settings = {
        "num_classes": 3,
        "glimpses": STEPS,
        "glimpse_size": 4,
        "scales": 2,
        "core_units": 6,
        "glimpse_units": 5,
        "location_units": 4,
        "units": 7,
        "first_fixation": "centre",
        "location_policy": "seeker",
    }
    model = RecurrentAttentionModel(**{**settings, **changes})
    model.build((None, 9, 11, 1))
    model.cell.location_policy.weights_of_a_cell.assign([1.5, 0.7])
    return model


def _brightness(glimpse):
    """Of all cells, [N, S * g * g], window by window, row by row."""
    scales = glimpse.places.shape[1]
    _, rows, columns, depth = glimpse.windows.shape
    cells = tf.reshape(
        glimpse.windows, [-1, rows, columns, scales, depth // scales]
    )
    cells = tf.transpose(tf.reduce_mean(cells, axis=-1), [0, 3, 1, 2])
    return tf.reshape(cells, [-1, scales * rows * columns])


def _centres(glimpse):
    """Of all cells in pixels, [N, S * g * g, 2]."""
    _, scales, size, _ = glimpse.places.shape
    shape = [-1, scales, size, size]
    y, x = glimpse.places[..., 0], glimpse.places[..., 1]
    y = tf.reshape(tf.repeat(y, size, axis=-1), shape)
    x = tf.reshape(tf.tile(x, [1, 1, size]), shape)
    return tf.reshape(tf.stack([y, x], axis=-1), [-1, scales * size * size, 2])


def logits_by_hand(policy, features, windows, fixations, places):
    """What `call` gives after the last of some fixations, in NumPy, one row.

    Args:
        policy: A built Seeker.
        features: [D].
        windows: [g, g, S] of grey pixels.
        fixations: All so far, [t, 2] in pixels.
        places: [S, g, 2].
    """
    scales, size, _ = places.shape
    mean = np.mean(fixations, axis=0) / 10
    bright, away = policy.weights_of_a_cell.numpy()
    own = [
        bright * windows[i, j, s]
        + away
        * (
            (places[s, i, 0] / 10 - mean[0]) ** 2
            + (places[s, j, 1] / 10 - mean[1]) ** 2
        )
        for s in range(scales)
        for i in range(size)
        for j in range(size)
    ]
    return policy.sharpness * np.array(own) + features @ policy.kernel.numpy()
