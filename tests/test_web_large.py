"""The browser page's large image: what it shows and answers, what one does.

The model was never trained: it looks where ink is, and answers as LiteRT does.
"""

import re

import browser
import numpy as np
import pytest
import tensorflow as tf
import web_page
from ai_edge_litert.interpreter import Interpreter

from ram_tf import GlimpseSensor, geometry, pretrained
from ram_tf_web import web_build, web_server

pytestmark = pytest.mark.slow
SIDE, LOOKS, SHOWN = 1024, 4, 3
QUIET = {"reduced_motion": "reduce"}


@pytest.fixture(scope="module")
def large_host(built_large_page):
    with browser.serving(web_server.make_server(built_large_page, 0)) as host:
        yield host


@pytest.fixture(scope="module")
def chromium(built_large_page):
    with browser.running() as running:
        yield running


@pytest.fixture
def page(chromium, large_host):
    with web_page.visiting(chromium, large_host, "/?large", **QUIET) as page:
        yield page


@pytest.fixture(scope="module")
def scenes(built_large_page):
    return web_page.read_scenes(built_large_page / "large")


@pytest.fixture(scope="module")
def classify(built_large_page):
    model = built_large_page / "large" / "model.tflite"
    run = Interpreter(str(model)).get_signature_runner("classify")

    def answer(image):
        outputs = run(image=image[None, ..., None])
        return {name: value[0] for name, value in outputs.items()}

    return answer


def test_examples_and_answers(page, scenes, classify):
    assert [scene.label for scene in scenes] == list(range(10))
    assert page.locator("#canvas-size").inner_text() == "1024×1024"
    for index in (3, 8):
        answer = web_page.take(page, index)
        image = scenes[index].image()
        np.testing.assert_array_equal(answer["image"], image)
        web_page.check_answer(answer, classify(image))
        blocks = image.reshape(SIDE // 2, 2, SIDE // 2, 2)
        shown = web_page.pixels(page, "#scene canvas")
        np.testing.assert_array_equal(shown, blocks.max((1, 3)))
        # Of a large image the picture to choose it by is the digit.
        picture = f"#examples label:nth-child({index + 1}) canvas"
        digit = web_page.pixels(page, picture)
        np.testing.assert_array_equal(digit, scenes[index].digit)
        time = page.locator("#time").inner_text()
        assert re.fullmatch(r"\d+\.\d\d ms", time)


def test_windows_snap_as_the_pyramid_s(page):
    """Of fixations at pixels' middles, at their edges, and anywhere."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(-40, SIDE + 40, [600, 2]) + 0.5
    pixels[200:400] += 0.5
    pixels[400:] += rng.normal(0, 1, [200, 2])
    locations = np.float32(2 * pixels / SIDE - 1)
    found = page.evaluate(
        """async (locations) => {
            const {Retina} = await import("./retina.js");
            const facts = await (await fetch("large/model.json")).json();
            const retina = new Retina(facts);
            return locations.map(at => retina.windows.map(
                window => retina.start(at, window)));
        }""",
        locations.astype(float).tolist(),
    )
    images = tf.zeros([1, SIDE, SIDE, 1], tf.uint8)
    sensor = GlimpseSensor(12, None, "pyramid")
    places = sensor.places(images, tf.constant(locations)).numpy()
    assert places.shape[1] == 8
    starts = places[:, :, 0] - 0.5 * 2.0 ** np.arange(8)[:, None]
    np.testing.assert_array_equal(found, starts)


def test_views_are_the_pyramid_s(page):
    answer = web_page.take(page, 5)
    image = answer["image"][None, ..., None]
    sensor = GlimpseSensor(12, SHOWN, "pyramid")
    locations = np.array(answer["locations"], np.float32)
    glimpses = 255 * sensor(image, locations).numpy()
    places = sensor.places(tf.constant(image), locations).numpy()
    assert len(glimpses) == page.locator("#table canvas").count() == LOOKS
    assert page.locator("#scales canvas").count() == SHOWN + 1
    for t, glimpse in enumerate(glimpses):
        page.locator("#table button").nth(t).click()
        views = [*np.moveaxis(glimpse, -1, 0), _together(glimpse, places[t])]
        for i, view in enumerate(views):
            shown = web_page.pixels(
                page, f"#scales figure:nth-child({i + 1}) canvas"
            )
            np.testing.assert_allclose(shown, view, atol=0.501)
        _check_path(page, locations[: t + 1], image)


def _together(glimpse, places):
    """Windows [g, g, S] laid where they are, the finest above."""
    starts = places[:, 0] - 0.5 * 2.0 ** np.arange(SHOWN)[:, None]
    starts = (starts - starts[-1]).astype(int)
    whole = np.zeros([48, 48])
    for scale in reversed(range(SHOWN)):
        window = np.kron(glimpse[..., scale], np.ones([2**scale] * 2))
        row, column = starts[scale]
        whole[row:, column:][: len(window), : len(window)] = window
    return whole


def _check_path(page, locations, image):
    dots = page.locator("#scene circle").evaluate_all(
        "dots => dots.map(d => [d.getAttribute('cy'), d.getAttribute('cx')])"
    )
    expected = geometry.to_pixels(tf.constant(locations), image, None)
    # The last is the number's, beside the eye.
    np.testing.assert_allclose(np.float32(dots[:-1]), expected, atol=1e-3)
    assert page.locator("#scene .window").count() == 8
    assert np.abs(np.float32(dots[-1]) - expected[-1]).min() > 24


def test_a_digit_is_drawn_and_dropped(page, scenes, classify):
    web_page.answers(page, lambda: web_page.draw(page, 4))
    drop = (0.75, 0.25)
    answer = web_page.answers(
        page, lambda: browser.drag(page, "#scene", [drop])
    )
    web_page.check_answer(answer, classify(answer["image"]))
    digit = answer["image"].astype(int) - scenes[0].clutter
    rows, columns = np.nonzero(digit > 127)
    assert max(np.ptp(rows), np.ptp(columns)) < 28
    assert abs(columns.mean() - drop[0] * SIDE) < 5
    assert abs(rows.mean() - drop[1] * SIDE) < 5
    frame = page.locator("#scene .thing")
    before = float(frame.get_attribute("x"))
    answer = web_page.answers(page, lambda: page.keyboard.press("ArrowLeft"))
    assert float(frame.get_attribute("x")) == before - 8
    assert page.locator("#class").inner_text() == str(answer["class"])


def test_clutter(page, scenes, classify):
    before = scenes[0].image()
    answer = web_page.answers(page, page.locator("#add").click)
    assert (answer["image"] >= before).all()
    assert (answer["image"] > before).sum() > 400  # Of 64 patches.
    web_page.check_answer(answer, classify(answer["image"]))
    answer = web_page.answers(page, page.locator("#remove").click)
    bare = scenes[0]._replace(clutter=np.zeros([SIDE, SIDE], np.uint8))
    np.testing.assert_array_equal(answer["image"], bare.image())


def test_one_goes_there_and_back(chromium, large_host):
    with web_page.visiting(chromium, large_host, **QUIET) as page:
        link = page.locator("#other a")
        assert "1024×1024" in link.inner_text()

        def follow(to):
            link.click()
            page.wait_for_url(to)

        answer = web_page.answers(page, lambda: follow("**/?large"))
        assert answer["image"].shape == (SIDE, SIDE)
        answer = web_page.answers(page, lambda: follow("**/"))
        assert answer["image"].shape == (60, 60)


def test_phone(chromium, large_host):
    options = {**web_page.PHONE, **QUIET}
    with web_page.visiting(chromium, large_host, "/?large", **options) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.skipif(
    web_build.LARGE_MODEL not in pretrained.NAMES, reason="not released yet"
)
def test_the_released_eye_finds_a_drawn_digit(chromium, build_page):
    built = build_page()
    with (
        browser.serving(web_server.make_server(built, 0)) as host,
        web_page.visiting(chromium, host, "/?large", **QUIET) as page,
    ):
        web_page.answers(page, lambda: web_page.draw(page, 4))
        right = []
        for drop in [(0.2, 0.2), (0.8, 0.3), (0.3, 0.8)]:
            answer = web_page.answers(
                page, lambda drop=drop: browser.drag(page, "#scene", [drop])
            )
            right.append(answer["class"] == 4)
        assert sum(right) >= 2
