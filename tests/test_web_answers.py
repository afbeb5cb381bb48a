"""The browser page's answers and views against LiteRT's and ours in Python."""

import re

import numpy as np
import pytest
import tensorflow as tf
import web_page

from ram_tf import GlimpseSensor, geometry, pretrained
from ram_tf.pictures import paths as viz
from ram_tf_data.canvas import Canvas, compose
from ram_tf_data.shrink import shrink

pytestmark = pytest.mark.slow


def test_examples_are_canvases_of_scikit_learn_s_digits(scenes, digits):
    test = shrink(digits.test)
    empty = np.concatenate([test.image, np.zeros_like(test.image[:1])])
    corner = [scene.corner for scene in scenes]
    labels = [scene.label for scene in scenes]
    assert labels == 2 * list(range(10))
    index = [
        np.nonzero(test.label == label)[0][i // 10]
        for i, label in enumerate(labels)
    ]
    seed = pretrained.record("cluttered")["config"]["seed"]
    canvases = compose(
        Canvas(60, clutter=4, clutter_size=8),
        tf.constant(empty),
        tf.constant(index, tf.int32),
        tf.constant([seed, 0]),
        tf.constant(corner),
    )
    np.testing.assert_array_equal(
        [scene.image() for scene in scenes], canvases[..., 0]
    )


def test_answers_are_those_of_litert_in_python(page, scenes, classify):
    for index, scene in enumerate(scenes):
        answer = web_page.take(page, index)
        image = scene.image()
        np.testing.assert_array_equal(answer["image"], image)
        np.testing.assert_array_equal(
            web_page.pixels(page, "#scene canvas"), image
        )
        web_page.check_answer(answer, classify(image))
        _check_shown(page, answer, scene.label)


def _check_shown(page, answer, label):
    """What stands on the page about an answer."""
    probabilities = np.array(answer["probabilities"])
    best = answer["class"]
    assert page.locator("#class").inner_text() == str(best)
    certainty = page.locator("#certainty").inner_text()
    assert certainty == f"{web_page.percent(probabilities[-1, best])} sure"
    right = "✓ right" if best == label else f"✗ it is a {label}"
    assert page.locator("#verdict").inner_text() == right
    time = page.locator("#time").inner_text()
    assert re.fullmatch(r"\d+\.\d\d ms", time)
    assert float(time.split()[0]) == pytest.approx(
        answer["milliseconds"], abs=0.006
    )
    cells = page.locator("#table td[style]").all_text_contents()
    assert cells == [web_page.percent(p) for p in probabilities.T.ravel()]


def test_views_are_the_retina_s(page):
    answer = web_page.take(page, 5)
    image = answer["image"][None, ..., None]
    sensor = GlimpseSensor(12, 3, "gather")
    locations = np.array(answer["locations"], np.float32)
    glimpses = 255 * sensor(image, locations).numpy()
    thumbnails = page.locator("#table canvas").count()
    assert thumbnails == len(glimpses) == 8
    for t, glimpse in enumerate(glimpses):
        page.locator("#table button").nth(t).click()
        views = [*np.moveaxis(glimpse, -1, 0), viz.foveate(glimpse, 3)[..., 0]]
        for i, view in enumerate(views):
            shown = web_page.pixels(
                page, f"#scales figure:nth-child({i + 1}) canvas"
            )
            np.testing.assert_allclose(shown, view, atol=0.501)
        shown = web_page.pixels(page, f"#table th:nth-child({t + 2}) canvas")
        np.testing.assert_allclose(shown, views[-1], atol=0.501)
        assert page.locator("output").inner_text() == f"glimpse {t + 1} of 8"
        _check_path(page, locations[: t + 1], image)


def _check_path(page, locations, image):
    """The fixations and windows that are drawn, against the library's."""
    sides = tf.constant(image.shape[1:3])
    dots = page.locator("#scene circle").evaluate_all(
        "dots => dots.map(d => [d.getAttribute('cy'), d.getAttribute('cx')])"
    )
    expected = geometry.to_pixels(tf.constant(locations), image, None).numpy()
    np.testing.assert_allclose(
        np.float32(dots), [*expected, expected[-1]], atol=1e-4
    )
    windows = page.locator("#scene rect").evaluate_all(
        """rects => rects.map(r => ["y", "x", "width"].map(
            name => Number(r.getAttribute(name))))"""
    )
    last = tf.constant(locations[-1])
    assert windows == [
        [*geometry.window_start(last, sides, w).numpy(), w]
        for w in (12, 24, 48)
    ]


def test_the_answer_is_said(page):
    answer = web_page.take(page, 6)
    said = page.locator("#said")
    assert said.get_attribute("aria-live") == "polite"
    sure = web_page.percent(max(answer["probabilities"][-1]))
    expected = (
        f"The model reads {answer['class']}, {sure} sure after 8 glimpses."
    )
    page.get_by_text(expected).wait_for(state="attached")
