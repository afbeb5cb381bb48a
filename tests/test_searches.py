"""Pictures of searches on large images, by what is drawn in them."""

import itertools
import types

import numpy as np
import pytest
import test_viz
from matplotlib.colors import to_hex
from PIL import Image

from ram_tf import GlimpseSensor, UserError
from ram_tf.pictures import glimpses, paths, searches, seen

SENSOR = GlimpseSensor(12, None, "pyramid")


def _outputs(looks=5, **more):
    rng = np.random.default_rng(looks)
    chances = rng.dirichlet(np.ones(3), looks)
    locations = rng.uniform(-1, 1, [looks, 2])
    return {"locations": locations, "probabilities": chances, **more}


def _image(height, width):
    return np.random.default_rng(1).integers(
        0, 256, [height, width, 1], np.uint8
    )


def test_images_of_several_sizes_have_a_block_each():
    images = [_image(50, 80), _image(700, 300)]
    outputs = [_outputs(5), _outputs(7)]
    figure = searches.draw_searches(images, outputs, SENSOR, labels=[0, 2])
    # The image and its looks.
    assert len(figure.axes) == 1 + 5 + 1 + 7
    sizes = [axes.get_xlabel() for axes in figure.axes[:7:6]]
    assert sizes == ["50 × 80 pixels", "700 × 300 pixels"]
    said = outputs[1]["probabilities"].argmax(-1)
    captions = [axes.get_xlabel() for axes in figure.axes[-7:]]
    for step, (caption, best) in enumerate(zip(captions, said, strict=True), 1):
        assert caption.startswith(f"look {step}\n{best} (")
    # No block lies over another.
    bottom = min(axes.get_position().y0 for axes in figure.axes[:6])
    top = max(axes.get_position().y1 for axes in figure.axes[6:])
    assert bottom > top


def _texts(figure):
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    return titles + [axes.get_xlabel() for axes in figure.axes]


@pytest.mark.parametrize("labels", [None, [0, 2]])
def test_a_model_of_any_size_is_drawn_as_a_search(labels):
    model = types.SimpleNamespace(
        scales=None, cell=types.SimpleNamespace(sensor=SENSOR)
    )
    images = [_image(50, 80), _image(70, 30)]
    each = [_outputs(5), _outputs(5)]
    stacked = {name: np.stack([o[name] for o in each]) for name in each[0]}
    drawn = glimpses.draw(model, images, stacked, labels=labels)
    expected = searches.draw_searches(images, each, SENSOR, labels=labels)
    assert _texts(drawn) == _texts(expected)


def test_three_windows_of_a_look_are_shown():
    drawn = seen.see(_image(700, 300), _outputs(2), seen.Eye(SENSOR, None, 0))
    assert [view.shape[:2] for view in drawn.views] == [(48, 48)] * 2
    few = seen.Eye(GlimpseSensor(12, 2), None, 0)
    drawn = seen.see(_image(60, 60), _outputs(2), few)
    assert [view.shape[:2] for view in drawn.views] == [(24, 24)] * 2


def test_right_answers_are_said():
    drawn = [
        searches.draw_searches([_image(50, 80)], [_outputs(5)], SENSOR, **more)
        for more in ({}, {"labels": [0]}, {"labels": [1]})
    ]
    assert len({tuple(_texts(figure)) for figure in drawn}) == 3


def test_long_names_lie_over_nothing():
    outputs = _outputs(6, probabilities=np.tile([[0.0, 1.0, 0.0]], (6, 1)))
    names = ["no overtaking by lorries"] * 3
    figure = searches.draw_searches(
        [_image(60, 60)] * 2,
        [outputs] * 2,
        SENSOR,
        labels=[1, 1],
        class_names=names,
    )
    paths.to_image(figure)
    written = [axes.xaxis.label for axes in figure.axes]
    written += [a._left_title for a in figure.axes if a.get_title(loc="left")]
    boxes = [text.get_window_extent() for text in written]
    boxes += [axes.get_window_extent() for axes in figure.axes]
    assert len(boxes) == 2 * (7 + 1 + 7)
    for one, other in itertools.combinations(boxes, 2):
        # A picture's own frame touches nothing, but for its last pixel.
        assert not one.padded(-1).overlaps(other.padded(-1))


def test_right_and_wrong_have_the_colours_of_all_pictures():
    outputs = _outputs(3, probabilities=np.tile([[0.1, 0.7, 0.2]], (3, 1)))
    images = [_image(60, 60)] * 2
    figure = searches.draw_searches(
        images, [outputs] * 2, SENSOR, labels=[1, 0]
    )
    titles = [a._left_title for a in figure.axes if a.get_title(loc="left")]
    colours = [to_hex(title.get_color()) for title in titles]
    assert colours == [test_viz._GREEN, test_viz._RED]


def test_the_path_ends_where_the_model_stopped():
    outputs = _outputs(6, glimpses_used=np.int32(2))
    figure = searches.draw_searches([_image(60, 60)], [outputs], SENSOR)
    assert len(figure.axes) == 1 + 2
    assert [text.get_text() for text in figure.texts] == ["stopped"]


def test_looks_stand_where_they_are_on_the_image():
    outputs = _outputs(3)
    outputs["locations"] = np.array([[0, 0], [0.5, -0.5], [-1, 1]])
    figure = searches.draw_searches([_image(1200, 1200)], [outputs], SENSOR)
    # 1200 pixels are drawn as 400: blocks of 3.
    lines = figure.axes[0].get_lines()
    ways = [line.get_xydata() for line in lines if len(line.get_xydata()) == 2]
    ends = {tuple(way[-1].round(3)) for way in ways}
    assert (100, 300) in ends  # x, y of the second look.
    assert (400, 0) in ends


def test_strokes_do_not_fade():
    image = np.zeros([1000, 1500, 1])
    image[700, 40] = 0.9
    small = seen.reduced(image)
    # Blocks of 3: 1500 pixels are more than 560.
    assert small.shape == (334, 500, 1)
    assert small[233, 13] == 0.9
    assert small.sum() == pytest.approx(0.9)


def test_a_film_has_a_frame_a_look(tmp_path):
    frames = searches.film(_image(100, 90), _outputs(4), SENSOR)
    assert len(frames) == 4
    assert len({frame.tobytes() for frame in frames}) == 4
    searches.save_film(frames, tmp_path / "eye.gif")
    with Image.open(tmp_path / "eye.gif") as film:
        assert film.n_frames == 4
        assert film.info["loop"] == 0
        assert film.size == frames[0].shape[1::-1]


def test_bad_outputs():
    outputs = _outputs(4)
    outputs["locations"] = outputs["locations"][:2]
    with pytest.raises(UserError, match="probabilities"):
        searches.draw_searches([_image(40, 40)], [outputs], SENSOR)
