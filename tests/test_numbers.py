"""Numbers that are composed of digits."""

import hashlib

import numpy as np
import pytest
import tensorflow as tf

from ram_tf_data import number_batches, numbers, pieces
from ram_tf_data.batches import TrainingBatches
from ram_tf_data.number_batches import NumberBatches, number_set
from ram_tf_data.numbers import END, SIZES, Bank, Numbers, compose, paint
from ram_tf_data.sources import Split

SEED = tf.constant([1, 2])


def _full(values, side=28):
    """Images that are one value all over, which is 10 * label + 5."""
    label = np.int32(values)
    image = np.uint8(10 * label + 5)[:, None, None, None]
    return Split(np.tile(image, (1, side, side, 1)), label)


def _composed(spec, split, count=400, seed=SEED):
    index = tf.range(count) % len(split.label)
    made = compose(spec, Bank.of(split), index, seed)
    return made["image"].numpy(), made["label"].numpy()


def _box(image):
    """First row, last row, first column, last column of what is there."""
    rows, columns = np.nonzero(image[..., 0])
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_labels_are_the_digits_and_then_the_end():
    split = _full([3, 7, 1])
    _, label = _composed(Numbers(100, 4), split)
    assert label.shape == (400, 5)
    lengths = (label != END).argmin(axis=1)
    np.testing.assert_array_equal(
        label == END, np.arange(5) >= lengths[:, None]
    )
    # The first digit is the one that was asked for, the others are any.
    np.testing.assert_array_equal(label[:, 0], split.label[np.arange(400) % 3])
    assert set(label[lengths > 2, 1]) == {1, 3, 7}
    # 100 of each length are expected; a standard deviation is 9.
    counts = np.bincount(lengths, minlength=5)
    assert counts[0] == 0
    assert counts[1:].min() > 65


def test_one_digit_is_at_every_size_and_reaches_every_edge():
    images, _ = _composed(Numbers(34, 1), _full([2]), count=2000)
    boxes = np.array([_box(image) for image in images])
    top, bottom, left, right = boxes.T
    np.testing.assert_array_equal(bottom - top, right - left)
    sizes, counts = np.unique(right - left + 1, return_counts=True)
    # 32 does not fit with the digit moved up or down.
    assert sizes.tolist() == [16, 20, 24]
    assert counts.min() > 580
    assert (left.min(), right.max()) == (0, 33)
    assert (top.min(), bottom.max()) == (0, 33)
    # Whole: a digit of 25 all over.
    np.testing.assert_array_equal(
        images.sum((1, 2, 3)), 25 * (right - left + 1) ** 2
    )


def test_digits_stand_side_by_side_in_order():
    """Two narrow strokes at the pitch that their size allows."""
    image = np.zeros([2, 28, 28, 1], np.uint8)
    image[0, :, 12:16], image[1, :, 12:16] = 100, 200
    split = Split(image, np.int32([0, 1]))
    images, label = _composed(Numbers(60, 2), split)
    two = label[:, 1] != END
    for picture, (first, second, _) in zip(
        images[two], label[two], strict=True
    ):
        _, _, left, right = _box(picture)
        column = picture.max(axis=(0, 2)).astype(int)
        values = column[[left + 1, right - 1]] > 150
        assert values.tolist() == [first == 1, second == 1]
        # The strokes are 4 of 28 wide; they are 60 to 75% of a side apart.
        side = (picture[:, left + 1] > 0).sum()
        assert side in SIZES
        apart = (right - left) - 4 / 28 * side
        assert 0.6 * side - 2 <= apart <= 0.75 * side + 2


def test_nothing_is_cut_off():
    """Every number's pixels are all there: digits do not overlap."""
    image = np.zeros([1, 28, 28, 1], np.uint8)
    image[0, 8:20, 8:20] = 255
    split = Split(image, np.int32([4]))
    images, label = _composed(Numbers(100, 5), split)
    digits = (label != END).sum(axis=1)
    area = (images > 0).sum((1, 2, 3)) / digits
    bank = [
        (np.array(pixels) > 0).sum()
        for pixels in np.split(
            Bank.of(split).pixels.numpy(), np.cumsum(np.square(SIZES))[:-1]
        )
    ]
    assert set(area) == set(bank)


def test_long_numbers_have_sizes_in_which_they_fit():
    spec = Numbers(100, 5)
    # 32 + 4 * 24 is too wide, 24 + 4 * 18 is not.
    assert [spec.fitting(n) for n in (1, 3, 4, 5)] == [4, 4, 3, 3]
    assert numbers.extent(24, 5) == 96


def test_eager_graph_and_xla_make_the_same_bytes():
    rng = np.random.default_rng(0)
    split = Split(
        rng.integers(0, 256, [50, 28, 28, 1], np.uint8),
        rng.integers(0, 10, 50, np.int32),
    )
    batches = NumberBatches(split, Numbers(100, 5), 20, seed=3)
    index = tf.constant(batches.indices(0, 1)[0])
    expected = batches.make(index, tf.constant(7))
    for jit in (False, True):
        made = tf.function(batches.make, jit_compile=jit)(index, tf.constant(7))
        for name, value in expected.items():
            np.testing.assert_array_equal(made[name], value)


def test_a_batch_is_a_function_of_seed_and_step():
    split = _full(range(10))
    spec = Numbers(60, 2)

    def make(seed, step):
        batches = NumberBatches(split, spec, 5, seed)
        return batches.make(tf.range(5), step)["image"].numpy()

    np.testing.assert_array_equal(make(1, 2), make(1, 2))
    assert np.any(make(1, 2) != make(1, 3))
    assert np.any(make(1, 2) != make(2, 2))


def test_an_epoch_has_every_image_first_once():
    split = _full(range(10))
    batches = NumberBatches(split, Numbers(60, 2), 5, seed=0)
    assert isinstance(batches, TrainingBatches)
    assert batches.size == 10
    labels = [
        batches.make(tf.constant(index), step)["label"][:, 0].numpy()
        for step, index in enumerate(batches.indices(0, 2))
    ]
    assert sorted(np.concatenate(labels)) == list(range(10))


def test_evaluation_sets_are_fixed_and_differ():
    split = _full(range(10))
    spec = Numbers(60, 2)
    one, same, other = (number_set(split, spec, 2, d) for d in (0, 0, 1))
    assert one["image"].shape == (20, 60, 60, 1)
    assert one["label"].dtype == np.int32
    np.testing.assert_array_equal(one["label"][:, 0], [*range(10)] * 2)
    np.testing.assert_array_equal(one["image"], same["image"])
    assert np.any(one["image"] != other["image"])
    assert np.any(one["image"][:10] != one["image"][10:])


def test_large_numbers_are_what_they_were(digits):
    """When all 500 that one seed makes were composed at once."""
    made = number_set(digits.test, Numbers(200, 3), 2, 1)
    for name, expected in (
        ("image", "3e7370fe54d6b7479c9fe39fb498605625d81638"),
        ("label", "ff266447997b225560da8396f3bb81af249fea21"),
    ):
        digest = hashlib.sha256(made[name].tobytes()).hexdigest()
        assert digest.startswith(expected)


def test_pieces_make_no_difference(digits, monkeypatch):
    split, spec = digits.test.take(slice(30)), Numbers(100, 4)
    whole, composed = number_set(split, spec), []
    monkeypatch.setattr(pieces, "_PIXELS_AT_ONCE", 7 * spec.values)

    def painted(numbers, bank, drawn):
        composed.append(len(drawn.digit))
        return paint(numbers, bank, drawn)

    monkeypatch.setattr(number_batches, "paint", painted)
    parts = number_set(split, spec)
    assert composed == [7, 7, 7, 7, 2]
    for name, value in whole.items():
        np.testing.assert_array_equal(parts[name], value)


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        (Numbers(60, 0), (5, 28, 28, 1), "`max_digits` must be at least 1.*0"),
        (Numbers(63, 5), (5, 28, 28, 1), "of 5 digits.*64 pixels.*canvas=63"),
        (Numbers(17, 1), (5, 28, 28, 1), "of 1 digits.*18 pixels.*canvas=17"),
        (Numbers(60, 1), (5, 28, 28, 3), "square grey images.*3"),
        (Numbers(60, 1), (5, 28, 20, 1), "square grey images.*20"),
    ],
)
def test_bad_numbers(spec, shape, message):
    split = Split(np.zeros(shape, np.uint8), np.zeros(5, np.int32))
    with pytest.raises(ValueError, match=message):
        NumberBatches(split, spec, 5, 0)
