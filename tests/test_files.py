"""Image files as canvases: what cameras and editors write, of any size."""

import os

import numpy as np
import pytest
from PIL import Image

from ram_tf_data.errors import UserError
from ram_tf_data.files import read_image, read_video


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


@pytest.mark.parametrize("form", ["AVIF", "TIFF", "PNG", "WEBP", "JPEG", "GIF"])
def test_damaged_files_are_named(tmp_path, form):
    """Wherever the damage is; some can still be read."""
    path = tmp_path / f"damaged.{form.lower()}"
    pixels = np.random.default_rng(0).integers(0, 256, [40, 40, 3], np.uint8)
    image = Image.fromarray(pixels)
    options = {"compression": "tiff_lzw"} if form == "TIFF" else {}
    image.save(path, form, **options)
    sound, told = path.read_bytes(), []
    for start in range(0, len(sound), max(1, len(sound) // 60)):
        for content in (
            sound[:start],
            sound[:start] + b"\xff" * 40 + sound[start + 40 :],
            sound[:start] + bytes(40) + sound[start + 40 :],
        ):
            path.write_bytes(content)
            for read in (read_image, _read_one_frame):
                try:
                    read(str(path), 8, 1)
                except UserError as error:
                    told.append(str(error))
    assert len(told) > 60
    for message in told:
        assert repr(str(path)) in message
        assert "\n" not in message


def _read_one_frame(path, side, channels):
    return read_video(path, 1, side, channels)


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("a named pipe", os.mkfifo),
        ("a folder", os.mkdir),
        ("a device", lambda path: os.symlink("/dev/zero", path)),
    ],
)
def test_what_is_no_file_is_refused_at_once(tmp_path, kind, make):
    path = str(tmp_path / "pipe.png")
    make(path)
    words = rf"pipe\.png' must be a regular file. Received: {kind}"
    for read in (read_image, _read_one_frame):
        with pytest.raises(UserError, match=words):
            read(path, 8, 1)


@pytest.mark.parametrize("content", [None, b"", b"no image"])
def test_files_that_cannot_be_read(tmp_path, content):
    path = tmp_path / "bad.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.png"):
        read_image(str(path), 8, 1)
