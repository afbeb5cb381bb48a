"""Image files as canvases: what cameras and editors write, of any size."""

import numpy as np
import pytest
from PIL import Image

from ram_tf_data.files import read_image


def test_a_photograph_is_turned_upright(tmp_path):
    path = tmp_path / "photo.png"
    stored = np.zeros((2, 4), np.uint8)
    stored[0, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: to be turned by 90 degrees clockwise.
    Image.fromarray(stored).save(path, exif=exif)
    image = read_image(str(path), None, 1)[..., 0]
    np.testing.assert_array_equal(image, np.rot90(stored, -1))


def test_sixteen_bits_become_eight(tmp_path):
    path = tmp_path / "deep.png"
    Image.fromarray(np.array([[0, 255, 256, 65535]], np.uint16)).save(path)
    for channels in (1, 3):
        image = read_image(str(path), None, channels)
        expected = np.repeat([[[0], [0], [1], [255]]], channels, axis=-1)
        np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_thirty_two_bits_are_refused(tmp_path, dtype):
    path = tmp_path / "deeper.tif"
    Image.fromarray(np.array([[0, 255, 65535]], dtype)).save(path)
    with pytest.raises(ValueError, match=r"deeper\.tif.*32 bits a pixel"):
        read_image(str(path), None, 1)


def test_what_is_transparent_is_black(tmp_path):
    path = tmp_path / "logo.png"
    pixels = np.array([[[9, 8, 7, 0], [9, 8, 7, 255]]], np.uint8)
    Image.fromarray(pixels).save(path)
    image = read_image(str(path), None, 3)
    np.testing.assert_array_equal(image, [[[0, 0, 0], [9, 8, 7]]])
    Image.fromarray(pixels).convert("P").save(path, transparency=b"\x00" * 256)
    assert not read_image(str(path), None, 1).any()


def test_small_images_stand_in_the_middle(tmp_path):
    path = tmp_path / "small.png"
    Image.fromarray(np.full((2, 4), 9, np.uint8)).save(path)
    image = read_image(path, 8, 1)
    expected = np.zeros((8, 8, 1), np.uint8)
    expected[3:5, 2:6] = 9
    np.testing.assert_array_equal(image, expected)


def test_large_images_keep_their_aspect(tmp_path):
    path = tmp_path / "large.png"
    Image.fromarray(np.full((20, 40), 255, np.uint8)).save(path)
    image = read_image(path, 10, 3, invert=True)
    assert image.shape == (10, 10, 3)
    assert not image.any()
    bright = read_image(path, 10, 1)[..., 0]
    assert bright[3:7].min() > 200
    assert not bright[:2].any()


@pytest.mark.parametrize("content", [None, b"", b"no image"])
def test_files_that_cannot_be_read(tmp_path, content):
    path = tmp_path / "bad.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.png"):
        read_image(str(path), 8, 1)
