"""Tests of the drawn glimpse paths."""

import itertools

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from ram_tf import GlimpseSensor, RecurrentAttentionModel, geometry
from ram_tf.pictures import badges
from ram_tf.pictures import paths as viz

_GREEN, _RED = "#1a7f37", "#c62828"


def _case(images=2, steps=3, classes=4, side=20, channels=1, seed=0):
    """Images, and outputs as a model gives them."""
    random = np.random.default_rng(seed)
    shape = (images, side, side, channels)
    outputs = {
        "locations": random.uniform(-1, 1, (images, steps, 2)),
        "probabilities": random.dirichlet(
            np.ones(classes), size=(images, steps)
        ),
    }
    outputs = {name: np.float32(value) for name, value in outputs.items()}
    return random.integers(0, 256, shape).astype(np.uint8), outputs


def _sensor(scales=2):
    return GlimpseSensor(4, scales, "gather")


def _rows(figure, images, steps):
    return np.reshape(figure.axes, [images, 1 + steps])


def _fixations(axes):
    """Drawn points, [T, 2] as (y, x)."""
    (points,) = [c for c in axes.collections if c.get_label() == "fixations"]
    return np.asarray(points.get_offsets())[:, ::-1]


# foveate


def test_foveate_pastes_finer_windows_in_the_centre():
    fine, coarse = [[1, 2], [3, 4]], [[5, 6], [7, 8]]
    expected = [[5, 5, 6, 6], [5, 1, 2, 6], [7, 3, 4, 8], [7, 7, 8, 8]]
    made = viz.foveate(np.stack([fine, coarse], axis=-1), 2)
    np.testing.assert_array_equal(made, np.array(expected)[..., None])


def test_foveate_at_three_scales_gives_each_its_true_extent():
    glimpse = np.broadcast_to(np.array([1, 2, 3], np.uint8), (2, 2, 3))
    expected = np.full((8, 8, 1), 3, np.uint8)
    expected[2:6, 2:6], expected[3:5, 3:5] = 2, 1
    made = viz.foveate(glimpse, 3)
    np.testing.assert_array_equal(made, expected)
    assert made.dtype == np.uint8


def test_foveate_keeps_colours_and_leaves_its_input_alone():
    glimpse = np.arange(2 * 2 * 6.0).reshape(2, 2, 6)
    before = glimpse.copy()
    made = viz.foveate(glimpse, 2)
    assert made.shape == (4, 4, 3)
    np.testing.assert_array_equal(made[1, 1], [0, 1, 2])
    np.testing.assert_array_equal(made[0, 0], [3, 4, 5])
    np.testing.assert_array_equal(viz.foveate(glimpse, 1), glimpse)
    np.testing.assert_array_equal(glimpse, before)


@pytest.mark.parametrize(("scales", "shown"), [(2, 2), (4, 4), (6, 4)])
def test_the_finest_windows_are_shown(scales, shown):
    rng = np.random.default_rng(0)
    glimpse = rng.random([3, 3, scales * 2], np.float32)
    made = viz.foveate_finest(glimpse, scales)
    expected = viz.foveate(glimpse[..., : 2 * shown], shown)
    assert made.shape == (3 * 2 ** (shown - 1),) * 2 + (2,)
    np.testing.assert_array_equal(made, expected)


def test_foveate_shows_the_image_where_the_retina_is_sharp():
    images, _ = _case(images=1, side=16)
    glimpse = _sensor(scales=3)(images, np.zeros((1, 2), np.float32))[0]
    made = viz.foveate(glimpse.numpy(), 3)
    assert made.shape == (16, 16, 1)
    sharp = images[0, 6:10, 6:10] / 255
    np.testing.assert_allclose(made[6:10, 6:10], sharp, atol=1e-6)
    coarse = images[0, :4, :4].mean() / 255
    np.testing.assert_allclose(made[:4, :4], coarse, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 2), (2, 3, 2), (2, 2, 3), (1, 2, 2, 2)])
def test_foveate_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"must have shape \[g, g, S \* C\]"):
        viz.foveate(np.zeros(shape), 2)


def test_foveate_refuses_scales_below_one():
    with pytest.raises(ValueError, match="`scales` must be a positive integer"):
        viz.foveate(np.zeros((2, 2, 2)), 0)


# draw_paths


@pytest.mark.parametrize("unit", [None, 6.0])
def test_points_and_windows_lie_where_the_sensor_looked(unit):
    images, outputs = _case(images=2, steps=5)
    locations = outputs["locations"]
    figure = viz.draw_paths(images, outputs, _sensor(), location_unit=unit)
    pixels = geometry.to_pixels(locations, images, unit)
    offsets = geometry.to_offsets(locations, images, unit)
    for row, (panel, *_) in enumerate(_rows(figure, 2, 5)):
        np.testing.assert_allclose(_fixations(panel), pixels[row], rtol=1e-6)
        drawn = [patch.get_xy()[::-1] for patch in panel.patches]
        starts = geometry.window_start(offsets[row], 20, 4)
        np.testing.assert_array_equal(drawn, starts)
        assert {patch.get_width() for patch in panel.patches} == {4}


def test_the_path_joins_the_points_in_order():
    images, outputs = _case(images=1, steps=4)
    panel = viz.draw_paths(images, outputs, _sensor()).axes[0]
    points = _fixations(panel)
    lines = [np.stack(line.get_data()[::-1], 1) for line in panel.lines]
    for pair in itertools.pairwise(points):
        assert any(
            line.shape == (2, 2) and np.allclose(line, pair) for line in lines
        )
    assert [text.get_text() for text in panel.texts] == list("1234")


def test_the_image_keeps_its_limits():
    images, outputs = _case(images=1)
    outputs["locations"][:] = [[-1, 1], [1, 1], [5, -5]]
    panel = viz.draw_paths(images, outputs, _sensor()).axes[0]
    assert panel.get_xlim() == (0, 20)
    assert panel.get_ylim() == (20, 0)


@pytest.mark.parametrize("place", [0.0, 1.0, 3.0])
def test_equal_fixations_have_one_badge(place):
    images, outputs = _case(images=1, steps=6)
    outputs["locations"][:] = place
    outputs["locations"][:, 2] = -0.5
    figure = viz.draw_paths(images, outputs, _sensor())
    viz.to_image(figure)
    texts = figure.axes[0].texts
    assert [text.get_text() for text in texts] == ["1–2, 4–6", "3"]
    places = np.array([text.get_position() for text in texts])
    assert np.linalg.norm(places[0] - places[1]) > 1.0  # Of 20 pixels.
    assert (places >= 0).all()
    assert (places <= 20).all()


def test_fixations_within_a_hundredth_are_the_same():
    points = np.array([[5, 5], [50, 5], [5, 5.9], [50, 5], [50, 5], [5, 6.5]])
    groups = badges.together(points, 1.0)
    assert groups == [[0, 2], [1, 3, 4], [5]]
    assert [badges.numbers(g) for g in groups] == ["1, 3", "2, 4–5", "6"]


def test_lines_to_badges_look_unlike_the_way_of_the_eye():
    images, outputs = _case(images=1, steps=4)
    panel = viz.draw_paths(images, outputs, _sensor()).axes[0]
    styles = [line.get_linestyle() for line in panel.lines]
    assert styles == 4 * ["-"] + 4 * [":"]


def test_badges_lie_beside_what_was_looked_at():
    points = np.array([[50, 60], [50, 60], [53, 58], [2, 199], [120, 20.0]])
    places = badges.spread(points, np.array([150, 200]), room=10, clear=14)
    gaps = np.linalg.norm(places[:, None] - places, axis=-1)
    assert gaps[~np.eye(5, dtype=bool)].min() > 9
    assert np.linalg.norm(places[:, None] - points, axis=-1).min() > 13
    # No further away than is needed.
    assert np.linalg.norm(places - points, axis=-1).max() < 30
    assert (places >= 5).all()
    assert (places <= [145, 195]).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_views_show_the_glimpses_and_black_beyond_the_image(channels):
    images, outputs = _case(images=2, steps=2, channels=channels)
    images = np.maximum(images, 1)
    outputs["locations"][1, 1] = [-1, -1]
    sensor = _sensor()
    figure = viz.draw_paths(images, outputs, sensor)
    rows = _rows(figure, 2, 2)
    for row in range(2):
        for step in range(2):
            location = outputs["locations"][row, step][None]
            glimpse = sensor(images[row : row + 1], location)[0].numpy()
            shown = np.asarray(rows[row, 1 + step].images[0].get_array())
            shown = shown.reshape(8, 8, channels)
            expected = viz.foveate(glimpse, 2)
            np.testing.assert_allclose(shown, expected, atol=1e-6)
    assert (shown[:4] == 0).all()
    assert (shown[:, :4] == 0).all()
    assert (shown[4:, 4:] > 0).all()


def test_title_and_captions_say_the_answers():
    images, outputs = _case(images=2, steps=2, classes=3)
    outputs["probabilities"][0] = [[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]]
    outputs["probabilities"][1] = [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]
    names = ["cat", "dog", "$cow$"]
    figure = viz.draw_paths(
        images, outputs, _sensor(), labels=[1, 0], class_names=names
    )
    first, second = _rows(figure, 2, 2)
    assert first[0].get_title("left") == "label dog,  predicted dog (80%)"
    assert second[0].get_title("left") == "label cat,  predicted $cow$ (70%)"
    titles = [row[0]._left_title for row in (first, second)]
    assert [to_hex(t.get_color()) for t in titles] == [_GREEN, _RED]
    captions = [view.get_xlabel() for view in first[1:]]
    assert captions == ["look 1\ncat (50%)", "look 2\ndog (80%)"]


@pytest.mark.parametrize("names", ["a", "end of speed limits"])
def test_captions_lie_above_the_titles_of_the_next_row(names):
    images, outputs = _case(images=3, steps=3, classes=2)
    figure = viz.draw_paths(
        images, outputs, _sensor(), labels=[0, 1, 0], class_names=[names] * 2
    )
    viz.to_image(figure)
    rows = _rows(figure, 3, 3)
    lowest = [
        min(view.xaxis.label.get_window_extent().y0 for view in row[1:])
        for row in rows
    ]
    titles = [row[0]._left_title.get_window_extent().y1 for row in rows]
    assert lowest[0] > titles[1]
    assert lowest[1] > titles[2]
    assert lowest[2] > 0


@pytest.mark.parametrize(
    ("used", "columns"), [((2, 3), 4), ((2, 6), 6), ((6, 6), 6)]
)
def test_the_sheet_is_as_wide_as_the_longest_path(used, columns):
    """With a place for what is said behind a path that stopped."""
    images, outputs = _case(images=2, steps=6)
    outputs["glimpses_used"] = np.array(used, np.int32)
    figure = viz.draw_paths(images, outputs, _sensor())
    rows = _rows(figure, 2, columns)
    viz.to_image(figure)
    for row, count in zip(rows, used, strict=True):
        said = [text for axes in row[1:] for text in axes.texts]
        stopped = count < columns
        assert [text.get_text() for text in said] == ["stopped"] * stopped
        for text in said:
            assert text.get_window_extent().x1 <= figure.bbox.x1


def test_without_labels_classes_are_numbers_and_titles_take_no_side():
    images, outputs = _case(images=1, steps=1, classes=3)
    outputs["probabilities"][0] = [[0.1, 0.1, 0.8]]
    axes = viz.draw_paths(images, outputs, _sensor()).axes
    assert axes[0].get_title("left") == "predicted 2 (80%)"
    assert to_hex(axes[0]._left_title.get_color()) not in (_GREEN, _RED)


def test_bytes_and_floats_are_drawn_alike():
    images, outputs = _case()
    drawn = [
        viz.to_image(viz.draw_paths(each, outputs, _sensor()))
        for each in (images, images / 255)
    ]
    difference = np.abs(drawn[0].astype(int) - drawn[1].astype(int))
    assert difference.max() <= 1


def test_a_model_s_outputs_are_drawn():
    model = RecurrentAttentionModel(
        glimpses=2, glimpse_size=4, scales=2, sensor="gather", units=8
    )
    images, _ = _case(images=2)
    figure = viz.draw_paths(images, model(images), model.cell.sensor)
    assert len(figure.axes) == 2 * (1 + 2)


def test_pyplot_is_left_alone():
    images, outputs = _case()
    backend, figures = plt.get_backend(), plt.get_fignums()
    viz.to_image(viz.draw_paths(images, outputs, _sensor()))
    assert (plt.get_backend(), plt.get_fignums()) == (backend, figures)


def _with(**changes):
    images, outputs = _case()
    arguments = {"images": images, "labels": None, "class_names": None}
    given = {name: changes.pop(name) for name in arguments if name in changes}
    return {**arguments, **given, "outputs": {**outputs, **changes}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": np.zeros((20, 20, 1))}, "rank 4.*Received: .*20, 20, 1"),
        ({"images": np.zeros((2, 2, 9, 9, 1))}, "rank 4"),
        ({"images": np.zeros((2, 9, 9, 2))}, "1 or 3 channels.*9, 9, 2"),
        ({"images": np.full((2, 9, 9, 1), 9.0)}, r"\[0, 1\].*to 9.0"),
        ({"images": np.zeros((0, 9, 9, 1))}, "must not be empty"),
        ({"images": np.zeros((3, 9, 9, 1))}, r"`locations`.*\(2, 3, 2\)"),
        ({"locations": np.zeros((2, 2))}, r"`locations`.*\(2, 2\)"),
        ({"locations": np.zeros((2, 3, 3))}, r"`locations`.*\(2, 3, 3\)"),
        ({"probabilities": np.zeros((2, 4))}, r"`probabilities`.*\(2, 4\)"),
        ({"probabilities": np.zeros((2, 4, 4))}, r"\[2, 3, None\]"),
        ({"probabilities": None}, "`probabilities` must have shape"),
        ({"labels": [1]}, r"`labels` must have shape \[2\].*\(1,\)"),
        ({"labels": [1, 4]}, r"Labels must lie in \[0, 4\).*to 4"),
        ({"labels": [1.0, 2.0]}, "Labels must be integers"),
        ({"class_names": ["a"]}, r"`class_names` must have shape \[4\].*1"),
    ],
)
def test_bad_inputs_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        viz.draw_paths(sensor=_sensor(), **_with(**changes))


# save and to_image


def test_save_writes_a_png_and_nothing_else(tmp_path):
    images, outputs = _case()
    figure = viz.draw_paths(images, outputs, _sensor())
    path = tmp_path / "paths.png"
    path.write_text("an older file")
    viz.save(figure, path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert list(tmp_path.iterdir()) == [path]
    read = matplotlib.image.imread(path)
    assert read.shape[:2] == viz.to_image(figure).shape[:2]
    assert read[..., :3].std() > 0


def test_a_failed_save_leaves_the_older_file(tmp_path):
    class Broken(Figure):
        def savefig(self, file, **kwargs):
            file.write(b"half")
            raise OSError("disk full")

    path = tmp_path / "paths.png"
    path.write_text("an older file")
    with pytest.raises(OSError, match="disk full"):
        viz.save(Broken(), path)
    assert path.read_text() == "an older file"
    assert list(tmp_path.iterdir()) == [path]


def test_save_makes_the_folder(tmp_path):
    viz.save(Figure((2, 1), dpi=50), tmp_path / "new" / "blank.png")
    image = matplotlib.image.imread(tmp_path / "new" / "blank.png")
    assert image.shape[:2] == (50, 100)


def test_to_image_gives_opaque_pixels():
    image = viz.to_image(Figure((2, 1), dpi=50))
    assert image.shape == (50, 100, 3)
    assert image.dtype == np.uint8
    assert (image == 255).all()
