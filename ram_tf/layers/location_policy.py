"""The location network f_l: where to look next (paper, section 3)."""

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from ram_tf.layers.fixation_policy import FixationPolicy
from ram_tf.noise import uniform_noise
from ram_tf.parts import LOCATION_POLICIES
from ram_tf.validation import check_positive

tfd = tfp.distributions


@LOCATION_POLICIES.register("gaussian")
@keras.saving.register_keras_serializable("ram_tf")
class LocationPolicy(FixationPolicy):
    """A two-component Gaussian with fixed spread around a learned mean.

    The mean is location_range * tanh(Linear(features)), so that it cannot run
    away; samples are neither squashed nor clipped, so that their density is the
    Gaussian's. The layer is float32 whatever the dtype policy.

    Args:
        std: Standard deviation of a sample, in units of a location.
        location_range: Largest mean in each direction, in the same units.
        gain: Size of the first weights beside Glorot's: with little, all paths
            begin near the centre.

    Call arguments:
        features: [..., D] from the core.

    Returns:
        Mean locations [..., 2] (y, x) float32: the mode, for deterministic use.

    Raises:
        UserError: On a std, range or gain that is not positive.
    """

    def __init__(
        self,
        std: float = 0.1,
        location_range: float = 1.0,
        gain: float = 1.0,
        **kwargs,
    ):
        check_positive("gain", gain)
        check_positive("std", std)
        check_positive("location_range", location_range)
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.std = std
        self.location_range = location_range
        self.gain = gain
        self.dense = keras.layers.Dense(
            2,
            "tanh",
            kernel_initializer=_glorot(gain),
            name="mean",
            dtype="float32",
        )

    def build(self, features_shape):
        self.dense.build(features_shape)

    @classmethod
    def make(  # type: ignore[override]  # Of all sizes it takes these.
        cls, *, location_std, location_range, location_gain, **others
    ):
        del others
        return cls(location_std, location_range, location_gain)

    def call(self, features: tf.Tensor, glimpse=None, state=()) -> tf.Tensor:
        del glimpse, state
        return self.location_range * self.dense(features)

    def distribution(self, mean: tf.Tensor) -> tfp.distributions.Distribution:
        """The policy around mean [N, 2], as a TFP distribution over [N, 2]."""
        scale = tf.constant(self.std, mean.dtype)
        return tfd.Independent(tfd.Normal(mean, scale), 1)

    def mode(self, mean: tf.Tensor) -> tf.Tensor:
        """The location without noise, [N, 2]."""
        return mean

    def sample(self, mean: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """A sample from given standard normal noise, both [N, 2]."""
        return mean + self.std * noise

    def noise(self, seed, rows, steps):
        """Standard normal noise, [N, T, 2]."""
        uniform = uniform_noise(seed, [rows, steps, 2])
        return tf.math.ndtri((uniform + 1.0) / 2.0)

    def anywhere(self, uniform):
        """Uniform over the range of the mean, [N, 2]."""
        return self.location_range * uniform

    def weights_for(self, other):
        """Means near the centre stay what they were.

        Where this one's are near the end of its range, a longer range reaches
        further.
        """
        ratio = np.float32(self.location_range / other.location_range)
        return [weight * ratio for weight in self.get_weights()]

    def compute_output_shape(self, features_shape, **others):
        del others
        return (*features_shape[:-1], 2)

    def get_config(self):
        config = {
            "std": self.std,
            "location_range": self.location_range,
            "gain": self.gain,
        }
        return {**super().get_config(), **config}


def _glorot(gain: float) -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(gain**2, "fan_avg", "uniform")
