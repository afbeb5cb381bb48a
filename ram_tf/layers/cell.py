"""One step of the recurrent attention model as a Keras RNN cell."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

import keras
import tensorflow as tf

from ram_tf import geometry
from ram_tf.errors import UserError
from ram_tf.gate import check_channels_last, check_states
from ram_tf.layers import cell_output
from ram_tf.layers.action_policy import ActionPolicy
from ram_tf.layers.cell_output import CellOutput
from ram_tf.layers.fixation_policy import FixationPolicy, Memory
from ram_tf.layers.glimpse_encoder import GlimpseEncoder
from ram_tf.layers.glimpse_sensor import LEAST_SCALES, GlimpseSensor
from ram_tf.layers.head import Head
from ram_tf.layers.heads import Baseline, Classifier
from ram_tf.layers.stop_policy import StopPolicy
from ram_tf.noise import Noise, uniform_noise
from ram_tf.types import Glimpse, PolicyState
from ram_tf.validation import (
    check_bool,
    check_choice,
    check_positive,
    check_positive_int,
)

FIRST_FIXATIONS = ("learned", "centre", "random")
_CORE_NAMES = ("core", "core_memory")


@keras.saving.register_keras_serializable("ram_tf")
class RAMCell(keras.layers.Layer):
    """Looks, remembers, and says where to look next; wiring only.

    It keeps Keras' contract of an RNN cell, so that
    `keras.layers.RNN(RAMCell(...))` runs over a video [B, T, H, W, C]. There it
    is deterministic: it looks at the likeliest location. Noise is the business
    of a policy, in `ram_tf.episodes.policies`.

    The state is a flat list of float32 tensors named by `state_names`: the
    core's, what the policy over locations remembers, and last "location", the
    likeliest next fixation [N, 2].

    Args:
        sensor: A GlimpseSensor.
        glimpse_net: A GlimpseEncoder, such as GlimpseNet.
        core: A Keras RNN cell, the paper's SimpleRNNCell with ReLU or an
            LSTMCell; its first state is its output.
        location_policy: A FixationPolicy, such as LocationPolicy.
        num_classes: K, or None where nothing is classified.
        first_fixation: Where an episode starts: "learned" (the location
            network on the initial state; not of one that reads glimpses),
            "centre", or "random" (uniform in training; the centre in
            deterministic use).
        location_unit: Pixels in a unit of location; None for half the canvas.
        num_actions: A, or None where nothing is done beside looking.
        stop: Whether it decides, too, after which look to stop.
        encoder_scales: Windows that the encoder is given, the finest; None for
            all.
        encoder_size: Side of what it is given of each, from the middle, in
            cells; None for all.

    Call arguments:
        frame: [B, H, W, C]; the states have N = M * B rows.
        states: As above.

    Returns:
        (output, states): one float32 tensor that `split` divides into a
        CellOutput, and the next states.

    Raises:
        UserError: On an unknown first fixation or one that does not go with
            the policy over locations, a unit that is not positive, or a memory
            whose names are taken or that reads nothing.
    """

    def __init__(
        self,
        sensor: GlimpseSensor,
        glimpse_net: GlimpseEncoder,
        core: keras.layers.Layer,
        location_policy: FixationPolicy,
        num_classes: int | None = None,
        first_fixation: str = "learned",
        location_unit: float | None = None,
        num_actions: int | None = None,
        stop: bool = False,
        encoder_scales: int | None = None,
        encoder_size: int | None = None,
        **kwargs,
    ):
        check_choice("first_fixation", first_fixation, FIRST_FIXATIONS)
        check_bool("stop", stop)
        if location_unit is not None:
            check_positive("location_unit", location_unit)
        for name, count in (
            ("num_classes", num_classes),
            ("num_actions", num_actions),
            ("encoder_scales", encoder_scales),
            ("encoder_size", encoder_size),
        ):
            if count is not None:
                check_positive_int(name, count)
        _check_location_policy(location_policy, first_fixation, location_unit)
        _check_windows(sensor, encoder_scales)
        _check_encoder_size(sensor, encoder_size)
        if location_policy.reads_contrast:
            sensor.check_contrast()
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
        self.encoder_scales = encoder_scales
        self.encoder_size = encoder_size
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
    def heads(self) -> Mapping[str, Head]:
        """What it decides beside where to look, by key: read-only."""
        heads = (self.classifier, self.action_policy, self.stop_policy)
        return MappingProxyType({head.key: head for head in heads if head})

    @property
    def encoded_scales(self) -> int:
        """Windows that the encoder is given."""
        scales = self.encoder_scales or self.sensor.scales
        return cast(int, scales)  # `_check_windows` asks for one of them.

    @property
    def encoded_size(self) -> int:
        """Side of what the encoder is given of each window, in cells."""
        return self.encoder_size or self.sensor.size

    @property
    def state_size(self) -> list[int]:
        memory = self.location_policy.state_sizes.values()
        return [*self._core_sizes, *memory, 2]

    @property
    def state_names(self) -> list[str]:
        """Names of the state's tensors, the same in every export."""
        core = _CORE_NAMES[: len(self._core_sizes)]
        return [*core, *self.location_policy.state_sizes, "location"]

    @property
    def output_size(self) -> int:
        return sum(self._widths().values())

    def build(self, frame_shape):
        check_channels_last(frame_shape)
        self.channels = frame_shape[-1]
        policy, heads = self.location_policy, self.heads
        units = self._core_sizes[0]
        windows = self.sensor.compute_output_shape(frame_shape, (None, 2))
        seen = []
        scales = self.sensor.scales_of(frame_shape)
        self.built_scales = scales
        if policy.reads_glimpse:
            places = (None, scales, self.sensor.size, 2)
            seen = [windows, places]
        read = self.encoder_scales or scales
        side = self.encoded_size
        encoded = (windows[0], side, side, read * self.channels)
        shapes = [
            (self.sensor, [tuple(frame_shape), (None, 2)]),
            (self.glimpse_net, [encoded, (None, policy.place_size)]),
            (self.core, [(None, self.glimpse_net.units)]),
            (policy, [(None, units), *seen]),
            (self.baseline, [(None, units)]),
        ]
        shapes += [
            (head, [(None, head.input_size(units))]) for head in heads.values()
        ]
        for layer, shape in shapes:
            if not layer.built:  # Keras builds those it deserialises.
                layer.build(*shape)

    def get_initial_state(self, batch_size=None) -> list[tf.Tensor]:
        """States before the first glimpse; features are the first of them."""
        return self.get_initial_policy_state(batch_size).cell

    def get_initial_policy_state(self, batch_size=None) -> PolicyState:
        """What is known before the first glimpse, for N rows."""
        core = [tf.zeros([batch_size, size]) for size in self._core_sizes]
        if self.first_fixation == "learned":
            parameters = self.location_policy(core[0])
            return self._state(core, (), parameters, None)
        memory = self.location_policy.get_initial_state(batch_size)
        location = tf.zeros([batch_size, 2])
        return PolicyState([*core, *memory, location], None, None)

    def look(
        self, frame: tf.Tensor, location: tf.Tensor, states: list[tf.Tensor]
    ) -> tuple[tf.Tensor, PolicyState]:
        """Looks at location [N, 2] of a frame, and remembers.

        Args:
            frame: [B, H, W, C].
            location: In units.
            states: The cell's, before.

        Returns:
            (features [N, units] float32, what is known now).
        """
        check_states(states, self.state_size, self.state_names)
        policy = self.location_policy
        core, memory = self.divide(states)
        glimpse = self.see(frame, location)
        features, core = self.remember(
            self.encode(glimpse, location, memory), core
        )
        if not policy.reads_glimpse:
            return features, self._state(core, (), policy(features), None)
        memory = policy.next_state(memory, glimpse)
        parameters = policy(features, glimpse, memory)
        return features, self._state(core, memory, parameters, glimpse)

    def see(self, frame: tf.Tensor, location: tf.Tensor) -> Glimpse:
        """What a look at location [N, 2] shows.

        Raises:
            UserError: On a frame of other channels than the model's.
        """
        shape = tf.TensorShape(frame.shape)
        if not shape.rank or shape[-1] != self.channels:
            raise UserError(
                f"Images must have {self.channels} channels, as when the model "
                f"was built. Received: shape={tuple(frame.shape)}"
            )
        # The choice of a place is trained by REINFORCE alone.
        location = tf.stop_gradient(location)
        unit = self.location_unit
        offsets = geometry.to_offsets(location, frame, unit)
        windows = self.sensor(frame, offsets)
        if not self.location_policy.reads_glimpse:
            return Glimpse(windows)
        contrast = None
        if self.location_policy.reads_contrast:
            contrast = self.sensor.contrast(frame, offsets, windows)
        return Glimpse(
            windows,
            self.sensor.places(frame, offsets),
            geometry.to_pixels(location, frame, unit),
            geometry.sides(frame),
            geometry.unit_in_pixels(frame, unit),
            contrast,
        )

    def encode(
        self, glimpse: Glimpse, location: tf.Tensor, memory: Memory
    ) -> tf.Tensor:
        """What was seen, and where: [N, units].

        Args:
            glimpse: What `see` shows.
            location: [N, 2] in units.
            memory: Of the policy over locations, before the look.
        """
        location = tf.stop_gradient(location)
        place = self.location_policy.place(location, glimpse, memory)
        windows = glimpse.windows
        if self.encoder_scales:
            windows = windows[..., : self.encoder_scales * self.channels]
        if self.encoder_size:
            # What a retina of that size would see.
            first = (self.sensor.size - self.encoder_size) // 2
            middle = slice(first, first + self.encoder_size)
            windows = windows[:, middle, middle]
        return self.glimpse_net(windows, place)

    def remember(
        self, encoded: tf.Tensor, core: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Updates the core's states with an encoded glimpse.

        Returns:
            (features [N, units] float32, the core's states).
        """
        dtype = self.core.compute_dtype
        core = [tf.cast(state, dtype) for state in core]
        features, core = self.core(encoded, core)
        return _float32(features), [_float32(state) for state in core]

    def parameters(self, key: str, features: tf.Tensor) -> tf.Tensor:
        """Of the head of a key, from features [..., D] after the look."""
        head = self.heads[key]
        others = {
            other: self.parameters(other, features) for other in head.reads
        }
        return cast(Any, head)(head.read(features, others))  # A layer, too.

    def noise(self, seed: tf.Tensor, rows, steps: int) -> Noise:
        """What a sampling policy consumes, of a stateless seed [2].

        Args:
            seed: Integers.
            rows: N.
            steps: T.
        """
        seeds = tf.random.experimental.stateless_split(seed, 2, alg="philox")
        return Noise(
            self.location_policy.noise(seeds[0], rows, steps),
            uniform_noise(seeds[1], [rows, 2]),
            {
                key: head.noise(seed, rows, steps)
                for key, head in self.heads.items()
                if head.acts
            },
        )

    def call(self, frame, states, training=None):
        del training
        features, state = self.look(frame, states[-1], states)
        parts = {
            key: head.columns(self.parameters(key, features))
            for key, head in self.heads.items()
        }
        parts["baseline"] = self.baseline(features)[:, None]
        parts["location"] = state.cell[-1]
        return cell_output.join(parts), state.cell

    def divide(self, states: list[tf.Tensor]) -> tuple[list[tf.Tensor], Memory]:
        """The core's states, and the memory of the policy over locations."""
        cores = len(self._core_sizes)
        return list(states[:cores]), tuple(states[cores:-1])

    def split(self, output: tf.Tensor) -> CellOutput:
        """Divides an output [..., output_size] into its named parts."""
        return cell_output.split(output, self._widths())

    def _widths(self) -> dict[str, int]:
        """The widths of the parts of the output, by name."""
        heads = {key: head.width for key, head in self.heads.items()}
        return {"baseline": 1, "location": 2, **heads}

    def _state(self, core, memory, parameters, glimpse) -> PolicyState:
        """What is known after a look, the likeliest next location last."""
        policy = self.location_policy
        location = policy.locate(policy.mode(parameters), glimpse)
        return PolicyState([*core, *memory, location], parameters, glimpse)

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
            "encoder_scales": self.encoder_scales,
            "encoder_size": self.encoder_size,
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


def _check_windows(sensor: GlimpseSensor, encoded: int | None) -> None:
    least = LEAST_SCALES if sensor.scales is None else sensor.scales
    if sensor.scales is None and encoded is None:
        raise UserError(
            "Where the number of windows follows the image, the encoder must "
            "be given a fixed number: `encoder_scales` must not be None. "
            "Received: scales=None, encoder_scales=None"
        )
    if encoded and encoded > least:
        raise UserError(
            "`encoder_scales` must be at most the number of windows, "
            f"{least}. Received: encoder_scales={encoded}"
        )


def _check_encoder_size(sensor: GlimpseSensor, size: int | None) -> None:
    if size and (size > sensor.size or (sensor.size - size) % 2):
        raise UserError(
            "`encoder_size` must be the size of a glimpse or an even number "
            f"less, {sensor.size} or {sensor.size - 2} and so on, so that both "
            f"have the same middle. Received: encoder_size={size}"
        )


def _check_location_policy(
    policy: FixationPolicy, first: str, unit: float | None
) -> None:
    if not policy.takes_unit and unit is not None:
        raise UserError(
            f"A {type(policy).__name__} moves by pixels in any unit: "
            f"`location_unit` must be None. Received: location_unit={unit}"
        )
    if policy.reads_glimpse and first == "learned":
        raise UserError(
            "A policy over locations that reads glimpses has none to choose "
            'the first from: `first_fixation` must be "centre" or "random". '
            f"Received: first_fixation={first!r} with {type(policy).__name__}"
        )
    names = list(policy.state_sizes)
    taken = set(names) & {*_CORE_NAMES, "location"}
    if names and (taken or not policy.reads_glimpse):
        raise UserError(
            "Only a policy over locations with `reads_glimpse=True` remembers, "
            f"by other names than {[*_CORE_NAMES, 'location']}. Received: "
            f"{type(policy).__name__} with state_sizes {names}"
        )


def _float32(tensor: tf.Tensor) -> tf.Tensor:
    return tf.cast(tensor, tf.float32)
