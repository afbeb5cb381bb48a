"""Files of sixteen bits a channel, of which they may use fewer."""

import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ram_tf_data.files import read_image, read_video

GREY = np.arange(0, 256, 5, dtype=np.uint16).reshape(4, 13)  # Up to 255.


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "deep.png")


def _png(path, values):
    """Pillow does not write sixteen bits of colour."""
    with open(path, "wb") as file:
        file.write(tf.io.encode_png(np.asarray(values, np.uint16)).numpy())


def _tiff(path, values, order, photometric=2):
    """An uncompressed TIFF of three colours, "<" little or ">" big endian.

    Or a grey one, of photometric 0 (white is zero) or 1.
    """
    height, width, channels = values.shape
    data = values.astype(f"{order}u2").tobytes()
    entries = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 3, 8 + len(data)) if channels == 3 else (258, 3, 1, 16),
        (259, 3, 1, 1),
        (262, 3, 1, photometric),
        (273, 4, 1, 8),
        (277, 3, 1, channels),
        (278, 3, 1, height),
        (279, 4, 1, len(data)),
    ]
    pack = struct.pack
    content = b"II*\0" if order == "<" else b"MM\0*"
    content += pack(f"{order}I", 8 + len(data) + 6) + data
    content += pack(f"{order}3H", 16, 16, 16) + pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        number = "HH" if kind == 3 and count == 1 else "I"
        numbers = (value, 0) if number == "HH" else (value,)
        content += pack(f"{order}HHI{number}", tag, kind, count, *numbers)
    with open(path, "wb") as file:
        file.write(content + bytes(4))


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_grey_is_scaled_by_the_bits_that_a_file_uses(tmp_path, name, bits):
    file = str(tmp_path / name)
    Image.fromarray(GREY << (bits - 8)).save(file)
    np.testing.assert_array_equal(read_image(file, None, 1)[..., 0], GREY)


def test_fewer_than_eight_bits(path):
    # The largest, 5, has three bits: of 7 they are 0, 1/7, 5/7.
    Image.fromarray(np.array([[0, 1, 5]], np.uint16)).save(path)
    assert read_image(path, None, 1).ravel().tolist() == [0, 36, 182]
    Image.fromarray(np.array([[0, 1]], np.uint16)).save(path)
    assert read_image(path, None, 1).ravel().tolist() == [0, 255]


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("kind", ["png", "<", ">"])
def test_colours_are_scaled_as_one(tmp_path, bits, kind):
    rng = np.random.default_rng(1)
    colours = rng.integers(0, 256, (5, 7, 3)).astype(np.uint16)
    colours[0, 0] = 255, 3, 0
    file = str(tmp_path / "colour")
    values = colours << (bits - 8)
    _png(file, values) if kind == "png" else _tiff(file, values, kind)
    np.testing.assert_array_equal(read_image(file, None, 3), colours)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_files_whose_zero_is_white(tmp_path, bits):
    """Pillow turns those of eight bits a channel alone."""
    file = str(tmp_path / "a.tif")
    for photometric, expected in ((1, GREY), (0, 255 - GREY)):
        values = GREY[..., None] << (bits - 8)
        _tiff(file, values, "<", photometric)
        made = read_image(file, None, 1)[..., 0]
        np.testing.assert_array_equal(made, expected)
        made = read_image(file, None, 1, invert=True)[..., 0]
        np.testing.assert_array_equal(made, 255 - expected)


def test_low_bits_of_colours_are_read(path):
    # Standardised, 0 and 300 of twelve bits' 300 (nine bits) are 64 and 192.
    _png(path, [[[0] * 3, [300] * 3]])
    made = read_image(path, None, 3, standardised=True)
    assert made[0, :, 0].tolist() == [64, 192]


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("standardised", [False, True])
def test_alpha_of_deep_files(path, channels, invert, standardised):
    """A pixel of 4080 of 4095, opaque, and a transparent one."""
    values = np.zeros((1, 2, channels), np.uint16)
    values[0, 0] = 4080
    values[0, 0, -1] = 65_535
    _png(path, values)
    made = read_image(
        path, None, 1, invert=invert, standardised=standardised
    ).ravel()
    # On black 255 and 0; inverted 0 and, on white, 0: all but the same.
    if standardised:
        # 65535 * 4080 // 4095 is 241 below white: a deviation of 120.5
        # counts as 1028, so that 7.502 lie on each side of 128.
        assert made.tolist() == ([136, 120] if invert else [192, 64])
    else:
        assert made.tolist() == ([0, 0] if invert else [255, 0])


def test_standardised_at_full_depth(path):
    # As bytes all are 128. 128 of 65535 is a deviation of 64, which counts as
    # 4 * 257: 64 / 1028 * 64 = 3.98 to each side of 128.
    values = np.array([[32_768, 32_896]], np.uint16)
    Image.fromarray(values).save(path)
    made = read_image(path, None, 1, standardised=True)
    assert made.ravel().tolist() == [124, 132]


def test_inverted_at_full_depth(path):
    values = np.array([[32_768, 32_896]], np.uint16)
    Image.fromarray(values).save(path)
    made = read_image(path, None, 1, invert=True, standardised=True)
    assert made.ravel().tolist() == [132, 124]


def test_a_deep_file_is_scaled_down_and_standardised(path):
    # Two grey halves of eleven bits: mean and deviation of any picture.
    values = np.repeat(np.array([[1000, 1200]], np.uint16), 40, axis=1)
    Image.fromarray(np.repeat(values, 80, axis=0)).save(path)
    made = read_image(path, 20, 1, standardised=True)[..., 0]
    assert np.abs(made[:, [0, -1]].astype(int) - [64, 192]).max() <= 6


def test_frames_of_a_video_share_their_bits(tmp_path):
    file = str(tmp_path / "video.tiff")
    first, second = (
        Image.fromarray(np.full((2, 2), v, np.uint16)) for v in (15, 4095)
    )
    first.save(file, save_all=True, append_images=[second])
    video = read_video(file, 2, 2, 1)
    assert video[:, 0, 0, 0].tolist() == [0, 255]


def test_a_grey_that_is_transparent(path):
    values = np.array([[4080, 160]], np.uint16)
    Image.fromarray(values).save(path, transparency=4080)
    assert read_image(path, None, 1).ravel().tolist() == [0, 10]
