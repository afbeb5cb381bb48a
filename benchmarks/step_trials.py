"""Other ways to lay out a training step: are they faster than the one in use?

    python -m benchmarks.step_trials --out=benchmarks/results/step_trials.json

Run it with nothing else running. On inputs that are ready, with the paper's
policy and with the one over cells, at several batches, it compares

- **two programs**: each half of a batch has a compiled program for its
  gradients, the two run beside each other, and a third makes the update; with
  the one program of `ram_tf.training.step`;
- **one product**: the weight gradient of a layer over all glimpses, as one
  product of all their rows; with a product for each glimpse, added up. These
  are products alone, and not a training step.

What playing several batches at once could win shows in the rows of larger
batches: K batches of B images cost at least what one of K * B does.
"""

import tensorflow as tf
from absl import flags

from benchmarks.timing import REPETITIONS, interleave, show, write
from benchmarks.workload import Workload
from ram_tf.noise import step_seed
from ram_tf_runs.command import run

_BATCHES = flags.DEFINE_multi_integer(
    "batches", [32, 64, 128], "Even batches; once for each.", lower_bound=2
)
_POLICIES = {
    "gaussian": {},
    "cells": {"location_policy": "cells", "first_fixation": "centre"},
}
_ROLLOUTS = 2
_STEPS = 20  # Of a measured call.
_GLIMPSES = 8
# Inputs and outputs of layers of the paper's network: retina, core, answer.
_LAYERS = ((432, 128), (256, 256), (256, 10))


def main() -> None:
    rows = [
        _programs(policy, batch)
        for policy in _POLICIES
        for batch in _BATCHES.value
    ]
    show("a step by one program, and by two beside each other", rows)
    products = [
        _products(*layer, batch)
        for batch in _BATCHES.value
        for layer in _LAYERS
    ]
    show("weight gradients of all glimpses", products)
    write({"programs": rows, "products": products}, REPETITIONS.value)


def _programs(policy: str, batch: int) -> dict[str, str | float]:
    """Milliseconds of a step, laid out in both ways."""
    workload = Workload(batch, _ROLLOUTS, **_POLICIES[policy])
    seconds = interleave(
        {
            "one": workload.training(fresh=False),
            "two": _beside_each_other(workload),
        },
        REPETITIONS.value,
    )
    one, two = (1e3 * seconds[name] / _STEPS for name in ("one", "two"))
    return {
        "policy": policy,
        "batch": batch,
        "one program ms": one,
        "two programs ms": two,
        "times as fast": one / two,
    }


def _beside_each_other(workload: Workload):
    """A call of as many steps, each of two programs and an update."""
    agent = workload.agent
    halves = [_gradients(workload, rows) for rows in workload.halves]
    update = tf.function(agent.update, jit_compile=True, autograph=False)

    @tf.function(autograph=False)
    def steps():
        def body(k):
            # Neither needs the other, so that TensorFlow starts both at once.
            each = [half(step_seed(i, k)) for i, half in enumerate(halves)]
            update([(a + b) / 2 for a, b in zip(*each, strict=True)])
            return (k + 1,)

        return tf.while_loop(lambda k: k < _STEPS, body, (0,))

    return lambda: steps()[0].numpy()


def _gradients(workload: Workload, rows: slice):
    """The compiled program of some rows' gradients."""

    @tf.function(jit_compile=True, autograph=False)
    def gradients(seed):
        return workload.agent.gradients(workload.environment(rows), seed)[0]

    return gradients


def _products(inputs: int, outputs: int, batch: int) -> dict[str, float]:
    """Milliseconds of a layer's weight gradient over all glimpses."""
    rows = batch * _ROLLOUTS
    x = tf.random.stateless_normal([_GLIMPSES, rows, inputs], [0, 1])
    gradient = tf.random.stateless_normal([_GLIMPSES, rows, outputs], [0, 2])

    @tf.function(jit_compile=True, autograph=False)
    def added(x, gradient):
        total = tf.zeros([inputs, outputs])
        for k in range(_GLIMPSES):
            total += tf.matmul(x[k], gradient[k], transpose_a=True)
        return total

    @tf.function(jit_compile=True, autograph=False)
    def whole(x, gradient):
        flat = tf.reshape(x, [-1, inputs])
        return tf.matmul(
            flat, tf.reshape(gradient, [-1, outputs]), transpose_a=True
        )

    def often(function):
        def call():
            for _ in range(_STEPS):
                result = function(x, gradient)
            return result.numpy()

        return call

    seconds = interleave(
        {"added": often(added), "whole": often(whole)}, REPETITIONS.value
    )
    many, one = (1e3 * seconds[name] / _STEPS for name in ("added", "whole"))
    return {
        "inputs": inputs,
        "outputs": outputs,
        "rows": rows,
        "a product each ms": many,
        "one product ms": one,
        "times as fast": many / one,
    }


if __name__ == "__main__":
    run(main)
