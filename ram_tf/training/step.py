"""The compiled program that makes many training steps in one call."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from ram_tf.agents.update import Agent
from ram_tf.episodes.environments.environment import Environment
from ram_tf.errors import DivergedError
from ram_tf.noise import step_seed
from ram_tf.types import LossInfo

Batch = dict[str, tf.Tensor]
# What a batch is made of: tensors in a nest.
Given = Any


class StepsInfo(NamedTuple):
    """What a call reports.

    Attributes:
        loss: Of each step, [max_steps]; 0 beyond the steps that were made.
        extra: Likewise of each scalar in LossInfo.extra. They are not summed
            here, because sums in float32 depend on where they are cut.
    """

    loss: tf.Tensor
    extra: dict[str, tf.Tensor]


def check_loss(loss: float, step: int) -> None:
    """Raises DivergedError if a step's loss is not finite."""
    if not math.isfinite(loss):
        raise DivergedError(
            f"The loss became {loss} at step {step}; the last checkpoint is "
            "kept. A lower learning rate or a smaller weight of the policy's "
            "loss may help."
        )


def of_step(given: Given, k: tf.Tensor) -> Given:
    """What is given for one of several steps."""
    return tf.nest.map_structure(lambda values: values[k], given)


def steps_of(given: Given) -> int:
    """For how many steps something is given."""
    return int(tf.nest.flatten(given)[0].shape[0])


def compile_steps(
    agent: Agent,
    make_batch: Callable[[Given, tf.Tensor], Batch],
    make_environment: Callable[[Batch], Environment],
    seed: int,
    jit_compile: bool = True,
) -> Callable[[Given, tf.Tensor, tf.Tensor], StepsInfo]:
    """Compiles data, play, gradient and update into one program.

    Args:
        agent: Trains its model.
        make_batch: Turns indices [B], or whatever else is given for a step,
            and the step into a batch.
        make_environment: Turns a batch into episodes.
        seed: Of the policy's noise, folded with the step.
        jit_compile: Whether XLA compiles it, which is faster.

    Returns:
        A function of (indices [max_steps, B] or a nest of what is given, the
        first step, the number of steps).
    """

    def train(batch: Batch, step: tf.Tensor) -> LossInfo:
        return agent.train(make_environment(batch), step_seed(seed, step))

    @tf.function(jit_compile=jit_compile, autograph=False)
    def steps(given, first, count):
        last = steps_of(given) - 1

        def body(k, batch, loss, extra):
            # The next batch is made while this one is trained on.
            following = tf.minimum(k + 1, last)
            after = make_batch(of_step(given, following), first + following)
            info = train(batch, first + k)
            loss = tf.tensor_scatter_nd_update(loss, [[k]], [info.loss])
            extra = {
                name: tf.tensor_scatter_nd_update(extra[name], [[k]], [value])
                for name, value in info.extra.items()
            }
            return k + 1, after, loss, extra

        batch = make_batch(of_step(given, 0), first)
        loss = tf.zeros([last + 1])
        extra = {name: loss for name in agent.metric_names}
        _, _, loss, extra = tf.while_loop(
            lambda k, *_: k < count, body, (0, batch, loss, extra)
        )
        return StepsInfo(loss, extra)

    return steps
