"""Tests of the drawn videos."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from ram_tf import GlimpseSensor, geometry
from ram_tf.pictures import paths as viz
from ram_tf.pictures.film_strips import draw_film_strips

SENSOR = GlimpseSensor(4, 2, "gather")


def _case(videos=2, steps=3, classes=4, height=20, width=24):
    """Videos, and outputs as a model gives them."""
    rng = np.random.default_rng(0)
    shape = (videos, steps)
    outputs = {
        "locations": rng.uniform(-0.5, 0.5, (*shape, 2)).astype("f"),
        "probabilities": rng.dirichlet(np.ones(classes), shape).astype("f"),
    }
    pixels = rng.integers(0, 256, [*shape, height, width, 1], np.uint8)
    return pixels, outputs


def _axes(figure, videos, steps):
    """[videos, 2, steps]: frames, and what was seen of them."""
    return np.reshape(figure.axes, [videos, 2, steps])


def _pixels(axes):
    return np.asarray(axes.images[0].get_array())[..., None]


def test_each_frame_has_its_windows_and_its_view():
    videos, outputs = _case()
    figure = draw_film_strips(videos, outputs, SENSOR)
    for (row, _, step), panel in np.ndenumerate(_axes(figure, 2, 3)[:, :1]):
        frame, location = videos[row, step], outputs["locations"][row, step]
        np.testing.assert_allclose(_pixels(panel), frame / 255, atol=1e-6)
        fine, coarse = [p for p in panel.patches if isinstance(p, Rectangle)]
        for square, side in ((fine, 4), (coarse, 8)):
            start = geometry.window_start(location, (20, 24), side).numpy()
            assert square.get_xy() == tuple(start[::-1])
            assert (square.get_width(), square.get_height()) == (side, side)
        centre = (location + 1) / 2 * [20, 24]
        (point,) = [c for c in panel.collections if c.get_label() == "fixation"]
        np.testing.assert_allclose(
            point.get_offsets()[0][::-1], centre, rtol=1e-6
        )
        view = _axes(figure, 2, 3)[row, 1, step]
        glimpse = SENSOR(frame[None], location[None])[0].numpy()
        np.testing.assert_allclose(
            _pixels(view), viz.foveate(glimpse, 2), atol=1e-6
        )


def test_a_line_comes_from_the_fixation_before():
    videos, outputs = _case(videos=1)
    panels = _axes(draw_film_strips(videos, outputs, SENSOR), 1, 3)[0, 0]
    centres = (outputs["locations"][0] + 1) / 2 * [20, 24]
    for step, panel in enumerate(panels):
        (line,) = panel.lines
        expected = centres[max(step - 1, 0) : step + 1, ::-1]
        np.testing.assert_allclose(line.get_xydata(), expected, rtol=1e-6)


def test_title_and_captions_say_the_answers():
    videos, outputs = _case(videos=1, steps=2, classes=3)
    outputs["probabilities"][0] = [[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]]
    figure = draw_film_strips(
        videos, outputs, SENSOR, labels=[2], class_names=["a", "b", "c"]
    )
    (frames, views) = _axes(figure, 1, 2)[0]
    assert frames[0].get_title("left") == "label c,  predicted b (80%)"
    assert to_hex(frames[0]._left_title.get_color()) == "#c62828"
    assert [view.get_xlabel() for view in views] == [
        "look 1\na (50%)",
        "look 2\nb (80%)",
    ]


def test_locations_in_pixels():
    videos, outputs = _case(videos=1, steps=1)
    outputs["locations"][:] = [[[2.0, -3.0]]]
    figure = draw_film_strips(videos, outputs, SENSOR, location_unit=1.0)
    point = figure.axes[0].collections[0].get_offsets()[0]
    np.testing.assert_allclose(point, [9.0, 12.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v, o: (v[:, 0], o), r"rank 5"),
        (lambda v, o: (v[:, :2], o), r"`locations`.*\[2, 2, 2\].*\(2, 3, 2\)"),
        (lambda v, o: (v[:1], o), r"`locations`.*\[1, 3, 2\].*\(2, 3, 2\)"),
        (lambda v, o: (v * 2.0, o), r"floats lie in \[0, 1\]"),
    ],
)
def test_bad_videos(change, message):
    videos, outputs = change(*_case())
    with pytest.raises(ValueError, match=message):
        draw_film_strips(videos, outputs, SENSOR)
