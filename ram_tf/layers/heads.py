"""What is read off the core's features, beside the location (paper, section 3).

Both are a linear map: the action network f_a of a still image, and the
baseline b_t. They are named classes so that a saved model says what each is.
"""

from types import MappingProxyType

import keras
import tensorflow as tf

from ram_tf import losses
from ram_tf.layers.head import CategoricalHead
from ram_tf.validation import check_positive_int


@keras.saving.register_keras_serializable("ram_tf")
class Classifier(CategoricalHead, keras.layers.Dense):
    """The answer: class scores (logits) [..., K] float32 of features [..., D].

    Raises:
        UserError: On fewer than one class.
    """

    key = "answer"
    stream = 5
    metric_names = ("cross_entropy", "accuracy")
    meanings = MappingProxyType(
        {
            "class": "the answer after the last glimpse",
            "probabilities": "of the classes, after the last glimpse",
            "probabilities_by_glimpse": "of the classes, after each glimpse",
        }
    )

    def __init__(self, units: int, **kwargs):
        check_positive_int("num_classes", units)
        super().__init__(units, **{**kwargs, "dtype": "float32"})

    @property
    def width(self):
        return self.units

    def exported(self, logits):
        return {"probabilities": tf.nn.softmax(logits)}

    def measure(self, trajectory):
        logits, label = trajectory.logits, trajectory.label
        if label is None:
            return {}
        return {
            "cross_entropy": losses.cross_entropy_loss(
                logits, label, trajectory.label_weight, trajectory.valid
            ),
            "accuracy": losses.accuracy(
                logits, label, trajectory.valid, trajectory.answer_due
            ),
        }


@keras.saving.register_keras_serializable("ram_tf")
class Baseline(keras.layers.Dense):
    """The return expected from features [..., D], as [...] float32.

    Call arguments:
        features: From the core, before a look.
        into_core: Whether its error trains the core too; else the features are
            taken as they are.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "units": 1, "dtype": "float32"})

    def call(self, features: tf.Tensor, into_core: bool = False) -> tf.Tensor:
        if not into_core:
            features = tf.stop_gradient(features)
        return super().call(features)[..., 0]

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[:-1])
