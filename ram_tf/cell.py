"""One step of the recurrent attention model as a Keras RNN cell."""

from typing import NamedTuple

import keras
import tensorflow as tf

from ram_tf import geometry
from ram_tf.action_policy import ActionPolicy
from ram_tf.glimpse_net import GlimpseNet
from ram_tf.glimpse_sensor import GlimpseSensor
from ram_tf.heads import Baseline, Classifier
from ram_tf.location_policy import LocationPolicy
from ram_tf.stop_policy import StopPolicy, certainty
from ram_tf.validation import (
    check_choice,
    check_positive,
    check_positive_int,
)

FIRST_FIXATIONS = ("learned", "centre", "random")


class CellOutput(NamedTuple):
    """The named parts of a cell's output.

    Attributes:
        logits: Class scores after the glimpse, [N, K]; K is 0 without classes.
        baseline: The return expected from here on, [N].
        location: Mean of the next location, [N, 2].
        action_logits: Scores of the actions after the glimpse, [N, A]; A is 0
            where the model only looks.
        stop_logit: Of having seen enough, [N, 1]; [N, 0] where the model looks
            T times at everything.
    """

    logits: tf.Tensor
    baseline: tf.Tensor
    location: tf.Tensor
    action_logits: tf.Tensor
    stop_logit: tf.Tensor


@keras.saving.register_keras_serializable("ram_tf")
class RAMCell(keras.layers.Layer):
    """Looks, remembers, and says where to look next; wiring only.

    It keeps Keras' contract of an RNN cell, so that
    `keras.layers.RNN(RAMCell(...))` runs over a video [B, T, H, W, C]. There it
    is deterministic: it looks at the mean location. Noise is the business of a
    policy, in `ram_tf.unroll`.

    The state is a flat list of float32 tensors named by `state_names`: the
    core's, and last "location", the mean of the next fixation [N, 2].

    Args:
        sensor: A GlimpseSensor.
        glimpse_net: A GlimpseNet.
        core: A Keras RNN cell, the paper's SimpleRNNCell with ReLU or an
            LSTMCell.
        location_policy: A LocationPolicy.
        num_classes: K, or None where nothing is classified.
        first_fixation: Where an episode starts: "learned" (the location
            network on the initial state), "centre", or "random" (uniform in
            training; the centre in deterministic use).
        location_unit: Pixels in a unit of location; None for half the canvas.
        num_actions: A, or None where nothing is done beside looking.
        stop: Whether it decides, too, after which look to stop.

    Call arguments:
        frame: [B, H, W, C]; the states have N = M * B rows.
        states: As above.

    Returns:
        (output, states): one float32 tensor that `split` divides into a
        CellOutput, and the next states.

    Raises:
        ValueError: On an unknown first fixation or a unit that is not positive.
    """

    def __init__(
        self,
        sensor: GlimpseSensor,
        glimpse_net: GlimpseNet,
        core: keras.layers.Layer,
        location_policy: LocationPolicy,
        num_classes: int | None = None,
        first_fixation: str = "learned",
        location_unit: float | None = None,
        num_actions: int | None = None,
        stop: bool = False,
        **kwargs,
    ):
        check_choice("first_fixation", first_fixation, FIRST_FIXATIONS)
        if location_unit is not None:
            check_positive("location_unit", location_unit)
        for name in ("num_classes", "num_actions"):
            if locals()[name] is not None:
                check_positive_int(name, locals()[name])
        super().__init__(autocast=False, **kwargs)
        self.sensor = sensor
        self.glimpse_net = glimpse_net
        self.core = core
        self.location_policy = location_policy
        self.num_classes = num_classes
        self.first_fixation = first_fixation
        self.location_unit = location_unit
        self.num_actions = num_actions
        self.stop = stop
        self.classifier = (
            Classifier(num_classes, name="classifier") if num_classes else None
        )
        self.action_policy = (
            ActionPolicy(num_actions, name="action_policy")
            if num_actions
            else None
        )
        self.stop_policy = None
        if stop:
            certain = num_classes is not None
            self.stop_policy = StopPolicy(certain, name="stop_policy")
        self.baseline = Baseline(name="baseline")
        core_size = core.state_size
        self._core_sizes = (
            [core_size] if isinstance(core_size, int) else list(core_size)
        )

    @property
    def state_size(self) -> list[int]:
        return [*self._core_sizes, 2]

    @property
    def state_names(self) -> list[str]:
        """Names of the state's tensors, the same in every export."""
        names = ["core", "core_memory"][: len(self._core_sizes)]
        return [*names, "location"]

    @property
    def output_size(self) -> int:
        heads = (self.num_classes or 0) + (self.num_actions or 0) + self.stop
        return heads + 1 + 2

    def build(self, frame_shape):
        self.channels = frame_shape[-1]
        glimpse_shape = self.sensor.compute_output_shape(frame_shape, (None, 2))
        features_shape = (None, self._core_sizes[0])
        shapes = [
            (self.glimpse_net, (glimpse_shape, (None, 2))),
            (self.core, ((None, self.glimpse_net.units),)),
            (self.location_policy, (features_shape,)),
            (self.baseline, (features_shape,)),
        ]
        heads = (self.classifier, self.action_policy)
        shapes += [(head, (features_shape,)) for head in heads if head]
        if self.stop_policy:
            size = self._core_sizes[0] + bool(self.classifier)
            shapes.append((self.stop_policy, ((None, size),)))
        for layer, shape in shapes:
            if not layer.built:  # Keras builds those it deserialises.
                layer.build(*shape)

    def get_initial_state(self, batch_size=None) -> list[tf.Tensor]:
        """States before the first glimpse; features are the first of them."""
        core = [tf.zeros([batch_size, size]) for size in self._core_sizes]
        if self.first_fixation == "learned":
            return [*core, self.location_policy(core[0])]
        return [*core, tf.zeros([batch_size, 2])]

    def look(
        self, frame: tf.Tensor, location: tf.Tensor, states: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Senses a frame at location [N, 2] and updates the core.

        Returns:
            (features [N, units] float32, the core's states).
        """
        return self.remember(self.encode(frame, location), states[:-1])

    def encode(self, frame: tf.Tensor, location: tf.Tensor) -> tf.Tensor:
        """What a look at location [N, 2] shows, and where it was: [N, units].

        Raises:
            ValueError: On a frame of other channels than the model's.
        """
        if frame.shape[-1] != self.channels:
            raise ValueError(
                f"Images must have {self.channels} channels, as when the model "
                f"was built. Received: shape={tuple(frame.shape)}"
            )
        # The choice of a place is trained by REINFORCE alone.
        location = tf.stop_gradient(location)
        offsets = geometry.to_offsets(location, frame, self.location_unit)
        return self.glimpse_net(self.sensor(frame, offsets), location)

    def remember(
        self, glimpse: tf.Tensor, core: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Updates the core's states with an encoded glimpse; as `look`."""
        dtype = self.core.compute_dtype
        core = [tf.cast(state, dtype) for state in core]
        features, core = self.core(glimpse, core)
        return _float32(features), [_float32(state) for state in core]

    def stop_logit(self, features: tf.Tensor) -> tf.Tensor:
        """Logit of stopping, from features [..., D] after the look: [...]."""
        if self.classifier:
            # Stopping is to read the certainty of answers, not to change it.
            sure = tf.stop_gradient(certainty(self.classifier(features)))
            features = tf.concat([features, sure[..., None]], axis=-1)
        return self.stop_policy(features)

    def call(self, frame, states, training=None):
        del training
        features, core = self.look(frame, states[-1], states)
        location = self.location_policy(features)
        parts = [self.baseline(features)[:, None], location]
        if self.classifier:
            parts.insert(0, self.classifier(features))
        if self.action_policy:
            parts.append(self.action_policy(features))
        if self.stop_policy:
            parts.append(self.stop_logit(features)[:, None])
        return tf.concat(parts, axis=-1), [*core, location]

    def split(self, output: tf.Tensor) -> CellOutput:
        """Divides an output [..., output_size] into its named parts."""
        classes = self.num_classes or 0
        acts = classes + 3 + (self.num_actions or 0)
        return CellOutput(
            logits=output[..., :classes],
            baseline=output[..., classes],
            location=output[..., classes + 1 : classes + 3],
            action_logits=output[..., classes + 3 : acts],
            stop_logit=output[..., acts:],
        )

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        config = {
            "sensor": serialize(self.sensor),
            "glimpse_net": serialize(self.glimpse_net),
            "core": serialize(self.core),
            "location_policy": serialize(self.location_policy),
            "num_classes": self.num_classes,
            "first_fixation": self.first_fixation,
            "location_unit": self.location_unit,
            "num_actions": self.num_actions,
            "stop": self.stop,
        }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config):
        layers = ("sensor", "glimpse_net", "core", "location_policy")
        restored = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in layers
        }
        return cls(**{**config, **restored})


def _float32(tensor: tf.Tensor) -> tf.Tensor:
    return tf.cast(tensor, tf.float32)
