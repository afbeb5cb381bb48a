"""Images of equal brightness and contrast."""

import numpy as np
import pytest
from PIL import Image

from ram_tf_data.contrast import standardise, standardise_source
from ram_tf_data.files import read_video
from ram_tf_data.splits import Source, Split


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Mean 50, deviation 50: 64 to each side of 128.
        ([0, 100, 100, 0], [64, 192, 192, 64]),
        # The same in the dark and with little contrast: mean 10, deviation 5.
        ([5, 15, 15, 5], [64, 192, 192, 64]),
        # A deviation of 0.5 counts as 4, that of 0 too.
        ([100, 101], [120, 136]),
        ([7, 7, 7], [128, 128, 128]),
        # Mean 25.5 and deviation 76.5: 128 - 21.3; 128 + 192 is clamped.
        ([0] * 9 + [255], [107] * 9 + [255]),
    ],
)
def test_by_hand(before, after):
    made = standardise(np.array(before, np.uint8))
    assert made.dtype == np.uint8
    assert made.tolist() == after


def test_the_definition():
    rng = np.random.default_rng(0)
    image = rng.normal(60, 9, [32, 32, 3]).clip(0, 255).astype(np.uint8)
    made = standardise(image)
    expected = 128 + 64 * (image - image.mean()) / image.std()
    np.testing.assert_allclose(made, expected.clip(0, 255), atol=0.501)


def test_each_image_of_a_source_by_itself():
    image = np.array([[0, 100], [5, 15], [7, 6]], np.uint8)[:, None, :, None]
    label = np.arange(3, dtype=np.int32)
    whole = Split.whole("x", image, label)
    parts = (whole.take(slice(2)), whole.take(slice(2, None)))
    source = Source(*parts, None, num_classes=3, repeats=2)
    made = standardise_source(source)
    assert (made.test, made.num_classes, made.repeats) == (None, 3, 2)
    assert made.train.image[:, 0, :, 0].tolist() == [[64, 192]] * 2
    assert made.validation.image[:, 0, :, 0].tolist() == [[136, 120]]
    for name, part in made.splits.items():
        assert part.label is source.splits[name].label
        assert part.origin is source.splits[name].origin


def test_frames_of_a_video_are_standardised_as_pictures_are(tmp_path):
    frames = np.array([[[0, 100]], [[5, 15]]], np.uint8)
    path = str(tmp_path / "video.tiff")
    first, second = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=[second])
    plain = read_video(path, 2, 4, 1)
    np.testing.assert_array_equal(plain[:, 1, 1:3, 0], frames[:, 0])
    made = read_video(path, 2, 4, 1, standardised=True)
    np.testing.assert_array_equal(made[:, 1, 1:3, 0], [[64, 192]] * 2)
    assert not made[:, 0].any()
