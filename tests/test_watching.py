"""Watching a model: what is in the figure, the film and the page."""

import base64
import io
import re
import sys

import numpy as np
import pytest
from PIL import Image

from ram_tf import RecurrentAttentionModel, UserError, watch
from ram_tf.comparators import make_comparator
from ram_tf.errors import FileError


def _captions(eye):
    """Under the looks; under an image stands its size."""
    texts = [axes.get_xlabel() for axes in eye.figure.axes]
    return [text for text in texts if text.startswith("look")]


def _films(path):
    with Image.open(path) as film:
        return film.n_frames, film.size


def test_the_figure_says_what_the_model_says(make_model, images):
    model = make_model()
    eye = watch(model, images[:2], labels=[0, 2], class_names=["a", "b", "c"])
    outputs = model(images[:2])
    for name, values in outputs.items():
        np.testing.assert_array_equal(eye.outputs[name], values)
    # The image and its three looks, twice.
    assert len(eye.figure.axes) == 2 * (1 + 3)
    expected = [
        f"look {step + 1}\n{'abc'[chances.argmax()]} ({chances.max():.0%})"
        for row in outputs["probabilities"].numpy()
        for step, chances in enumerate(row)
    ]
    assert _captions(eye) == expected
    assert eye.figure.axes[0].get_title("left").startswith("label a,")


def test_fixations_and_windows_are_where_the_model_looked(make_model, images):
    """In units of five pixels; windows of four pixels are round them."""
    model = make_model(location_unit=5.0)
    eye = watch(model, images[0])
    axes = eye.figure.axes[0]
    height, width = 9, 11
    centres = eye.outputs["locations"][0] * 5 + np.array([height, width]) / 2
    ends = {
        tuple(line.get_xydata()[-1].round(3))
        for line in axes.get_lines()
        if not isinstance(line.get_color(), str)  # Grey: to a badge.
    }
    assert ends == {tuple(np.float64(c[::-1]).round(3)) for c in centres}
    squares = [patch.get_bbox() for patch in axes.patches]
    assert len(squares) == 3
    for box, (y, x) in zip(squares, centres, strict=True):
        assert (box.width, box.height) == (4, 4)
        assert abs(box.x0 + 2 - x) <= 1
        assert abs(box.y0 + 2 - y) <= 1
        assert box.x0 == int(box.x0)


@pytest.mark.parametrize(
    "form",
    [
        lambda images: images[0, ..., 0],
        lambda images: images[0],
        lambda images: images[:1],
        lambda images: np.float32(images[:1] / 255),
        lambda images: images[0] / 255,
        lambda images: (images[0] / 255).tolist(),
        lambda images: Image.fromarray(images[0, ..., 0]),
    ],
)
def test_an_image_in_any_form_is_the_same(make_model, images, form):
    model = make_model()
    expected = watch(model, images[:1]).outputs["probabilities"]
    answers = watch(model, form(images)).outputs["probabilities"]
    np.testing.assert_allclose(answers, expected, atol=1e-5)


def test_the_film_has_a_frame_for_each_look_of_each_image(
    make_model, images, tmp_path
):
    eye = watch(make_model(), images[:2])
    eye.save(tmp_path / "eye.gif")
    eye.save(tmp_path / "eye.png")
    assert _films(tmp_path / "eye.gif") == (6, eye.frames[0].shape[1::-1])
    assert _films(tmp_path / "eye.png")[1][0] > 1000
    with pytest.raises(UserError, match=r"\.gif, .* or in \.png.*eye\.mp4"):
        eye.save(tmp_path / "eye.mp4")
    with pytest.raises(FileError):
        eye.save(tmp_path / "eye.png" / "eye.gif")


def test_a_page_shows_film_and_figure(make_model, images):
    html = watch(make_model(), images[0])._repr_html_()
    found = re.findall(r"data:image/(\w+);base64,([^\"]+)", html)
    contents = [Image.open(io.BytesIO(base64.b64decode(d))) for _, d in found]
    assert [picture.format for picture in contents] == ["GIF", "PNG"]
    assert contents[0].n_frames == 3


def test_colours_and_a_model_that_was_never_built():
    model = RecurrentAttentionModel(3, 4, glimpse_size=4, sensor="gather")
    eye = watch(model, np.random.default_rng(0).random([20, 30, 3]))
    assert model.channels == 3
    assert len(eye.figure.axes) == 1 + 4


def test_a_model_that_stops_is_watched_until_it_does(make_model, images):
    model = make_model(stop=True)
    model.cell.stop_policy.dense.bias.assign([100.0])
    eye = watch(model, images[0])
    assert len(eye.figure.axes) == 1 + 1
    assert [text.get_text() for text in eye.figure.texts] == ["stopped"]
    assert len(eye.frames) == 1


def test_large_images_are_drawn_reduced(make_model):
    model = RecurrentAttentionModel(
        3,
        3,
        12,
        None,
        sensor="pyramid",
        location_policy="cells",
        first_fixation="centre",
        encoder_scales=2,
        core_units=8,
        units=8,
    )
    image = np.zeros([1500, 900], np.uint8)
    image[700, 40] = 200
    eye = watch(model, image)
    (shown,) = eye.figure.axes[0].get_images()
    assert shown.get_array().shape == (500, 300)
    assert eye.figure.axes[0].get_xlabel() == "1500 × 900 pixels"
    assert eye.frames[0].max() > 0


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros([9, 11, 3], np.uint8), "C of 1, or several"),
        (np.zeros([2, 9, 11, 3], np.uint8), "must have 1 channels"),
        (np.full([9, 11], 255.0), "must lie in"),
        (np.full([9, 11], np.nan), "must be finite"),
        (np.pad(np.zeros([99, 99]), 1, constant_values=9), "must lie in"),
        (np.zeros([9, 11], np.int64), "uint8 .* or float32"),
        (np.zeros([0, 9, 11, 1], np.uint8), "must not be empty"),
        (np.zeros([2, 3, 9, 11, 1], np.uint8), "must be one image"),
        (np.zeros([17, 9, 11, 1], np.uint8), "at most 16"),
        ([np.zeros([9, 11]), np.zeros([9, 12])], "must be one array"),
        ("digit.png", "must be one image"),
    ],
)
def test_what_cannot_be_looked_at(make_model, images, words):
    with pytest.raises(UserError, match=words):
        watch(make_model(), images)


def test_who_cannot_be_watched(make_player, make_model, images):
    comparator = make_comparator("fc_64", 9, num_classes=3)
    for model in (make_player(), comparator, "cluttered"):
        with pytest.raises(UserError, match=r"model` must be .* that answers"):
            watch(model, images)
    model = make_model()
    model.cell.classifier.bias.assign([np.nan] * 3)
    with pytest.raises(UserError, match="answers must be finite"):
        watch(model, images)


def test_labels_that_do_not_fit(make_model, images):
    with pytest.raises(UserError, match="labels"):
        watch(make_model(), images[:2], labels=[1])
    with pytest.raises(UserError, match="class_names"):
        watch(make_model(), images[:2], class_names=["a"])


def test_without_matplotlib_it_says_what_to_install(
    make_model, images, monkeypatch
):
    for name in [*sys.modules]:
        if name.split(".")[0] == "matplotlib" or name.endswith(".watched"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match=r"pip install 'ram_tf\[reports\]'"):
        watch(make_model(), images)


def test_another_missing_module_is_said_as_it_is(
    make_model, images, monkeypatch
):
    monkeypatch.setitem(sys.modules, "ram_tf.pictures.watched", None)
    with pytest.raises(ModuleNotFoundError, match=r"ram_tf\.pictures"):
        watch(make_model(), images)
