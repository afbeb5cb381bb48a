"""Where a moving image stands, and the videos that are made of it."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from ram_tf_data.canvas import Canvas, compose
from ram_tf_data.drift import Drift, _reflect

SEED = tf.constant([1, 2])
VIDEO = Canvas(20, clutter=3, clutter_size=4, drift=Drift(6, 2.5))


def _pool(count=8, side=7):
    rng = np.random.default_rng(0)
    return rng.integers(1, 256, [count, side, side, 1], np.uint8)


def _composed(canvas, pool, **how):
    index = tf.range(len(pool))
    return compose(canvas, tf.constant(pool), index, SEED, **how).numpy()


def _bounced(position, velocity, last, frames):
    """A position frame by frame, which turns round at 0 and at last."""
    positions = [position]
    for _ in range(frames - 1):
        position += velocity
        while not 0 <= position <= last:
            position = -position if position < 0 else 2 * last - position
            velocity = -velocity
        positions.append(position)
    return positions


def test_offsets_are_whole_pixels_of_a_constant_velocity():
    drift = Drift(9, 2.5)
    offsets = drift.offsets()
    assert offsets.shape[1:] == (9, 2)
    distance = 2.5 * np.arange(9)
    # Rounding moves each coordinate by half a pixel at most.
    length = np.linalg.norm(offsets, axis=-1)
    np.testing.assert_allclose(
        length, np.tile(distance, (len(offsets), 1)), atol=np.sqrt(0.5)
    )
    way = np.arctan2(*offsets[:, -1].T) % (2 * np.pi)
    counts, _ = np.histogram(way, bins=8, range=(0, 2 * np.pi))
    np.testing.assert_allclose(counts, len(offsets) / 8, rtol=0.1)


def test_no_offset_is_rounded_from_a_half():
    # There the last bit of a sine would decide, and machines differ.
    for speed in (0.5, 1, 2.5, 3):
        exact = Drift(33, 2**20 * speed).offsets() / 2**20
        away = np.abs(exact - np.floor(exact) - 0.5)
        assert away[:, 1:].min() > 1e-6


@pytest.mark.parametrize("speed", [0.0, 1.0, 3.0, 11.0])
def test_a_path_bounces_between_the_edges(speed):
    drift, room = Drift(12, speed), (9, 14)
    corner = tf.tile([[4, 13]], [300, 1])
    path = drift.path(corner, room, SEED).numpy()
    offsets = drift.offsets()
    expected = np.stack(
        [
            [_fold(4 + y, 9), _fold(13 + x, 14)]
            for y, x in offsets.reshape(-1, 2)
        ]
    ).reshape(offsets.shape)
    known = {way.tobytes() for way in expected.astype(np.int32)}
    assert all(way.tobytes() in known for way in path)
    np.testing.assert_array_equal(path[:, 0], corner)
    if speed:
        assert len({way.tobytes() for way in path}) > 100


def _fold(position, last):
    while not 0 <= position <= last:
        position = -position if position < 0 else 2 * last - position
    return position


def test_reflection_is_what_a_bouncing_ball_does():
    free = 3 + 4 * np.arange(20, dtype=np.int32)
    position = tf.constant(np.stack([free, free], axis=-1))
    made = _reflect(position, tf.constant([5, 50])).numpy()
    np.testing.assert_array_equal(made[:, 0], _bounced(3, 4, 5, 20))
    np.testing.assert_array_equal(made[:, 1], _bounced(3, 4, 50, 20))


def test_an_image_as_large_as_the_canvas_cannot_move():
    path = Drift(5, 3.0).path(tf.zeros([9, 2], tf.int32), (0, 7), SEED)
    assert not path[..., 0].numpy().any()
    assert path[..., 1].numpy().max() == 7


def test_the_digit_moves_whole_over_clutter_that_stands_still():
    pool = _pool()
    # Without clutter: a digit at the places of its path, and nothing else.
    bare = _composed(dataclasses.replace(VIDEO, clutter=0), pool)
    assert bare.shape == (8, 6, 20, 20, 1)
    lit = bare[..., 0] > 0
    row, column = lit.any(-1).argmax(-1), lit.any(-2).argmax(-1)
    moved = 0
    for i, t in np.ndindex(8, 6):
        y, x = row[i, t], column[i, t]
        expected = np.zeros([20, 20, 1], np.uint8)
        expected[y : y + 7, x : x + 7] = pool[i]
        np.testing.assert_array_equal(bare[i, t], expected)
        moved += t > 0 and (y, x) != (row[i, t - 1], column[i, t - 1])
    assert moved > 35  # Of 40.
    # Clutter is what an invisible digit leaves, in every frame the same.
    dark = np.concatenate([pool, np.zeros_like(pool[:1])])
    still = dataclasses.replace(VIDEO, drift=None)
    index = tf.fill([8], 8)
    clutter = compose(still, tf.constant(dark), index, SEED).numpy()
    film = compose(VIDEO, tf.constant(dark), index, SEED).numpy()
    np.testing.assert_array_equal(film, np.repeat(clutter[:, None], 6, axis=1))
    assert clutter.any()


def test_values_are_added_and_clamped_in_every_frame():
    pool = _pool()
    bare = _composed(dataclasses.replace(VIDEO, clutter=0), pool)
    whole = _composed(VIDEO, pool).astype(int)
    beside = np.where(bare > 0, 0, whole)
    # Clutter behind the digit is seen in another frame, unless it never is.
    assert (whole >= bare).all()
    clutter = beside.max(axis=1, keepdims=True)
    seen = (bare == 0).any(axis=1, keepdims=True)
    expected = np.minimum(bare + clutter, 255)
    seen = np.broadcast_to(seen, whole.shape)
    np.testing.assert_array_equal(whole[seen], expected[seen])
    assert (whole[seen] > bare[seen]).any()


def test_the_first_frame_is_the_still_image_of_that_seed():
    pool = _pool()
    still = _composed(dataclasses.replace(VIDEO, drift=None), pool)
    np.testing.assert_array_equal(_composed(VIDEO, pool)[:, 0], still)


def test_without_speed_nothing_moves():
    canvas = dataclasses.replace(VIDEO, drift=Drift(4, 0.0))
    made = _composed(canvas, _pool())
    np.testing.assert_array_equal(made, np.repeat(made[:, :1], 4, axis=1))


def test_a_video_starts_at_a_corner_that_is_given():
    canvas = Canvas(20, drift=Drift(3, 1.0))
    corner = tf.tile([[13, 0]], [8, 1])
    made = _composed(canvas, _pool(), corner=corner)
    np.testing.assert_array_equal(made[:, 0, 13:, :7], _pool())


def test_images_need_not_be_square():
    canvas = dataclasses.replace(VIDEO, clutter=0)
    made = _composed(canvas, _pool()[:, :3])
    np.testing.assert_array_equal((made > 0).sum((2, 3, 4)), 3 * 7)


def test_eager_graph_and_xla_make_the_same_bytes():
    rng = np.random.default_rng(0)
    pool = tf.constant(rng.integers(0, 256, [50, 28, 28, 1], np.uint8))
    index = tf.constant(rng.integers(0, 50, [20], np.int32))
    canvas = Canvas(60, clutter=4, drift=Drift(8, 3.0))

    def make(pool, index, seed):
        return compose(canvas, pool, index, seed)

    expected = make(pool, index, SEED)
    for jit in (False, True):
        made = tf.function(make, jit_compile=jit)(pool, index, SEED)
        np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize(
    ("drift", "message"),
    [
        (Drift(0, 1.0), "`frames` must be at least 1. Received: 0"),
        (Drift(8, -1.0), "`speed` must lie between 0 and.*60.*: -1.0"),
        (Drift(8, 60.5), "`speed` must lie between 0 and.*60.*: 60.5"),
        (Drift(8, float("nan")), "`speed` must lie between 0 and.*nan"),
    ],
)
def test_bad_drifts(drift, message):
    with pytest.raises(ValueError, match=message):
        Canvas(60, drift=drift).check(_pool())
