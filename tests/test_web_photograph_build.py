"""The page's photograph without a browser: its layers, and what is refused."""

import pathlib
import re

import conftest
import numpy as np
import pytest
import tensorflow as tf

from ram_tf_commands import web
from ram_tf_data import photograph_credits, photographs
from ram_tf_data.hidden_signs import Drawn, HiddenSign, Scenery, paint
from ram_tf_data.splits import Split
from ram_tf_web import web_build, web_photograph
from tests.fixtures import small_gtsrb


def _signs():
    """Three of each of ten classes; the middle one has middle contrast."""
    label = np.arange(30) % 10
    rng = np.random.default_rng(0)
    noise = rng.integers(-50, 51, [30, 32, 32, 3])
    times = np.repeat([2, 0, 1], 10)[:, None, None, None]
    return Split.whole("signs", np.uint8(120 + times * noise), label)


@pytest.fixture
def folder(tmp_path):
    small_gtsrb.write_photographs(tmp_path, 16)
    return tmp_path


def _painted(hidden, scenery, signs, drawn):
    # As an argument: XLA would work out at leisure what is constant.
    return tf.function(
        lambda drawn: paint(hidden, scenery, tf.constant(signs), drawn),
        jit_compile=True,
    )(drawn).numpy()


@pytest.mark.slow
def test_layers_are_those_of_the_whole(folder):
    """A sign alone on what is behind it is what `paint` makes of all."""
    signs, hidden = _signs(), HiddenSign(64, 3)
    loaded = photographs.load(photographs.divide(folder)["test"], 64)
    index = web_photograph.choose_signs(signs, 6)
    drawn = web_photograph.draw_scenes(hidden, loaded, index, seed=4)
    scenes = web_photograph.make_scenes(hidden, signs, loaded, drawn)
    whole = _painted(hidden, Scenery.of(loaded), signs.image, drawn)
    rows = 64 * np.arange(6)
    alone = Drawn(
        index=drawn.index,
        corner=tf.constant(np.stack([rows, 0 * rows], 1), tf.int32),
        mirrored=tf.zeros([6], tf.bool),
        piece=drawn.piece[:, :0],
        size=tf.constant(scenes.size)[:, None],
        place=tf.constant(scenes.corner)[:, None],
    )
    behind = tf.constant(scenes.background.reshape(-1, 64, 3))
    scenery = Scenery.of(loaded)._replace(pixels=behind)
    made = _painted(HiddenSign(64, 0), scenery, signs.image, alone)
    np.testing.assert_array_equal(made, whole)
    assert (whole != scenes.background).any((1, 2, 3)).all()
    assert (scenes.sign == signs.image[index]).all()


@pytest.mark.slow
def test_scenes_are_of_various_classes_and_photographs(folder):
    signs, hidden = _signs(), HiddenSign(64, 3)
    index = web_photograph.choose_signs(signs, 5)
    assert signs.label[index].tolist() == [1, 3, 5, 7, 9]
    assert (index >= 20).all()  # Neither plain nor the most contrast.
    loaded = photographs.load(photographs.divide(folder)["test"], 64)
    drawn = web_photograph.draw_scenes(hidden, loaded, index, seed=0)
    scenes = web_photograph.make_scenes(hidden, signs, loaded, drawn)
    assert sorted(scenes.photograph[:4]) == [0, 1, 2, 3]
    assert not (scenes.others == scenes.photograph[:, None]).any()
    again = web_photograph.draw_scenes(hidden, loaded, index, seed=0)
    for first, second in zip(drawn, again, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Small signs, a folder of photographs, and runs of several kinds."""
    place = tmp_path_factory.mktemp("made")
    (place / "photographs").mkdir()
    small_gtsrb.write_photographs(place / "photographs", 12)
    small_gtsrb.write_signs(place)
    backgrounds = place / "photographs"
    conftest.save_sign_finder(place / "find", backgrounds, place)
    conftest.save_sign_finder(
        place / "fixed", backgrounds, place, scales=3, encoder_scales=None
    )
    conftest.save_sign_finder(
        place / "conv", backgrounds, place, network="conv_any"
    )
    return place


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cluttered", "that finds signs.*cluttered, one that classifies"),
        ("fixed", r"windows follow the image.*fixed, which has 3"),
        ("conv", r"looks around.*conv, which does not"),
        ("find", r"as large as the canvas, 512x512.*of 80x"),
        ("nothing", "nothing"),
    ],
)
def test_what_finds_no_sign_is_refused(
    made, run_command, capsys, monkeypatch, name, message
):
    """Before anything is written."""
    monkeypatch.setattr(web_build, "litert", lambda: made)
    run = made / name / "model.keras"
    finder = run if name != "cluttered" else name
    flags = [f"--finder={finder}", f"--backgrounds={made / 'photographs'}"]
    _refused(run_command, made, *flags)
    found = " ".join(capsys.readouterr().err.split())
    assert re.search(message, found)


def _refused(run_command, made, *flags):
    out = made / "out"
    flags = ("--pretrained=cluttered", "--large=", f"--out={out}", *flags)
    assert run_command(web, *flags, f"--data_dir={made}") == 1
    assert not out.exists()


def test_photographs_and_a_model_go_together(
    made, run_command, capsys, monkeypatch
):
    monkeypatch.setattr(web_build, "litert", lambda: made)
    _refused(run_command, made, f"--finder={made / 'find' / 'model.keras'}")
    said = "--backgrounds must name a folder of photographs. Received: None"
    assert said in capsys.readouterr().err
    _refused(run_command, made, f"--backgrounds={made}")
    assert "--backgrounds needs --finder" in capsys.readouterr().err


def test_credits(folder, monkeypatch):
    package = small_gtsrb.package(folder)
    packages = {"plain": package._replace(photographs={"b.jpg": ""})}
    packages["noise"] = package
    monkeypatch.setattr(photograph_credits, "PACKAGES", packages)
    file = folder / "photograph_03.png"
    # Without licences, and of other photographs, there is but the name.
    assert photograph_credits.credit(file) == (file.name, "", "", None)
    small_gtsrb.write_licence(folder, "noise")
    assert photograph_credits.credit(folder / "a.jpg")[1:] == ("", "", None)
    found = photograph_credits.credit(file)
    assert found.holders == "2008, A. Photographer; 2010, Another"
    assert found.licence == "CC-BY-4.0"
    assert found.text == folder / "licences" / "noise.txt"
    plain = folder / "licences" / "plain.txt"
    plain.write_text("MIT License\n\nCopyright (c) 2019 An Author\n\nFree.\n")
    assert photograph_credits.credit(pathlib.Path(folder, "b.jpg")) == (
        "b.jpg",
        "2019 An Author",
        "MIT License",
        plain,
    )
