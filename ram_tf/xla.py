"""Whether XLA compiles what is being traced, and a hint to it."""

import tensorflow as tf

# TensorFlow has no public way to ask, nor to say.
from tensorflow.compiler.tf2xla.python import xla
from tensorflow.python.framework import ops
from tensorflow.python.ops import control_flow_util


def compiles() -> bool:
    """True inside `tf.function(jit_compile=True)`, in its loops, too."""
    return bool(control_flow_util.GraphOrParentsInXlaContext(graph()))


def graph() -> tf.Graph:
    """The graph that is being traced."""
    return ops.get_default_graph()


def barrier(tensor: tf.Tensor) -> tf.Tensor:
    """The tensor itself, which XLA then computes once, for all that use it.

    Left to itself it computes cheap things again in each loop that reads them,
    and sums of pixels are not as cheap as it thinks. No gradient passes.
    """
    if not compiles():
        return tf.stop_gradient(tensor)
    return xla.optimization_barrier(tf.stop_gradient(tensor))[0]
