"""Signs hidden in photographs, and the photographs."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from absl import flags
from PIL import Image

from ram_tf_commands import photographs as command
from ram_tf_commands import sizes
from ram_tf_data import photograph_packages, photographs
from ram_tf_data.hidden_batches import (
    HiddenBatches,
    hidden_set,
    streamed_signs,
)
from ram_tf_data.hidden_signs import HiddenSign, Scenery, draw_signs, paint
from ram_tf_data.photographs import PIECES
from ram_tf_data.splits import Split
from ram_tf_runs import training
from ram_tf_runs.settings.kinds.find import FindSettings
from tests.fixtures import small_gtsrb

SEED = tf.constant([1, 2])


def _photographs(colours, side=100):
    """Plain ones of a colour each, one below the other."""
    pixels = np.repeat(np.uint8(colours), side, axis=0)[:, None]
    pixels = np.repeat(pixels, side + 30, axis=1)
    pixels[:, side:] = 77  # What is right of the narrower one.
    count = len(colours)
    place = [[side * k, side, side] for k in range(count)]
    pieces = np.repeat(np.uint8(colours), PIECES, axis=0)[:, None, None]
    return photographs.Photographs(
        tuple("abcdefg"[:count]),
        pixels,
        np.int32(place),
        np.ascontiguousarray(np.broadcast_to(pieces, [len(pieces), 32, 32, 3])),
    )


def _signs(count=8):
    """Plain ones, whose red is their number; the label, too."""
    label = np.arange(count)
    image = np.full([count, 32, 32, 3], 120, np.uint8)
    image[..., 0] = 100 + 10 * label[:, None, None]
    return Split.whole("signs", image, label)


GREY = [[100, 100, 100], [60, 60, 60], [140, 140, 140]]


def _painted(hidden, scenery, signs, drawn):
    return tf.function(
        lambda: paint(hidden, scenery, signs, drawn), jit_compile=True
    )().numpy()


@pytest.fixture(scope="module")
def drawn():
    """200 canvases, what is random about them."""
    scenery = Scenery.of(_photographs(GREY))
    hidden = HiddenSign(90, 3)
    index = tf.range(200) % 8
    return hidden, scenery, draw_signs(hidden, scenery, index, SEED)


def test_what_is_drawn(drawn):
    _, _, found = drawn
    size, place = found.size.numpy(), found.place.numpy()
    assert size.shape == (200, 4)
    assert (size.min(), size.max()) == (24, 64)
    assert place.min() == 0
    ends = place + size[..., None]
    assert ends.max() == 90
    # Crops lie in one photograph, and pieces are of others.
    first, column = found.corner.numpy().T
    photograph = first // 100
    assert set(photograph) == {0, 1, 2}
    assert (first % 100).max() == column.max() == 10
    others = found.piece.numpy() // PIECES
    assert not np.any(others == photograph[:, None])
    assert set(others.ravel()) == {0, 1, 2}
    assert 60 < found.mirrored.numpy().sum() < 140
    centre = place[:, 3] + size[:, 3:] / 2
    np.testing.assert_array_equal(found.centre, centre)


def test_the_square_of_the_sign_grows(drawn):
    hidden, scenery, _ = drawn
    hidden = dataclasses.replace(hidden, grow=100)
    index = tf.range(200) % 8
    reach = []
    for step in (0, 50, 100):
        found = draw_signs(hidden, scenery, index, SEED, tf.constant(step))
        size = found.size.numpy()[:, -1:]
        reach.append(np.abs(found.centre.numpy() - 45).max())
        room = (90 - size) * step / 100
        assert np.all(np.abs(found.centre.numpy() - 45) <= room / 2 + 1)
        assert (found.place.numpy()[:, :3] == 0).any()
    assert reach[0] <= 1 < 16 < reach[1] < reach[2]


def test_a_thing_as_bright_as_what_was_there():
    """A sign alone, at its full size, by hand."""
    scenery = Scenery.of(_photographs(GREY[:1]))
    hidden = HiddenSign(100, 0)
    found = draw_signs(hidden, scenery, tf.constant([0, 7]), SEED)
    found = found._replace(
        size=tf.constant([[64], [32]]),
        place=tf.constant([[[10, 36]], [[68, 4]]]),
        mirrored=tf.constant([False, True]),
    )
    signs = np.full([8, 32, 32, 3], 20, np.uint8)
    signs[7] = [40, 20, 0]
    made = _painted(hidden, scenery, tf.constant(signs), found)
    # As bright as the ground, so that a grey one is not seen at all.
    assert made[0].min() == made[0].max() == 100
    middle, corner = made[1, 68 + 16, 4 + 16], made[1, 68 + 2, 4 + 2]
    np.testing.assert_allclose(middle, [200, 100, 0], atol=1)
    np.testing.assert_array_equal(corner, [100, 100, 100])
    # It fades: nothing outside of the circle, all inside of three quarters.
    rows, columns = np.indices([100, 100])
    apart = np.hypot(rows - 83.5, columns - 19.5) / 16
    np.testing.assert_array_equal(made[1][apart > 1], 100)
    np.testing.assert_allclose(made[1][apart < 0.74][:, 0], 200, atol=1)
    rim = made[1][(apart > 0.8) & (apart < 0.95)][:, 0]
    assert rim.min() > 100
    assert rim.max() < 200


def test_things_are_scaled_between_pixels():
    scenery = Scenery.of(_photographs(GREY[:1]))
    hidden = HiddenSign(100, 0)
    ramp = np.zeros([1, 32, 32, 3], np.uint8)
    ramp[0] = (np.arange(32) * 8)[:, None, None]
    found = draw_signs(hidden, scenery, tf.constant([0]), SEED)
    place = tf.constant([[[20, 20]]])
    found = found._replace(size=tf.constant([[64]]), place=place)
    made = _painted(hidden, scenery, tf.constant(ramp), found)[0]
    column = made[20 + 14 : 20 + 50, 20 + 32, 0].astype(float)
    bright = made[20 + 32, 20 + 14 : 20 + 50, 0]
    assert np.ptp(bright.astype(int)) <= 1
    # Twice as large: steps of half the ramp's, but for the brightness.
    steps = np.diff(column)
    assert steps.min() >= steps.max() - 1.01
    assert column[-1] > 2 * column[0] > 0


def test_the_sign_lies_on_top(drawn):
    hidden, scenery, found = drawn
    found = type(found)(*(values[:6] for values in found))
    middle = np.int32(found.centre.numpy())
    signs = tf.constant(_signs().image)
    made = _painted(hidden, scenery, signs, found)
    for row, (y, x) in enumerate(middle):
        red, green, blue = made[row, y, x].astype(float)
        assert green == pytest.approx(blue, abs=1)
        expected = (100 + 10 * row) / 120
        assert red / green == pytest.approx(expected, abs=0.05)


def test_crops_are_of_the_photograph_and_mirrored():
    rng = np.random.default_rng(0)
    one = _photographs(GREY)
    noise = rng.integers(0, 256, one.pixels.shape, np.uint8)
    scenery = Scenery.of(one._replace(pixels=noise))
    hidden = HiddenSign(90, 0)
    found = draw_signs(hidden, scenery, tf.zeros([6], tf.int32), SEED)
    assert set(found.mirrored.numpy()) == {True, False}
    made = _painted(hidden, scenery, tf.constant(_signs().image), found)
    for row, (y, x) in enumerate(found.corner.numpy()):
        crop = noise[y : y + 90, x : x + 90]
        crop = crop[:, ::-1] if found.mirrored[row] else crop
        differs = np.any(made[row] != crop, axis=-1)
        (top, left), size = found.place.numpy()[row, 0], int(found.size[row, 0])
        assert differs.any()
        differs[top : top + size, left : left + size] = False
        assert not differs.any()


def test_batches_are_functions_of_seed_and_step():
    split, hidden = _signs(), HiddenSign(90, 2)
    batches = HiddenBatches(split, hidden, _photographs(GREY), 4, seed=3)
    make = tf.function(batches.make, jit_compile=True)
    first, again, other = (
        make(tf.constant(batches.indices(step, 1)[0]), tf.constant(step))
        for step in (0, 0, 1)
    )
    np.testing.assert_array_equal(first["image"], again["image"])
    assert first["image"].shape == (4, 90, 90, 3)
    assert np.any(first["image"].numpy() != other["image"].numpy())
    both = np.concatenate([first["label"], other["label"]])
    assert sorted(both) == list(range(8))


def test_evaluation_sets_hide_each_sign():
    split, hidden = _signs(), HiddenSign(90, 2)
    made = hidden_set(split, hidden, _photographs(GREY))
    assert sorted(made["label"]) == list(range(8))
    assert made["image"].shape == (8, 90, 90, 3)
    few = hidden_set(split, hidden, _photographs(GREY), cases=3)
    np.testing.assert_array_equal(few["label"], made["label"][:3])
    pieces = list(streamed_signs(split, hidden, _photographs(GREY), 10, 5))
    labels = np.concatenate([piece.label for piece in pieces])
    np.testing.assert_array_equal(labels[:8], made["label"])
    for piece in pieces:
        for image, (y, x), label in zip(
            piece.image, piece.centre, piece.label, strict=True
        ):
            red, green, _ = image[int(y), int(x)].astype(float)
            expected = (100 + 10 * label) / 120
            assert red / green == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("hidden", "shape", "message"),
    [
        (HiddenSign(60), [1, 32, 32, 3], "`side`.*64 and 8192.*60"),
        (HiddenSign(90), [1, 28, 28, 3], r"32x32 in colour.*28, 28"),
        (HiddenSign(90, -1), [1, 32, 32, 3], "`distractors`.*-1"),
        (HiddenSign(90, grow=-1), [1, 32, 32, 3], "`grow`.*-1"),
    ],
)
def test_what_cannot_be_composed(hidden, shape, message):
    split = Split(np.zeros(shape, np.uint8), np.zeros(1, np.int32))
    given = split, hidden, _photographs(GREY)
    for compose in (
        lambda: hidden.check(split.image),
        lambda: HiddenBatches(*given, batch_size=1, seed=0),
        lambda: hidden_set(*given),
        lambda: next(streamed_signs(*given, cases=1, at_once=1)),
    ):
        with pytest.raises(ValueError, match=message):
            compose()


@pytest.fixture
def folder(tmp_path):
    """Sixteen small photographs, the first of them larger, and other files."""
    small_gtsrb.write_photographs(tmp_path, 16)
    (tmp_path / "licences").mkdir()
    (tmp_path / "NOTE.txt").write_text("none")
    (tmp_path / ".hidden.png").write_text("none")
    return tmp_path


def test_splits_of_photographs_share_none(folder):
    splits = photographs.divide(str(folder))
    assert list(splits) == ["train", "validation", "test"]
    assert [len(files) for files in splits.values()] == [8, 4, 4]
    names = {file.name for files in splits.values() for file in files}
    assert len(names) == 16
    # The same whatever is in them.
    for number in range(16):
        path = folder / f"photograph_{number:02}.png"
        Image.new("RGB", (90, 90)).save(path)
    assert photographs.divide(str(folder)) == splits


def test_photographs_as_they_are(folder):
    files = sorted(folder.glob("[a-z]*.png"))
    found = photographs.load(files, 64)
    assert found.names[0] == "photograph_00.png"
    for file, (first, height, width) in zip(files, found.place, strict=True):
        pixels = found.pixels[first : first + height, :width]
        np.testing.assert_array_equal(pixels, Image.open(file))
    assert found.place[:, 1].tolist() == [130] + 15 * [70]
    assert found.pieces.shape == (16 * PIECES, 32, 32, 3)
    again = photographs.load(files, 64)
    np.testing.assert_array_equal(again.pieces, found.pieces)
    # A piece is cut as it is, or of the means of 2 x 2 pixels.
    kinds = found.pieces[PIECES : 2 * PIECES].std((1, 2, 3)) > 55
    assert 0.2 < kinds.mean() <= 1


def test_a_piece_may_be_as_large_as_a_photograph(tmp_path):
    stripes = np.repeat(np.uint8([0, 255, 0, 255]), 16)
    path = tmp_path / "stripes.png"
    Image.fromarray(np.broadcast_to(stripes[:, None], (64, 64, 3))).save(path)
    found = photographs.load([path], 64).pieces[..., 0]
    # Of the means of 2 x 2 pixels: all four stripes are in it.
    assert np.any(np.all(found == stripes[::2], axis=(1, 2)))


def test_a_photograph_that_is_too_small(folder):
    files = sorted(folder.glob("[a-z]*.png"))
    assert photographs.load(files, 70).names  # As large is large enough.
    message = r"canvas, 71x71. Received: .*photograph_01.png of 80x70 pixels"
    with pytest.raises(ValueError, match=message):
        photographs.load(files, 71)
    files[2].write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"photograph_02.png' is not an image"):
        photographs.load(files, 64)


def test_no_photographs_enough(folder, tmp_path):
    for number in range(5):
        (folder / f"photograph_{number:02}.png").unlink()
    message = "4 photographs for each of train, validation, test, 12 at.*11$"
    with pytest.raises(ValueError, match=message):
        photographs.divide(str(folder))
    for name in (None, str(folder / "nowhere")):
        with pytest.raises(ValueError, match=f"--backgrounds must.*{name}"):
            photographs.divide(name)


def _package(tmp_path):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "one.jpg"
    Image.new("RGB", (300, 200), (9, 99, 199)).save(path)
    return path


def test_a_package_must_have_what_it_had(tmp_path):
    path = _package(tmp_path)
    known = photographs.digest({"one": [path]})[:16]
    package = photograph_packages.Package("in", {"one.jpg": known}, "LICENSE")
    found = dict(photograph_packages.checked("p", package, tmp_path))
    assert found == {"one.jpg": path.read_bytes()}
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(ValueError, match=rf"in/one.jpg of p.*{known}.*Rec"):
        dict(photograph_packages.checked("p", package, tmp_path))
    path.unlink()
    with pytest.raises(ValueError, match=r"The package p must have in/one"):
        dict(photograph_packages.checked("p", package, tmp_path))


def test_photographs_are_fetched_and_scaled(
    tmp_path, monkeypatch, run_command, capsys
):
    """By programs that stand in for apt-get and dpkg-deb."""
    path = _package(tmp_path)
    known = photographs.digest({"one": [path]})[:16]
    package = photograph_packages.Package("in", {"one.jpg": known}, "COPYING")
    monkeypatch.setattr(photograph_packages, "PACKAGES", {"p": package})
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, words in {
        "apt-get": 'test "$1 $2" = "download p" && touch p_1.deb',
        "dpkg-deb": f"cp -r {tmp_path}/in . && echo free > COPYING",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{words}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    out = tmp_path / "out"
    arguments = [f"--out={out}", "--shorter=64"]
    assert run_command(command, *arguments) in (0, None)
    with Image.open(out / "one.jpg") as picture:
        assert picture.size == (96, 64)
        colour = picture.getpixel((50, 30))
    np.testing.assert_allclose(colour, [9, 99, 199], atol=3)
    assert (out / "licences" / "p.txt").read_text() == "free\n"
    (programs / "apt-get").write_text("#!/bin/sh\necho no p >&2; exit 3\n")
    assert run_command(command, *arguments) == 1
    assert "`apt-get download p` has failed: no p" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "/nowhere")
    assert run_command(command, *arguments) == 1
    assert "which cannot be run" in capsys.readouterr().err


def test_where_to_must_be_said(run_command, capsys, folder):
    assert run_command(command) == 1
    assert "--out must name a folder" in capsys.readouterr().err
    assert run_command(command, f"--out={folder}/NOTE.txt") == 1
    assert "NOTE.txt" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_finds(folder, tmp_path):
    """Trained for a few steps; measured on two sizes; its record."""
    workdir, out = tmp_path / "run", tmp_path / "sizes.json"
    small_gtsrb.write_signs(tmp_path)
    arguments = [
        "--flagfile=find.flags",
        "--canvas=64",
        "--glimpses=2",
        "--core_units=8",
        "--units=8",
        "--glimpse_units=8",
        "--location_units=8",
        "--batch_size=16",
        "--epochs=1",
        "--evaluation_cases=20",
        f"--backgrounds={folder}",
        f"--data_dir={tmp_path}",
        f"--workdir={workdir}",
    ]
    assert _run(training.command(FindSettings, "find"), *arguments) == 0
    result = json.loads((workdir / "result.json").read_text())
    assert result["data"]["photographs"] == {
        "train": 8,
        "validation": 4,
        "test": 4,
    }
    assert result["test_cases"] == 5
    arguments = [f"--workdir={workdir}", "--canvases=64x2,70x0", "--cases=4"]
    arguments += ["--looks=2", f"--out={out}", f"--data_dir={tmp_path}"]
    assert _run(sizes.COMMAND, *arguments) in (0, None)
    rows = json.loads(out.read_text())["canvases"]
    assert [row["canvas"] for row in rows] == [64, 70]
    assert "found_by_glimpse" in rows[0]


def _run(command, *arguments):
    argv, values = ["command", *arguments], flags.FlagValues()
    command.define(argv, values, "command")
    return command.call(argv, values)
