"""The contract of a policy over where to look next."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from ram_tf.layers import products
from ram_tf.types import Glimpse

Memory = tuple[tf.Tensor, ...]


class FixationPolicy(keras.layers.Layer):
    """Gives a distribution over a choice, which leads to the next location.

    After each look the parameters of the distribution are computed; the choice
    is made of them when the next look begins. A subclass has `call`,
    `distribution` (or `log_prob`), `mode`, `sample`, `noise` and `make`, and
    what Keras asks of a layer: it is registered with
    `keras.saving.register_keras_serializable`, and `get_config` has its
    arguments. With a name in `parts.LOCATION_POLICIES` a model takes it by
    that. Its layers are float32: a location must be exact to a pixel.

    A policy that only reads features is built by `build(features_shape)`, and
    called with any number of dimensions before the last. One that reads
    glimpses is built by `build(features_shape, windows_shape, places_shape)`,
    those of a Glimpse, and called with N rows; an episode then starts at the
    centre or at random.

    Attributes:
        reads_glimpse: Whether it reads what was seen, and remembers it.
        reads_contrast: Whether it also reads a glimpse's `contrast`, which only
            a sensor that is a pyramid has.
        can_be_guided: Whether it has `target_log_prob`.
        choice_spec: Shape and dtype of a row's choice; None where the choice is
            the location itself.
        takes_unit: Whether the unit of its locations may be other than half a
            canvas.
        place_size: Of what the encoder is told of a place.
        state_sizes: What it remembers from look to look: sizes by names, which
            exports use. Only of one that reads glimpses.

    Call arguments:
        features: [..., D] from the core after a look.
        glimpse: The Glimpse of that look; None unless it is read.
        state: What is remembered after that look, [N, size] each, as
            `state_sizes` orders it.

    Returns:
        The parameters, [..., P] float32.
    """

    reads_glimpse: bool = False
    reads_contrast: bool = False
    can_be_guided: bool = False
    takes_unit: bool = True
    choice_spec: tf.TensorSpec | None = None
    place_size: int = 2
    state_sizes: ClassVar[Mapping[str, int]] = {}

    @classmethod
    def make(cls, **sizes: Any) -> Self:
        """Makes it of the arguments of a RecurrentAttentionModel, by name.

        A subclass takes those that it wants, and ignores the others.
        """
        raise NotImplementedError

    @property
    def meanings(self) -> dict[str, str]:
        """What the entries of its memory mean, for users of exports."""
        return dict.fromkeys(
            self.state_sizes, "what the choice of locations remembers"
        )

    def get_initial_state(self, batch_size) -> Memory:
        """What is remembered before the first look: float32 [N, size] each."""
        return tuple(
            tf.zeros([batch_size, size]) for size in self.state_sizes.values()
        )

    def next_state(self, state: Memory, glimpse: Glimpse) -> Memory:
        """What is remembered after a look, its fixation included."""
        del glimpse
        return state

    def place(
        self, location: tf.Tensor, glimpse: Glimpse, state: Memory
    ) -> tf.Tensor:
        """What the encoder is told of where it looks, [N, place_size].

        Args:
            location: [N, 2] in units.
            glimpse: What is seen there.
            state: What was remembered before this look.
        """
        del glimpse, state
        return location

    def distribution(
        self, parameters: tf.Tensor
    ) -> tfp.distributions.Distribution:
        """The policy, as a TFP distribution over choices."""
        raise NotImplementedError

    def mode(self, parameters: tf.Tensor) -> tf.Tensor:
        """The likeliest choice."""
        raise NotImplementedError

    def sample(self, parameters: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """A choice by given noise, [N, ...] of what `noise` makes."""
        raise NotImplementedError

    def noise(self, seed: tf.Tensor, rows, steps: int) -> tf.Tensor:
        """What `sample` consumes, [N, T, ...], from a stateless seed [2]."""
        raise NotImplementedError

    def log_prob(self, parameters: tf.Tensor, choice: tf.Tensor) -> tf.Tensor:
        """Log-probability (or density) of choices, of any leading shape."""
        return self.distribution(parameters).log_prob(choice)

    def target_log_prob(
        self, parameters: tf.Tensor, glimpse: Glimpse, target: tf.Tensor
    ) -> tf.Tensor:
        """The log-probability of looking at a target, [N].

        Args:
            parameters: [N, P].
            glimpse: That they were computed from.
            target: As `Environment.target`, [N, 3].
        """
        raise NotImplementedError

    def locate(self, choice: tf.Tensor, glimpse: Glimpse | None) -> tf.Tensor:
        """The location [N, 2] in units that a choice leads to.

        One that aims at pixels should not aim at the edge between two: there,
        rounding decides which is read, and runtimes round differently.

        Args:
            choice: [N, ...].
            glimpse: The last; None unless it is read.
        """
        del glimpse
        return choice

    def indifferent(self, parameters: tf.Tensor) -> tf.Tensor:
        """Parameters that prefer no choice to another, for controls.

        Only of a policy whose choice is not the location itself.
        """
        raise NotImplementedError

    def anywhere(self, uniform: tf.Tensor) -> tf.Tensor:
        """Random locations, for controls and first fixations.

        Args:
            uniform: In (-1, 1), [N, 2].

        Returns:
            [N, 2] in units; here, of half a canvas.
        """
        return uniform

    def multiply_adds(self) -> int:
        """Multiply-adds of choosing one location, once it is built."""
        if not self.reads_glimpse:
            return products.of_layer(self)
        features, windows, places = map(
            products.spec, products.built_shapes(self)
        )
        two = tf.TensorSpec([2], tf.float32)
        fixation = products.spec((None, 2))
        contrast = windows if self.reads_contrast else None
        glimpse = Glimpse(windows, places, fixation, two, two, contrast)
        state = tuple(
            products.spec((None, size)) for size in self.state_sizes.values()
        )
        return products.multiply_adds(self, features, glimpse, state)

    def exact_kernels(self) -> list[np.ndarray]:
        """Kernels [in, out] that stay float32 in a file of int8 weights.

        Here, all matrices: a location that is off by a pixel shows other
        pixels.
        """
        return [w.numpy() for w in self.weights if len(w.shape) == 2]

    def weights_for(self, other: "FixationPolicy") -> list[np.ndarray]:
        """Its weights as those of a policy that reaches further, or less far.

        Args:
            other: Of the same class, built.

        Returns:
            As `other.get_weights()`; here, its own as they are.
        """
        del other
        return self.get_weights()
