"""Whether XLA compiles what is being traced."""

# TensorFlow has no public way to ask.
from tensorflow.python.framework import ops
from tensorflow.python.ops import control_flow_util


def compiles() -> bool:
    """True inside `tf.function(jit_compile=True)`, in its loops, too."""
    graph = ops.get_default_graph()
    return bool(control_flow_util.GraphOrParentsInXlaContext(graph))
