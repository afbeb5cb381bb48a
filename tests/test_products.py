"""Multiply-adds of layers of all kinds, by hand."""

import keras
import pytest
import tensorflow as tf

from ram_tf.layers import products

LAST = {"data_format": "channels_last"}


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (keras.layers.Dense(5), (None, 3), 15),
        # At each of 2 x 4 places.
        (keras.layers.Dense(5), (None, 2, 4, 3), 8 * 15),
        # 3 x 2 places of a kernel 2 x 3 x 4 x 5.
        (keras.layers.Conv2D(5, (2, 3), **LAST), (None, 4, 4, 4), 6 * 120),
        # 2 x 2 places, stride 2.
        (keras.layers.Conv2D(5, 2, 2, **LAST), (None, 4, 4, 4), 4 * 80),
        # Two groups: each filter sees 2 of 4 channels.
        (
            keras.layers.Conv2D(6, 2, groups=2, **LAST),
            (None, 3, 3, 4),
            4 * 6 * 8,
        ),
        (
            keras.layers.DepthwiseConv2D(2, depth_multiplier=3, **LAST),
            (None, 3, 3, 4),
            4 * 12 * 4,
        ),
        (
            keras.layers.EinsumDense("ab,bc->ac", output_shape=5),
            (None, 3),
            15,
        ),
        (keras.layers.Flatten(), (None, 3, 4), 0),
        (keras.layers.LayerNormalization(), (None, 3), 0),
    ],
)
def test_layers(layer, shape, expected):
    layer.build(shape)
    assert products.of_layer(layer) == expected


def test_products_of_matrices():
    three, four = tf.TensorSpec([2, 3]), tf.TensorSpec([2, 4])

    def function(a, b):
        return tf.matmul(a, b, transpose_a=True), tf.matmul(
            a[None], b[None], transpose_a=True
        )

    assert products.multiply_adds(function, three, four) == 2 * (3 * 2 * 4)
