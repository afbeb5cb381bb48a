"""The contract of what a model decides, beside where to look."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from ram_tf.layers import products
from ram_tf.noise import gumbel_noise
from ram_tf.types import Trajectory

tfd = tfp.distributions


class Head:
    """Gives a distribution over a decision, read off the core's features.

    A Keras layer that is one is called with what `read` makes of the features
    after a look, and returns the distribution's parameters.

    Attributes:
        key: Its name among `RAMCell.heads`, and of its decision in an action.
        acts: Whether the decision is done; else it is only said.
        explores: Whether its entropy may be rewarded.
        reads: Keys of other heads whose parameters it reads.
        metric_names: What it tells of a training step.
        metrics_over_steps: Those that are means over the steps played; the
            others are means over episodes.
        meanings: Of its outputs, for users of exports.
    """

    key: str
    acts: bool = False
    explores: bool = False
    reads: tuple[str, ...] = ()
    metric_names: tuple[str, ...] = ()
    metrics_over_steps: tuple[str, ...] = ()
    meanings: Mapping[str, str] = MappingProxyType({})

    @property
    def width(self) -> int:
        """Numbers that it puts into the cell's output."""
        raise NotImplementedError

    def input_size(self, features_size: int) -> int:
        """The size of the vector that `read` makes."""
        return features_size

    def read(
        self, features: tf.Tensor, others: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """The vector that the head is called with.

        Args:
            features: [..., D], from the core after a look.
            others: Parameters of the heads that it `reads`, by key.
        """
        del others
        return features

    def columns(self, parameters: tf.Tensor) -> tf.Tensor:
        """The distribution's parameters as one tensor [..., width]."""
        return parameters

    def distribution(
        self, parameters: tf.Tensor
    ) -> tfp.distributions.Distribution:
        """The decision, as a TFP distribution."""
        raise NotImplementedError

    def mode(self, parameters: tf.Tensor) -> tf.Tensor:
        """The likeliest decision, [...]."""
        raise NotImplementedError

    def sample(self, parameters: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """A decision [...] by given noise, of what `noise` makes."""
        raise NotImplementedError

    def noise(self, seed: tf.Tensor, rows, steps: int) -> tf.Tensor:
        """What `sample` consumes, [N, T, ...]: a stream of a seed [2]."""
        raise NotImplementedError

    def decides(self, steps: int) -> np.ndarray:
        """At which of T steps there is something to decide, [T] bool."""
        return np.ones(steps, bool)

    def exported(self, parameters: tf.Tensor) -> dict[str, tf.Tensor]:
        """What an exported step returns of it, by name."""
        raise NotImplementedError

    def measure(self, trajectory: Trajectory) -> dict[str, tf.Tensor]:
        """The values of `metric_names`, scalars."""
        del trajectory
        return {}

    def multiply_adds(self) -> int:
        """Multiply-adds of a decision, once it is built."""
        return products.of_layer(self)

    def exact_kernels(self) -> list[np.ndarray]:
        """Kernels [in, out] that stay float32 in a file of int8 weights."""
        return []


class CategoricalHead(Head):
    """A softmax over [..., width] logits."""

    # Which of a seed's streams its noise is.
    stream: int

    def distribution(self, logits: tf.Tensor) -> tfp.distributions.Distribution:
        """The decision, as a TFP distribution over [...] integers."""
        return tfd.Categorical(logits=logits)

    def mode(self, logits: tf.Tensor) -> tf.Tensor:
        """The likeliest class, [...] int32."""
        return tf.argmax(logits, axis=-1, output_type=tf.int32)

    def sample(self, logits: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """A sample from given Gumbel noise [..., width]: [...] int32."""
        return self.mode(logits + noise)

    def noise(self, seed, rows, steps):
        """Standard Gumbel noise, [N, T, width]."""
        return gumbel_noise(seed, [rows, steps, self.width], self.stream)
