"""The composition of canvases."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from ram_tf_data.canvas import Canvas, compose

SEED = tf.constant([1, 2])


def _grey(values):
    """Images [n, h, w, 1] of nested lists."""
    return np.array(values, np.uint8)[..., None]


def _full(value, count=1, side=3, channels=1):
    return np.full([count, side, side, channels], value, np.uint8)


def _composed(canvas, images, seed=SEED):
    """Each of the images on a canvas."""
    index = tf.range(len(images))
    return compose(canvas, tf.constant(images), index, seed).numpy()


def _clutter(canvas, pool, count):
    """What clutter adds to `count` canvases of the pool's first image."""
    index = tf.zeros([count], tf.int32)
    bare = dataclasses.replace(canvas, clutter=0)
    whole, image = (
        compose(which, tf.constant(pool), index, SEED).numpy()
        for which in (canvas, bare)
    )
    return whole - image


def _corners(canvases):
    """Top left corner of what is on each canvas [n, side, side, 1]."""
    lit = canvases[..., 0] > 0
    return np.stack([lit.any(2).argmax(1), lit.any(1).argmax(1)], axis=-1)


def _count(corners, positions):
    """How often each of positions x positions occurs."""
    return np.bincount(
        corners[:, 0] * positions + corners[:, 1], minlength=positions**2
    )


def test_every_place_is_as_likely_the_bounds_included():
    # 2 x 2 on 5 x 5: corners 0 to 3 on each axis.
    images = _full(9, count=3200, side=2)
    canvases = _composed(Canvas(5, clutter_size=1), images)
    np.testing.assert_array_equal(canvases.sum((1, 2, 3)), [4 * 9] * 3200)
    counts = _count(_corners(canvases), 4)
    # 200 expected in each of 16; a standard deviation is 14.
    assert counts.min() > 140
    assert counts.max() < 260


@pytest.mark.parametrize(
    ("side", "place", "expected"),
    [
        (5, "anywhere", [0, 1, 2, 3]),
        (5, "left", [0, 1]),
        (5, "right", [2, 3]),
        # At column 2 the middle of an image is that of the canvas.
        (6, "left", [0, 1, 2]),
        (6, "right", [3, 4]),
    ],
)
def test_the_columns_of_a_half(side, place, expected):
    images = _full(9, count=1500, side=2)
    canvases = _composed(Canvas(side, clutter_size=1, place=place), images)
    np.testing.assert_array_equal(canvases.sum((1, 2, 3)), [4 * 9] * 1500)
    rows, columns = _corners(canvases).T
    assert set(rows) == set(range(side - 1))
    values, counts = np.unique(columns, return_counts=True)
    np.testing.assert_array_equal(values, expected)
    # 300 or more expected of each; a standard deviation is 15.
    assert counts.min() > 230


def test_jitter_moves_each_way_alike_and_cuts_off():
    # One pixel on a canvas of one, moved by -1, 0 or 1 along both axes: it
    # stays in one case of nine.
    canvas = Canvas(1, clutter_size=1, jitter=1)
    left = _composed(canvas, _full(9, count=1800, side=1)).sum()
    # 200 expected; a standard deviation is 13.
    assert 150 < left / 9 < 250
    # The middle of 5 x 5 comes to every place.
    images = np.zeros([2500, 5, 5, 1], np.uint8)
    images[:, 2, 2] = 9
    corners = _corners(_composed(Canvas(5, clutter_size=1, jitter=2), images))
    counts = _count(corners, 5)
    # 100 expected in each of 25; a standard deviation is 10.
    assert counts.min() > 60


def test_clutter_goes_anywhere_when_digits_do_not():
    pool = _full(9, side=2)
    canvas = Canvas(5, clutter=1, clutter_size=2, place="left")
    counts = _count(_corners(_clutter(canvas, pool, 3200)), 4)
    assert counts.min() > 140
    assert counts.max() < 260


def test_corners_that_are_given():
    images = _grey([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    corner = tf.constant([[0, 3], [2, 1]])
    canvas = Canvas(5, clutter_size=1)
    made = compose(canvas, tf.constant(images), tf.range(2), SEED, corner)
    expected = np.zeros([2, 5, 5, 1], np.uint8)
    expected[0, 0:2, 3:5] = images[0]
    expected[1, 2:4, 1:3] = images[1]
    np.testing.assert_array_equal(made, expected)


def test_clutter_reaches_every_place_too():
    pool = _full(9, side=2)
    canvases = _clutter(Canvas(5, clutter=1, clutter_size=2), pool, 3200)
    counts = _count(_corners(canvases), 4)
    assert counts.min() > 140
    assert counts.max() < 260


def test_the_image_is_whole_and_as_it_was():
    image = _grey([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]] * 20)
    canvases = _composed(Canvas(7, clutter_size=1), image)
    for canvas, (y, x) in zip(canvases, _corners(canvases), strict=True):
        np.testing.assert_array_equal(canvas[y : y + 3, x : x + 3], image[0])
        assert canvas.sum() == 45


def test_no_clutter_and_no_room_is_the_image():
    images = np.random.default_rng(0).integers(0, 256, [5, 6, 6, 3], np.uint8)
    np.testing.assert_array_equal(
        _composed(Canvas(6, clutter_size=1), images), images
    )


def test_images_need_not_be_square():
    images = _full(7, count=500, side=4)[:, :2]
    canvases = _composed(Canvas(5, clutter_size=1), images)
    np.testing.assert_array_equal(canvases.sum((1, 2, 3)), [8 * 7] * 500)
    corners = _corners(canvases)
    assert set(corners[:, 0]) == {0, 1, 2, 3}
    assert set(corners[:, 1]) == {0, 1}


@pytest.mark.parametrize(
    ("value", "clutter", "expected"),
    [(50, 3, 200), (85, 2, 255), (100, 2, 255), (255, 9, 255), (3, 0, 3)],
)
def test_values_are_added_and_clamped(value, clutter, expected):
    # There is no room: everything lies on everything.
    images = _full(value, count=2)
    canvases = _composed(Canvas(3, clutter, clutter_size=3), images)
    np.testing.assert_array_equal(canvases, _full(expected, count=2))


def test_clutter_is_cut_from_any_image_of_the_pool():
    pool = np.concatenate([_full(value, side=6) for value in (3, 5, 7)])
    canvases = _clutter(Canvas(6, clutter=1, clutter_size=2), pool, 200)
    np.testing.assert_array_equal(np.unique(canvases), [0, 3, 5, 7])
    np.testing.assert_array_equal((canvases > 0).sum((1, 2, 3)), [4] * 200)


def test_clutter_is_drawn_with_replacement():
    # Two patches of ones of two: they are equal in half of the cases.
    pool = _full(1, count=2, side=2)
    pool[1] = 2
    canvases = _clutter(Canvas(2, clutter=2, clutter_size=2), pool, 400)
    values, counts = np.unique(canvases[:, 0, 0, 0], return_counts=True)
    np.testing.assert_array_equal(values, [2, 3, 4])
    np.testing.assert_allclose(counts / 400, [0.25, 0.5, 0.25], atol=0.08)


def test_every_part_of_an_image_becomes_clutter():
    # Sub-patches of 2 x 2 of an image of 4 x 5: 3 x 4 of them.
    pool = _grey([np.arange(1, 21).reshape(4, 5)])
    canvases = _clutter(Canvas(5, clutter=1, clutter_size=2), pool, 2400)
    first = []
    for canvas, (y, x) in zip(canvases, _corners(canvases), strict=True):
        patch = canvas[y : y + 2, x : x + 2].flatten().astype(int)
        np.testing.assert_array_equal(patch - patch[0], [0, 1, 5, 6])
        assert canvas.sum() == patch.sum()
        first.append(patch[0])
    values, counts = np.unique(first, return_counts=True)
    np.testing.assert_array_equal(
        values, [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14]
    )
    assert counts.min() > 140
    assert counts.max() < 260


def test_patches_are_independent():
    pool = _full(1, side=2)
    canvases = _clutter(Canvas(9, clutter=2, clutter_size=1), pool, 500)
    # Both on the same pixel of 81: about six times in 500.
    assert 0 < (canvases.max((1, 2, 3)) == 2).sum() < 20


def test_colours_stay_together():
    image = _full(0, count=30, channels=3) + np.uint8([1, 20, 100])
    canvases = _composed(Canvas(8, clutter=2, clutter_size=2), image)
    layers = canvases[..., 0] * np.uint8(1)
    assert layers.max() > 1
    np.testing.assert_array_equal(canvases[..., 1], layers * 20)
    np.testing.assert_array_equal(
        canvases[..., 2], np.minimum(layers.astype(int) * 100, 255)
    )


def test_the_square_of_the_digit_grows():
    # 2 x 2 on 12 x 12: rows 0 to 10, of which 5, 3, 2, 1 and 0 are left out at
    # each end: 10 times 4, 3, 2, 1, 0 of 8 steps, rounded down.
    images = _full(9, count=600, side=2)
    canvas = Canvas(12, clutter_size=1, grow=4)
    for step, margin in enumerate([5, 3, 2, 1, 0, 0]):
        made = compose(
            canvas, tf.constant(images), tf.range(600), SEED, step=step
        )
        np.testing.assert_array_equal(made.numpy().sum((1, 2, 3)), [36] * 600)
        expected = set(range(margin, 11 - margin))
        for axis in range(2):
            assert set(_corners(made.numpy())[:, axis]) == expected


def test_at_its_end_growth_has_changed_nothing():
    images = _full(9, count=50, side=2)
    canvas = Canvas(12, clutter=3, clutter_size=2)
    growing = dataclasses.replace(canvas, grow=4)
    expected = _composed(canvas, images)
    np.testing.assert_array_equal(_composed(growing, images), expected)
    late = compose(growing, tf.constant(images), tf.range(50), SEED, step=4)
    np.testing.assert_array_equal(late, expected)


def test_only_digits_are_distorted():
    images = _full(9, count=20, side=8)
    canvas = Canvas(30, clutter=3, clutter_size=4)
    distorted = dataclasses.replace(canvas, distort=0.3)
    assert np.any(_composed(canvas, images) != _composed(distorted, images))
    images[:] = 0
    images[0] = 9  # Clutter only; the first canvas has the only digit.
    np.testing.assert_array_equal(
        _composed(canvas, images)[1:], _composed(distorted, images)[1:]
    )


@pytest.mark.parametrize(
    "training", [{}, {"grow": 1000}, {"distort": 0.2, "jitter": 2}]
)
def test_eager_graph_and_xla_make_the_same_bytes(training):
    rng = np.random.default_rng(0)
    pool = tf.constant(rng.integers(0, 256, [50, 28, 28, 1], np.uint8))
    index = tf.constant(rng.integers(0, 50, [20], np.int32))

    def make(pool, index, seed, step):
        canvas = Canvas(60, clutter=4, **training)
        return compose(canvas, pool, index, seed, step=step)

    inputs = (pool, index, SEED, tf.constant(300))
    expected = make(*inputs)
    for jit in (False, True):
        made = tf.function(make, jit_compile=jit)(*inputs)
        np.testing.assert_array_equal(made, expected)


def test_another_seed_makes_another_canvas():
    images = _full(9, count=20)
    canvas = Canvas(30, clutter_size=1)
    seeds = [SEED, SEED, tf.constant([1, 3]), tf.constant([2, 2])]
    first, same, *others = (_composed(canvas, images, seed=s) for s in seeds)
    np.testing.assert_array_equal(first, same)
    assert all(np.any(first != other) for other in others)


def test_small_images_need_no_clutter_size():
    Canvas(60).check(_full(0, side=6))


@pytest.mark.parametrize(
    ("canvas", "message"),
    [
        (Canvas(27), "`canvas` must be at least.*28x28.*canvas=27"),
        (Canvas(60, jitter=-1), "`jitter` must be at least 0.*-1"),
        (Canvas(60, distort=-0.1), "`distort` must lie in .0, 1.*-0.1"),
        (Canvas(60, distort=1.0), "`distort` must lie in .0, 1.*1.0"),
        (Canvas(60, grow=-1), "`grow` must be at least 0.*-1"),
        (Canvas(60, place="left", grow=9), "`grow` needs `place`.*'left'"),
        (Canvas(60, clutter=-1), "`clutter` must be at least 0.*-1"),
        (Canvas(60, 4, 0), "`clutter_size` must lie between 1 and.*28.*: 0"),
        (Canvas(60, 4, 29), "`clutter_size` must lie between 1 and.*28.*29"),
        (Canvas(60, place="top"), "`place` must be one of.*'left'.*'top'"),
        (Canvas(28, place="right"), "`place` must not be right.*canvas=28"),
    ],
)
def test_bad_canvases(canvas, message):
    with pytest.raises(ValueError, match=message):
        canvas.check(_full(0, side=28))
