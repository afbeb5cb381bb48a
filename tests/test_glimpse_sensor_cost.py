"""The gather reader touches the pixels of its windows, not the image.

Both checks are shown to catch the plain reader, which casts whole images.
"""

import math
import re

import pytest
import tensorflow as tf

from ram_tf import GlimpseSensor

SIDE, BATCH = 1024, 2
IMAGES = tf.TensorSpec([BATCH, SIDE, SIDE, 1], tf.uint8)
LOCATIONS = tf.TensorSpec([4 * BATCH, 2], tf.float32)
FULL = SIDE * SIDE
# What may take a whole image: new names for it, its shape, and the reading.
ALLOWED = {"StopGradient", "Identity", "Shape", "Reshape", "GatherV2"}
ALLOWED |= {"CropAndResize"}


def _graph_offenders(implementation):
    """Types of the other operations that take a tensor of an image's size."""
    sensor = GlimpseSensor(12, 3, implementation)
    traced = tf.function(sensor, jit_compile=implementation == "gather")
    graph = traced.get_concrete_function(IMAGES, LOCATIONS).graph
    return {
        operation.type
        for operation in graph.get_operations()
        for tensor in operation.inputs
        if (tensor.shape.num_elements() or FULL) >= FULL
    } - ALLOWED


@pytest.mark.parametrize("implementation", ["gather", "crop_and_resize"])
def test_no_operation_of_the_graph_takes_the_whole_image(implementation):
    assert _graph_offenders(implementation) == set()


def test_the_check_of_the_graph_sees_a_cast():
    assert "Cast" in _graph_offenders("extract_glimpse")


def _large_floats(function):
    """Float arrays of an image's size in the program that XLA compiled."""
    compiled = tf.function(function, jit_compile=True)
    program = compiled.experimental_get_compiler_ir(
        tf.zeros(IMAGES.shape, IMAGES.dtype), tf.zeros(LOCATIONS.shape)
    )(stage="optimized_hlo")
    shapes = re.findall(r"f32\[([\d,]+)\]", program)
    sizes = [math.prod(map(int, shape.split(","))) for shape in shapes]
    assert sizes, "the program has no float arrays at all"
    return [size for size in sizes if size >= FULL]


def test_the_compiled_program_holds_no_copy_of_the_image():
    assert _large_floats(GlimpseSensor(12, 3, "gather")) == []


@pytest.mark.parametrize("margin", [0, 24])
def test_the_check_of_the_program_sees_a_copy(margin):
    sensor = GlimpseSensor(12, 3, "gather")

    def wasteful(images, locations):
        sides = [margin, margin]
        padded = tf.pad(images, [[0, 0], sides, sides, [0, 0]])
        return sensor(tf.cast(padded, tf.float32) / 255.0, locations)

    assert _large_floats(wasteful)


def _tables(glimpses):
    """Loops in the program that reads so many glimpses: each makes a table."""
    sensor = GlimpseSensor(12, 3, "integral")

    def read(images, locations):
        return [sensor(images, locations + t / 10) for t in range(glimpses)]

    compiled = tf.function(read, jit_compile=True)
    program = compiled.experimental_get_compiler_ir(
        tf.zeros([2, 60, 60, 1], tf.uint8), tf.zeros([4, 2])
    )(stage="optimized_hlo")
    return program.count(" while(")


def test_the_table_of_sums_is_made_once():
    assert _tables(8) == _tables(1) == 1
