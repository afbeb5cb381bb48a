"""The decision to stop looking (paper, section 3: more actions are possible).

The paper names the action and gives no figures; DT-RAM (Li et al., 2017) has a
Bernoulli head on h_t, trained after a trained RAM. Here it is told, too, how
sure the answer is, which no linear map of h_t can compute: without, it loses to
a threshold on the answer's probability.
"""

from types import MappingProxyType

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from ram_tf import losses
from ram_tf.layers.head import Head
from ram_tf.layers.heads import Classifier
from ram_tf.noise import logistic_noise
from ram_tf.validation import check_bool

tfd = tfp.distributions
# Before anything is learned it stops at odds of e^5, a certainty of 99.3%.
_FIRST_BIAS = -5.0
_LEAST_ODDS = 1e-8


@keras.saving.register_keras_serializable("ram_tf")
class StopPolicy(Head, keras.layers.Layer):
    """A Bernoulli: after each look, whether it was the last.

    It begins as a threshold on the certainty, and learns from there: from
    nothing it would learn to look on for ever, because early stops are bad
    before they are well chosen. The layer is float32 whatever the dtype policy.

    Args:
        certain: Whether the last of the features is the answer's certainty.

    Call arguments:
        features: [..., D], from the core after the look, with the certainty
            of the answer as the last where there is one.

    Returns:
        The logit of stopping, [...] float32.
    """

    key = "stop"
    acts = True
    width = 1
    metric_names = ("glimpses",)
    meanings = MappingProxyType(
        {
            "stop_probability": "above 0.5, this look was the last",
            "glimpses_used": "glimpses until the model stopped",
        }
    )

    def __init__(self, certain: bool = True, **kwargs):
        check_bool("certain", certain)
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.certain = certain
        self.dense = keras.layers.Dense(
            1,
            kernel_initializer=_last_alone if certain else "zeros",
            bias_initializer=keras.initializers.Constant(_FIRST_BIAS),
            name="logit",
            dtype="float32",
        )

    def build(self, features_shape):
        self.dense.build(features_shape)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return self.dense(features)[..., 0]

    @property
    def reads(self):  # type: ignore[override]  # It is never assigned.
        return (Classifier.key,) if self.certain else ()

    def input_size(self, features_size):
        return features_size + self.certain

    def read(self, features, others):
        if not self.certain:
            return features
        # Stopping is to read the certainty of answers, not to change it.
        sure = tf.stop_gradient(certainty(others[Classifier.key]))
        return tf.concat([features, sure[..., None]], axis=-1)

    def columns(self, logit):
        return logit[..., None]

    def distribution(self, logit: tf.Tensor) -> tfp.distributions.Distribution:
        """The policy, as a TFP distribution over [...] booleans."""
        return tfd.Bernoulli(logits=logit, dtype=tf.bool)

    def mode(self, logit: tf.Tensor) -> tf.Tensor:
        """Whether stopping is likelier than going on, [...] bool."""
        return logit > 0.0

    def sample(self, logit: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """A sample from given logistic noise [...]: [...] bool."""
        return self.mode(logit + noise)

    def noise(self, seed, rows, steps):
        """Standard logistic noise, [N, T]."""
        return logistic_noise(seed, [rows, steps], stream=4)

    def decides(self, steps):
        # After the last look there is nothing to decide.
        return np.arange(steps) < steps - 1

    def exported(self, logit):
        return {"stop_probability": tf.sigmoid(logit)}

    def measure(self, trajectory):
        length = tf.cast(losses.length(trajectory.valid), tf.float32)
        return {"glimpses": tf.reduce_mean(length)}

    def exact_kernels(self):
        return [self.dense.kernel.numpy()]

    def compute_output_shape(self, features_shape):
        return tuple(features_shape[:-1])

    def get_config(self):
        return {**super().get_config(), "certain": self.certain}


def _last_alone(shape, dtype=None) -> tf.Tensor:
    """1 for the last feature, 0 for all others."""
    return tf.eye(shape[0], dtype=dtype or "float32")[:, -1:]


def certainty(logits: tf.Tensor) -> tf.Tensor:
    """Log-odds of the likeliest class, [..., K] -> [...], at most 18.4."""
    best = tf.argmax(logits, axis=-1, output_type=tf.int32)
    others = 1.0 - tf.one_hot(best, logits.shape[-1])
    below = logits - tf.reduce_max(logits, axis=-1, keepdims=True)
    odds = tf.reduce_sum(tf.exp(below) * others, axis=-1)
    return -tf.math.log(odds + _LEAST_ODDS)
