"""What a picture goes through between its file and a model."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ram_tf_data import ink
from ram_tf_data.errors import UserError
from ram_tf_data.files import read, read_image, read_to_ask
from ram_tf_data.gate import Gate


@pytest.fixture
def save(tmp_path):
    """Saves pixels as a file: save(array, name, **options) -> path."""

    def save(pixels, name="picture.png", **options):
        path = str(tmp_path / name)
        Image.fromarray(np.asarray(pixels)).save(path, **options)
        return path

    return save


def _ink(colour, alpha=(255, 0, 128)):
    """One row of a colour: opaque, transparent, half transparent."""
    return np.array([[[colour] * 3 + [a] for a in alpha]], np.uint8)


def _row(path, channels=1, **how):
    return read_image(path, None, channels, **how)[0, :, 0].tolist()


def test_dark_ink_on_a_transparent_ground(save):
    # Inverted it was black on white: 255; 0; 255 - 127.
    path = save(_ink(0))
    assert _row(path, invert=True) == [255, 0, 128]
    assert _row(path, 3, invert=True) == [255, 0, 128]


def test_light_ink_on_a_transparent_ground(save):
    assert _row(save(_ink(255))) == [255, 0, 128]


@pytest.mark.parametrize(("value", "hint"), [(0, True), (200, False)])
def test_a_blank_picture_is_refused_by_name(save, value, hint):
    path = save(_ink(0) if hint else np.full((3, 5), value, np.uint8))
    gate = Gate(8, 1)
    assert read(path, gate).blank
    with pytest.raises(UserError, match=r"picture\.png' is blank.*single") as e:
        read_to_ask(path, gate)
    assert ("--invert" in str(e.value)) == hint


def test_ink_on_a_transparent_ground_is_not_blank_where_inverted(save):
    gate = Gate(8, 1, invert=True)
    assert read_to_ask(save(_ink(0)), gate).max() == 255


def test_a_pixel_makes_a_picture(save):
    pixels = np.zeros((3, 5), np.uint8)
    pixels[1, 2] = 1
    assert not read(save(pixels), Gate(8, 1)).blank
    assert not read(save(pixels), Gate(8, 1, standardised=True)).blank


def test_a_video_is_blank_where_all_frames_are(save, tmp_path):
    empty, dot = np.zeros((2, 4, 4), np.uint8)
    dot[1, 1] = 9
    for frames, blank in (([empty, empty + 7], True), ([empty, dot], False)):
        path = str(tmp_path / "video.tiff")
        first, second = map(Image.fromarray, frames)
        first.save(path, save_all=True, append_images=[second])
        assert read(path, Gate(8, 1, frames=2)).blank == blank


def test_a_light_picture_suggests_to_find_ink(save, capsys):
    light = np.full((4, 4), 200, np.uint8)
    light[0, 0] = 0
    read_to_ask(save(light), Gate(8, 1))
    assert "picture.png is mostly light" in capsys.readouterr().err
    for gate, pixels in (
        (Gate(8, 1), 255 - light),
        (Gate(8, 1, invert=True), light),
        (Gate(8, 1, standardised=True), light),
        (Gate(8, 3), light),
    ):
        read_to_ask(save(pixels), gate)
        assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 300), (1, 60)), ((300, 2), (60, 1)), ((1, 4000), (1, 60))],
)
@pytest.mark.parametrize("deep", [False, True])
def test_thin_pictures_keep_a_pixel(save, shape, expected, deep):
    dtype = np.uint16 if deep else np.uint8
    path = save(np.full(shape, np.iinfo(dtype).max, dtype))
    lit = read_image(path, 60, 1)[..., 0] == 255
    assert (lit.any(1).sum(), lit.any(0).sum()) == expected
    # Standardised a picture of one value is 128.
    lit = read_image(path, 60, 1, standardised=True)[..., 0] == 128
    assert (lit.any(1).sum(), lit.any(0).sum()) == expected


@pytest.mark.parametrize("channels", [1, 3])
def test_frames_of_videos_are_standardised(tmp_path, channels):
    rng = np.random.default_rng(0)
    frames = rng.integers(30, 71, (3, 32, 32), np.uint8)
    assert frames.std() == pytest.approx(11.8, abs=0.5)
    path = str(tmp_path / "video.tiff")
    first, *others = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=others)
    gate = Gate(32, channels, standardised=True, frames=3)
    pixels = read(path, gate).pixels
    assert pixels.shape == (3, 32, 32, channels)
    for frame in pixels:
        assert frame.std() == pytest.approx(64, abs=0.5)
        assert frame.mean() == pytest.approx(128, abs=0.5)


def test_what_does_not_go_together():
    with pytest.raises(
        UserError, match=r"--find_ink.*--invert\. Received: both"
    ):
        Gate(28, 1, invert=True, find_ink=True)
    with pytest.raises(UserError, match=r"--find_ink is for still.*2 frames"):
        Gate(28, 1, find_ink=True, frames=2)


def _stroke(shape, ground, colour, width, box):
    """A slanted stroke with a bar, between the corners of a box."""
    image = Image.new("L", shape[::-1], ground)
    draw, (left, top, right, bottom) = ImageDraw.Draw(image), box
    draw.line((right, top, left, bottom), colour, width)
    draw.line((left, top, right, top), colour, width)
    return np.asarray(image)


@pytest.mark.parametrize("name", ["black", "white", "faint", "shaded", "alpha"])
def test_ink_is_found_whatever_its_ground(save, name):
    box = 400, 120, 500, 320
    pixels = _stroke((480, 640), 0, 255, 26, box)
    if name == "white":
        pixels = 255 - pixels
    elif name == "faint":
        pixels = (180 - pixels // 4.0).astype(np.uint8)
    elif name == "shaded":
        noise = np.random.default_rng(0).normal(0, 4, pixels.shape)
        paper = 120 + np.arange(640) / 6 + np.arange(480)[:, None] / 10
        pixels = (paper * (1 - pixels / 400) + noise).astype(np.uint8)
        pixels[:, :40] = 10  # The table that the paper lies on.
    elif name == "alpha":
        pixels = np.stack([0 * pixels] * 3 + [pixels], axis=-1)
    image = read_image(save(pixels), 60, 1, find_ink=True)[..., 0]
    rows, columns = (np.flatnonzero((image > 127).any(a)) for a in (1, 0))
    assert abs(np.ptp(rows) + 1 - 20) <= 1
    assert 9 <= np.ptp(columns) + 1 <= 13
    assert image.max() == 255
    assert image[:16].max() == image[44:].max() == 0
    # The centre of mass is the canvas', 30, but for rounding.
    y, x = np.mgrid[:60, :60] + 0.5
    assert (image * y).sum() / image.sum() == pytest.approx(30, abs=0.6)
    assert (image * x).sum() / image.sum() == pytest.approx(30, abs=0.6)


def test_an_image_like_mnists_stays():
    pixels = np.zeros((28, 28, 1), np.uint8)
    pixels[4:24, 13:16] = 255
    pixels[4:7, 10:13] = 255
    made = ink.find(255 - pixels)
    # Its centre of mass is (13.1, 14.2): a row further down is 14.1.
    assert np.abs(made - np.roll(pixels, 1, 0).astype(int)).max() <= 1


def test_thin_strokes_become_as_wide_as_mnists(save):
    pixels = np.full((300, 300), 255, np.uint8)
    pixels[50:250, 149:151] = 0  # Two pixels wide: 0.2 of MNIST's.
    image = read_image(save(pixels), 28, 1, find_ink=True)[..., 0]
    width = image[14].sum() / 255
    assert width == pytest.approx(2.6, abs=0.3)


def test_a_dot_is_not_blown_up(save):
    pixels = np.full((300, 300), 255, np.uint8)
    pixels[148:152, 148:152] = 0
    image = read_image(save(pixels), 28, 1, find_ink=True)[..., 0]
    assert 0 < (image > 100).sum() < 40


def test_no_ink_is_blank(save):
    noise = np.random.default_rng(0).normal(200, 3, (200, 300))
    path = save(noise.astype(np.uint8))
    with pytest.raises(UserError, match="blank: --find_ink finds no ink"):
        read_to_ask(path, Gate(60, 1, find_ink=True))


def test_ink_found_has_three_channels_where_a_model_has(save):
    pixels = _stroke((100, 100), 255, 0, 10, (30, 20, 70, 80))
    image = read_image(save(pixels), 28, 3, find_ink=True)
    assert image.shape == (28, 28, 3)
    assert (image == image[..., :1]).all()
    assert image.any()
