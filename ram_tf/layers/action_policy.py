"""The action network f_a of a dynamic environment (paper, section 3)."""

from types import MappingProxyType

import keras
import tensorflow as tf

from ram_tf import losses
from ram_tf.layers.head import CategoricalHead
from ram_tf.validation import check_positive_int


@keras.saving.register_keras_serializable("ram_tf")
class ActionPolicy(CategoricalHead, keras.layers.Layer):
    """A softmax over A actions, of which one is done after each look.

    The layer is float32 whatever the dtype policy.

    Args:
        num_actions: A.

    Call arguments:
        features: [..., D] from the core.

    Returns:
        Logits [..., A] float32.

    Raises:
        UserError: On fewer than one action.
    """

    key = "action"
    acts = True
    explores = True
    stream = 2
    metric_names = ("entropy",)
    metrics_over_steps = ("entropy",)
    meanings = MappingProxyType(
        {
            "action": "what to do after this look: the likeliest",
            "action_probabilities": "of the actions",
        }
    )

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

    @property
    def width(self):
        return self.num_actions

    def exported(self, logits):
        return {
            "action": self.mode(logits),
            "action_probabilities": tf.nn.softmax(logits),
        }

    def measure(self, trajectory):
        entropy, valid = trajectory.entropy, trajectory.valid
        return {"entropy": losses.mean_step(entropy, valid)}

    def compute_output_shape(self, features_shape):
        return (*features_shape[:-1], self.num_actions)

    def get_config(self):
        return {**super().get_config(), "num_actions": self.num_actions}
