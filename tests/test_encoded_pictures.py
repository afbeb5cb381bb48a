"""Encoded pictures in the graph, against what Pillow makes of the files."""

import dataclasses
import functools
import io
import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ram_tf.errors import UserError
from ram_tf.served.pictures import Pictures
from ram_tf_data import contrast
from ram_tf_data.files import read, read_to_ask
from ram_tf_data.gate import Gate

SIDE = 28
ORIENTATION = 0x0112
SIZES = ((48, 64), (64, 48), (20, 31), (300, 2), (2, 300), (1, 900), (100, 30))


def _noise(height, width, channels, seed=0, dtype=np.uint8):
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max + 1
    return rng.integers(0, top, [height, width, channels], dtype)


def _image(height, width, mode):
    channels = len(mode)
    pixels = _noise(height, width, channels)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def _saved(image, form="png", **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _deep(channels, bits):
    values = _noise(40, 33, channels, dtype=np.uint16) >> (16 - bits)
    return tf.io.encode_png(values).numpy()


def _turned(form, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return _saved(_image(40, 33, "RGB"), form, exif=exif)


def _xmp(orientation):
    words = f'<x xmlns:tiff="t" tiff:Orientation="{orientation}"/>'
    return _saved(_image(40, 33, "L"), "jpeg", xmp=words.encode())


def _files():
    """All kinds of files, by name."""
    colour = _image(40, 33, "RGB")
    palette = colour.quantize(40)
    files = {
        f"{mode} {height}x{width}": _saved(_image(height, width, mode))
        for mode in ("L", "RGBA")
        for height, width in SIZES
    }
    files |= {
        "grey and alpha": _saved(_image(40, 33, "LA")),
        "palette": _saved(palette),
        "palette with a clear colour": _saved(palette, transparency=3),
        "palette with alpha": _saved(palette, transparency=bytes(range(40))),
        "palette of four bits": _saved(colour.quantize(9), bits=4),
        "a clear grey": _saved(_image(40, 33, "L"), transparency=100),
        "one bit": _saved(colour.convert("1")),
        "one bit, white clear": _saved(colour.convert("1"), transparency=1),
        "grey jpeg": _saved(_image(40, 33, "L"), "jpeg"),
        "jpeg": _saved(_image(48, 64, "RGB"), "jpeg"),
        "jpeg 4:4:4": _saved(colour, "jpeg", subsampling=0),
        "progressive": _saved(colour, "jpeg", progressive=True, quality=60),
        "xmp": _xmp(6),
    }
    for form in ("png", "jpeg"):
        files |= {f"{form} turned {o}": _turned(form, o) for o in range(1, 9)}
    for channels in (1, 2, 3, 4):
        for bits in (7, 12, 16):
            name = f"{channels} channels of {bits} bits"
            files[name] = _deep(channels, bits)
    return files


FILES = _files()


@pytest.fixture(scope="module", params=range(4))
def gates(request):
    """What pictures go through, in the graph and with Pillow."""
    channels, side, invert, standardised = (
        (1, SIDE, False, False),
        (1, SIDE, True, False),
        (3, SIDE, True, True),
        (3, None, False, False),
    )[request.param]
    pictures = Pictures(channels, side, invert, standardised)
    return _traced(pictures), Gate(side, channels, invert, standardised)


def _traced(pictures, max_side=1000):
    seen = tf.function(
        lambda files: pictures.seen(files, max_side),
        input_signature=[tf.TensorSpec(None, tf.string)],
        autograph=False,
    )

    def see(*files):
        return seen(tf.constant(files)).numpy()

    see.of = lambda files: seen(tf.constant(files, tf.string))
    return see


@pytest.mark.slow
def test_they_are_what_pillow_makes_of_them(gates, tmp_path):
    see, gate = gates
    path = tmp_path / "picture"
    for name, content in FILES.items():
        path.write_bytes(content)
        expected = read(str(path), gate)
        if expected.blank:
            assert "is blank" in _said(functools.partial(see, content)), name
            continue
        np.testing.assert_array_equal(see(content)[0], expected.pixels, name)


def test_a_batch_has_pictures_of_all_sizes_on_one_canvas(see, tmp_path):
    names = ["L 300x2", "jpeg", "png turned 6", "2 channels of 12 bits"]
    made = see(*[FILES[name] for name in names])
    for name, picture in zip(names, made, strict=True):
        (tmp_path / "picture").write_bytes(FILES[name])
        expected = read(str(tmp_path / "picture"), Gate(SIDE, 1)).pixels
        np.testing.assert_array_equal(picture, expected)


@pytest.fixture(scope="module")
def see():
    return _traced(Pictures(1, SIDE))


def _said(call):
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        call()
    return raised.value.message


@pytest.mark.parametrize(
    "content",
    [
        _saved(Image.new("L", (30, 20), 7)),
        _saved(Image.new("L", (300, 1), 255)),
        _saved(Image.new("RGB", (9, 9), (1, 2, 3)), "jpeg"),
    ],
)
def test_blank_ones_are_refused_with_the_same_sentence(see, tmp_path, content):
    path = str(tmp_path / "x")
    with open(path, "wb") as file:
        file.write(content)
    with pytest.raises(ValueError, match="blank") as raised:
        read_to_ask(path, Gate(SIDE, 1))
    words = str(raised.value).removeprefix(repr(path))
    assert words.startswith(" is blank: all its pixels")
    said = _said(lambda: see(FILES["jpeg"], content))
    assert f"picture 1{words}" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it must be a PNG or JPEG file"),
        (b"not a picture", "it must be a PNG or JPEG file"),
        (_saved(_image(9, 9, "L"), "gif"), "it must be a PNG or JPEG file"),
        (_saved(_image(9, 9, "RGB"), "webp"), "it must be a PNG or JPEG file"),
        (FILES["L 48x64"][:600], "Invalid PNG data"),
        (FILES["jpeg"][:600], "Invalid JPEG data"),
        (FILES["L 48x64"][:20], "sides of an image must be 1 to 1000"),
        (_saved(_image(1, 1001, "L")), "sides of an image must be 1 to 1000"),
        (
            _saved(_image(9, 9, "RGB").convert("CMYK"), "jpeg"),
            "grey or of three colours",
        ),
        (
            FILES["L 48x64"].replace(b"IDAT", b"Raw profile type exifIDAT", 1),
            "save it upright",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(see, content, words):
    assert words in _said(lambda: see(content))
    if "Invalid" not in words:  # Which is the decoder's own.
        said = _said(lambda: see(FILES["jpeg"], content))
        assert "picture 1 is not an image that can be read: " in said


def test_pictures_as_they_are_need_one_size():
    see = _traced(Pictures(3))
    # Turned, the second one has the size of the first.
    assert (
        see(_saved(_image(33, 40, "L")), FILES["jpeg turned 6"]).shape[0] == 2
    )
    said = _said(lambda: see(_saved(_image(40, 33, "L")), FILES["xmp"]))
    assert re.search(
        r"must have one size.*\[\[40 33\]\s*\[33 40\]\]", said, re.S
    )


@pytest.mark.parametrize("files", [FILES["jpeg"], [], [[FILES["jpeg"]]]])
def test_they_come_in_a_vector(see, files):
    files = np.array(files, object)
    assert "`image_bytes` must be a vector" in _said(lambda: see.of(files))


def test_settings_have_bounds():
    with pytest.raises(UserError, match="`channels` must be one of"):
        Pictures(2)
    with pytest.raises(UserError, match="`side` must be a positive"):
        Pictures(1, 0)


def test_standardising_has_the_same_numbers():
    from ram_tf.served import pictures

    for name in ("_MEAN", "_DEVIATION", "_LEAST", "_PER_BYTE"):
        assert getattr(pictures, name) == getattr(contrast, name)


def test_what_pictures_go_through_does_not_change():
    pictures = Pictures(1, SIDE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        pictures.invert = True
