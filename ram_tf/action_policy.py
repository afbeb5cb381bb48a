"""The action network f_a of a dynamic environment (paper, section 3)."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from ram_tf.validation import check_positive_int

tfd = tfp.distributions


@keras.saving.register_keras_serializable("ram_tf")
class ActionPolicy(keras.layers.Layer):
    """A softmax over A actions, of which one is done after each look.

    The layer is float32 whatever the dtype policy.

    Args:
        num_actions: A.

    Call arguments:
        features: [..., D] from the core.

    Returns:
        Logits [..., A] float32.

    Raises:
        ValueError: On fewer than one action.
    """

    def __init__(self, num_actions: int, **kwargs):
        check_positive_int("num_actions", num_actions)
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.num_actions = num_actions
        # All actions are about as likely before anything is learned.
        self.dense = keras.layers.Dense(
            num_actions,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            name="logits",
            dtype="float32",
        )

    def build(self, features_shape):
        self.dense.build(features_shape)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return self.dense(features)

    def distribution(self, logits: tf.Tensor) -> tfd.Distribution:
        """The policy, as a TFP distribution over [...] integers."""
        return tfd.Categorical(logits=logits)

    def mode(self, logits: tf.Tensor) -> tf.Tensor:
        """The likeliest action, [...] int32."""
        return tf.argmax(logits, axis=-1, output_type=tf.int32)

    def sample(self, logits: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """A sample from given Gumbel noise [..., A]: [...] int32."""
        return self.mode(logits + noise)

    def compute_output_shape(self, features_shape):
        return (*features_shape[:-1], self.num_actions)

    def get_config(self):
        return {**super().get_config(), "num_actions": self.num_actions}
