"""The glimpse network, by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import GlimpseNet, RecurrentAttentionModel


def test_glimpse_net_by_hand():
    net = GlimpseNet(2, 1, 2)
    net.build((None, 1, 2, 1), (None, 2))
    net.see.set_weights([np.float32([[1, -1], [2, 1]]), np.float32([1, 0])])
    net.place.set_weights([np.float32([[2], [-4]]), np.float32([0.5])])
    net.what.set_weights([np.float32([[1, 0], [3, -1]]), np.float32([0, 6])])
    net.where.set_weights([np.float32([[-2, 1]])])
    glimpses = np.float32([[[[1], [2]]], [[[3], [0]]]])
    locations = np.float32([[0.5, 0.25], [1, 0]])
    # Row 0: h_g = relu(6, 1), h_l = relu(0.5): (6 + 3 - 1, 6 - 1 + 0.5).
    # Row 1: h_g = relu(4, -3), h_l = relu(2.5): (4 - 5, 6 + 2.5), then relu.
    np.testing.assert_array_equal(
        net(glimpses, locations), [[8, 5.5], [0, 8.5]]
    )


def test_glimpse_net_with_gains_by_hand():
    net = GlimpseNet(1, 1, 1, gains=[1, 4])
    net.build((None, 1, 1, 4), (None, 2))
    # Two windows of two channels: 1 and 2, then 3 and 5, four times as bright.
    net.see.set_weights([np.float32([[1], [10], [100], [1000]]), np.zeros(1)])
    net.place.set_weights([np.zeros([2, 1]), np.zeros(1)])
    net.what.set_weights([np.float32([[1]]), np.zeros(1)])
    seen = net(np.float32([[[[1, 2, 3, 5]]]]), np.zeros([1, 2], "f"))
    np.testing.assert_array_equal(seen, [[1 + 20 + 1200 + 20_000]])


def test_a_gain_of_the_model_is_that_of_its_weights():
    keras.utils.set_random_seed(0)
    bright = RecurrentAttentionModel(
        4, 3, 3, scales=3, scale_gain=2.0, sensor="gather"
    )
    plain = RecurrentAttentionModel(4, 3, 3, scales=3, sensor="gather")
    assert plain.cell.glimpse_net.gains is None
    assert bright.cell.glimpse_net.gains == [1, 2, 4]
    for model in (bright, plain):
        model.build((None, 9, 9, 1))
    plain.set_weights(bright.get_weights())
    see = plain.cell.glimpse_net.see
    # A pixel's three windows, then the next pixel's. By powers of two nothing
    # is rounded.
    gains = np.float32([1, 2, 4] * 9)[:, None]
    see.kernel.assign(see.kernel * gains)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, [5, 9, 9, 1], np.uint8)
    outputs, expected = bright(images), plain(images)
    for name, values in expected.items():
        np.testing.assert_array_equal(outputs[name], values)


def test_glimpse_net_has_the_sizes_of_the_paper():
    net = GlimpseNet()
    net.build((None, 8, 8, 1), (None, 2))
    sizes = [(64 + 1) * 128, (2 + 1) * 128, (128 + 1) * 256, 128 * 256]
    assert net.count_params() == sum(sizes)


def test_glimpse_net_keeps_the_location_in_float32():
    # Between 0.9 and 0.901 there is no bfloat16.
    net = GlimpseNet(2, 1, 1, dtype="mixed_bfloat16")
    net.build((None, 1, 1, 1), (None, 2))
    net.place.set_weights([np.float32([[1024], [0]]), np.float32([-921.6])])
    net.where.set_weights([np.float32([[1]])])
    net.what.set_weights([np.zeros([2, 1], "f"), np.zeros([1], "f")])
    out = net(np.zeros([2, 1, 1, 1], "f"), np.float32([[0.9, 0], [0.901, 0]]))
    assert out.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(out, "float32")[:, 0], [0, 1.024], 0.01)


def test_convolutions_need_a_place():
    def built(size):
        model = RecurrentAttentionModel(
            2, 2, glimpse_size=size, scales=2, glimpse_encoder="conv"
        )
        model.build((None, 30, 30, 1))

    built(6)
    with pytest.raises(ValueError, match=r"glimpse_size.*at least 6.*: 5"):
        built(5)
