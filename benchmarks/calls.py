"""Compiled calls on images of noise, which differ from call to call."""

import itertools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ram_tf import RecurrentAttentionModel
from ram_tf.episodes.policies import RandomFixations
from ram_tf.episodes.unroll import unroll
from ram_tf.noise import uniform_noise

_SETS = 5  # Batches that take turns.

Call = Callable[[tf.Tensor], tf.Tensor | np.ndarray]


def compiled(function: Callable) -> Callable:
    """By XLA."""
    return tf.function(function, jit_compile=True, autograph=False)


def images(side: int, batch_size: int, channels: int = 1) -> list[tf.Tensor]:
    """Batches [B, side, side, channels] uint8."""
    rng = np.random.default_rng(side)
    shape = (batch_size, side, side, channels)
    return [
        tf.constant(rng.integers(0, 256, shape, np.uint8)) for _ in range(_SETS)
    ]


def randomly_fixated(model: RecurrentAttentionModel) -> Call:
    """Classifies with fixations all over the canvas, others in each call."""
    calls = tf.Variable(0)

    def classify(images):
        environment = model.environment(images)
        seed = tf.stack([calls.assign_add(1), 1])
        noise = uniform_noise(seed, [environment.rows, environment.steps, 2])
        policy = RandomFixations(model.cell, noise)
        return tf.nn.softmax(unroll(policy, environment).logits)

    return compiled(classify)


def repeat(
    call: Call, batches: list[tf.Tensor], times: int
) -> Callable[[], np.ndarray]:
    """One measured repetition: so many calls, on one batch after another."""
    turns = itertools.cycle(batches)

    def repeated():
        for _ in range(times):
            result = call(next(turns))
        return np.asarray(result)

    return repeated
