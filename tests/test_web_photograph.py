"""The browser page's photograph: what it composes, shows and answers.

The model was never trained: it answers as LiteRT does.
"""

import base64
import json

import browser
import numpy as np
import pytest
import tensorflow as tf
import web_page
from ai_edge_litert.interpreter import Interpreter

from ram_tf import GlimpseSensor
from ram_tf_data import gtsrb
from ram_tf_data.hidden_signs import Drawn, HiddenSign, Scenery, paint
from ram_tf_web import web_server

pytestmark = pytest.mark.slow
SIDE, LOOKS, SHOWN = 512, 8, 3
QUIET = {"reduced_motion": "reduce"}
ADDRESS = "/?photograph"


@pytest.fixture(scope="module")
def photograph_host(built_photograph_page):
    server = web_server.make_server(built_photograph_page, 0)
    with browser.serving(server) as host:
        yield host


@pytest.fixture(scope="module")
def chromium(built_photograph_page):
    with browser.running() as running:
        yield running


@pytest.fixture
def page(chromium, photograph_host):
    with web_page.visiting(chromium, photograph_host, ADDRESS, **QUIET) as page:
        yield page


@pytest.fixture(scope="module")
def scenes(built_photograph_page):
    return web_page.read_hidden(built_photograph_page / "photograph")


@pytest.fixture(scope="module")
def classify(built_photograph_page):
    model = built_photograph_page / "photograph" / "model.tflite"
    run = Interpreter(str(model)).get_signature_runner("classify")

    def answer(image):
        outputs = run(image=image[None])
        return {name: value[0] for name, value in outputs.items()}

    return answer


def _painted(background, sign, sizes, corners):
    """By `paint`: one sign at several sizes and corners, [n, side, side, 3]."""
    count = len(sizes)
    drawn = Drawn(
        index=tf.zeros([count], tf.int32),
        corner=tf.zeros([count, 2], tf.int32),
        mirrored=tf.zeros([count], tf.bool),
        piece=tf.zeros([count, 0], tf.int32),
        size=tf.constant(sizes, tf.int32)[:, None],
        place=tf.constant(corners, tf.int32)[:, None],
    )
    return _paint(tf.constant(background), tf.constant(sign[None]), drawn)


@tf.function(jit_compile=True, autograph=False)
def _paint(background, signs, drawn):
    side = background.shape[0]
    pieces = tf.zeros([1, 32, 32, 3], tf.uint8)
    scenery = Scenery(background, tf.constant([[0, side, side]]), pieces)
    return paint(HiddenSign(side, 0), scenery, signs, drawn)


def _scene(scene, corner=None):
    """A scene as it was built, or with its sign elsewhere."""
    corner = scene.corner if corner is None else corner
    made = _painted(scene.background, scene.sign, [scene.size], [corner])
    return made[0].numpy()


def _composed(page, background, sign, sizes, corners):
    """By the page."""
    text = page.evaluate(
        """async ([background, sign, sizes, corners]) => {
            const {Square} = await import("./composition.js");
            const {HiddenSign} = await import("./hidden_sign.js");
            const {bytes} = await import("./examples.js");
            const square = text => {
                const pixels = bytes(text);
                return new Square(Math.sqrt(pixels.length / 3), pixels);
            };
            const made = sizes.map((size, i) => new HiddenSign(
                square(sign), size, corners[i], square(background)).image());
            return made.map(image => btoa(Array.from(
                image, byte => String.fromCharCode(byte)).join("")));
        }""",
        [*map(_text, (background, sign)), sizes, corners],
    )
    made = [np.frombuffer(base64.b64decode(part), np.uint8) for part in text]
    return np.reshape(made, [len(sizes), *background.shape])


def _text(pixels):
    return base64.b64encode(pixels.tobytes()).decode()


def _grounds():
    """A photograph [90, 90, 3] and a sign, of several kinds."""
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, [90, 90, 3], np.uint8)
    sign = rng.integers(0, 256, [32, 32, 3], np.uint8)
    return {
        "noise": (noise, sign),
        "a dark sign": (noise, sign // 40),
        "a black sign": (noise, sign * np.uint8(0)),
        "a bright photograph": (noise // 8 + np.uint8(224), sign // 2),
        "a dark photograph": (noise // 20, sign // 2 + np.uint8(128)),
    }


@pytest.mark.parametrize("kind", _grounds())
def test_the_page_composes_as_paint_does(page, kind):
    """At all edges, and sizes that are odd, even, the least and the most."""
    background, sign = _grounds()[kind]
    rng = np.random.default_rng(6)
    sizes, corners = [], []
    for size in (24, 25, 31, 32, 33, 47, 63, 64):
        last = 90 - size
        places = [[0, 0], [0, last], [last, 0], [last, last]]
        places += rng.integers(0, last + 1, [3, 2]).tolist()
        sizes += [size] * len(places)
        corners += places
    expected = _painted(background, sign, sizes, corners)
    assert (expected.numpy() != background).any((1, 2, 3)).all()
    found = _composed(page, background, sign, sizes, corners)
    np.testing.assert_array_equal(found, expected)


def test_examples_and_answers(page, scenes, classify):
    assert page.locator("#canvas-size").inner_text() == f"{SIDE}×{SIDE}"
    assert len(scenes) == page.locator("#examples input").count() == 6
    for index in (1, 4):
        scene, answer = scenes[index], web_page.take(page, index)
        image = _scene(scene)
        np.testing.assert_array_equal(answer["image"], image)
        shown = web_page.pixels(page, "#scene canvas", 3)
        np.testing.assert_array_equal(shown, image)
        web_page.check_answer(answer, classify(image))
        _check_said(page, answer, scene.label)
        _check_table(page, answer)


def _check_said(page, answer, label):
    """Names, not numbers."""
    best = gtsrb.NAMES[answer["class"]]
    assert page.locator("#class").inner_text() == best
    right = answer["class"] == label
    verdict = "✓ right" if right else f"✗ it is “{gtsrb.NAMES[label]}”"
    assert page.locator("#verdict").inner_text() == verdict
    sure = web_page.percent(max(answer["probabilities"][-1]))
    expected = f"The model sees {best}, {sure} sure after {LOOKS} glimpses."
    page.get_by_text(expected).wait_for(state="attached")


def _check_table(page, answer):
    """It has the ten classes that were thought of most, likeliest first."""
    probabilities = np.array(answer["probabilities"])
    rows = page.locator("#table tbody th").all_text_contents()
    classes = [gtsrb.NAMES.index(name) for name in rows]
    most, last = probabilities.max(0), probabilities[-1]
    assert sorted(most[classes]) == sorted(most)[-10:]
    assert (np.diff(last[classes]) <= 0).all()
    assert classes[0] == answer["class"]
    cells = page.locator("#table td[style]").all_text_contents()
    shown = probabilities.T[classes].ravel()
    assert cells == [web_page.percent(p) for p in shown]


def test_views_are_the_pyramid_s_in_colour(page):
    answer = web_page.take(page, 2)
    sensor = GlimpseSensor(12, SHOWN, "pyramid")
    locations = np.array(answer["locations"], np.float32)
    image = answer["image"][None]
    glimpses = 255 * sensor(image, locations).numpy()
    glimpses = glimpses.reshape(LOOKS, 12, 12, SHOWN, 3)
    assert page.locator("#table canvas").count() == LOOKS
    for t in (0, 3, 7):
        page.locator("#table button").nth(t).click()
        for scale in range(SHOWN):
            view = f"#scales figure:nth-child({scale + 1}) canvas"
            shown = web_page.pixels(page, view, 3)
            expected = glimpses[t, :, :, scale]
            np.testing.assert_allclose(shown, expected, atol=0.501)
        last = f"#scales figure:nth-child({SHOWN + 1}) canvas"
        together = web_page.pixels(page, last, 3)
        assert together.shape == (48, 48, 3)
        thumbnail = f"#table th:nth-child({t + 2}) canvas"
        shown = web_page.pixels(page, thumbnail, 3)
        np.testing.assert_array_equal(shown, together)
        # The finest window lies somewhere in it as it is.
        cut = np.lib.stride_tricks.sliding_window_view(together, [12, 12, 3])
        finest = glimpses[t, :, :, 0]
        apart = np.abs(cut[:, :, 0] - finest).max((2, 3, 4))
        assert apart.min() < 0.502


def test_the_sign_is_dragged(page, scenes, classify):
    web_page.take(page, 3)
    scene, frame = scenes[3], page.locator("#scene .thing")
    row, column = scene.corner
    grip = np.array([column, row]) + scene.size / 2
    by = np.where(grip < SIDE / 2, 101, -101)

    def drag(*points):
        return web_page.answers(
            page, lambda: browser.drag(page, "#scene", points)
        )

    answer = drag(tuple(grip / SIDE), tuple((grip + by) / SIDE))
    y, x = (float(frame.get_attribute(name)) for name in "yx")
    # A pixel of the photograph is less than one of the screen.
    assert np.abs([x - column, y - row] - by).max() <= 1
    expected = _scene(scene, [int(y), int(x)])
    np.testing.assert_array_equal(answer["image"], expected)
    web_page.check_answer(answer, classify(expected))
    # Beside the sign: its middle comes there; the edge holds it.
    answer = drag((0.98, 0.02))
    edge = [0, SIDE - scene.size]
    np.testing.assert_array_equal(answer["image"], _scene(scene, edge))
    page.locator("#scene").focus()
    for key, (down, right) in {
        "ArrowDown": (4, 0),
        "Shift+ArrowLeft": (0, -20),
        "ArrowUp": (-4, 0),
    }.items():
        edge = [edge[0] + down, edge[1] + right]
        answer = web_page.answers(
            page, lambda key=key: page.keyboard.press(key)
        )
        np.testing.assert_array_equal(answer["image"], _scene(scene, edge))


def test_only_what_makes_sense_is_shown(page):
    assert "traffic sign it is" in _said(page, "header")
    assert "Drag the sign," in _said(page, "#scene-help")
    for name in ("#pad", "#add", "#remove", "#clear"):
        assert page.locator(name).count() == 1
        assert not page.locator(name).is_visible()
    assert "digit" not in _said(page, "body").replace("image of digits", "")


def _said(page, selector):
    """What can be read there, in one line."""
    return " ".join(page.locator(selector).inner_text().split())


def test_whose_the_photographs_are(page, built_photograph_page):
    about = json.loads(
        (built_photograph_page / "photograph" / "scenes.json").read_text()
    )
    names = [credit["name"] for credit in about["photographs"]]
    assert len(names) == 4
    used = [scene["photograph"] for scene in about["scenes"]]
    assert set(used) == {0, 1, 2, 3}
    for index in (0, 3):
        web_page.take(page, index)
        said = _said(page, "#photograph")
        name = names[used[index]]
        credit = "© 2008, A. Photographer; 2010, Another, CC-BY-4.0"
        assert said == f"{name} {credit}"
        others = _said(page, "#others").split(" · ")
        assert [words.split(" ")[0] for words in others] == [
            names[other] for other in about["scenes"][index]["others"]
        ]
        assert name not in others
    link = page.locator("#photograph a").get_attribute("href")
    assert link == "photograph/licences/noise.txt"
    text = page.evaluate("async to => (await fetch(to)).text()", link)
    assert text.startswith("Format: https://www.debian.org")


def test_one_goes_there_and_back(chromium, photograph_host):
    with web_page.visiting(chromium, photograph_host, **QUIET) as page:
        link = page.locator("#other a")
        assert link.all_text_contents() == [
            "A photograph, 512×512: the eye finds the sign"
        ]

        def follow(to):
            link.click()
            page.wait_for_url(to)

        answer = web_page.answers(page, lambda: follow("**/?photograph"))
        assert answer["image"].shape == (SIDE, SIDE, 3)
        answer = web_page.answers(page, lambda: follow("**/"))
        assert answer["image"].shape == (60, 60)
        assert "of-signs" not in page.locator("body").get_attribute("class")
        assert not page.locator("#photograph").is_visible()


def test_links_to_all_other_images(chromium, photograph_host):
    with browser.visiting(chromium, photograph_host) as page:
        page.route(
            "**/images.json",
            lambda route: route.fulfill(
                json={"": 60, "large": 1024, "photograph": 512}
            ),
        )
        for address, expected in {
            "/": ["?large", "?photograph"],
            "/?photograph": [".", "?large"],
        }.items():
            page.goto(address)
            page.locator("body.ready").wait_for()
            links = page.locator("#other a").evaluate_all(
                "links => links.map(link => link.getAttribute('href'))"
            )
            assert links == expected


def test_a_missing_picture_is_said(chromium, photograph_host):
    with browser.visiting(chromium, photograph_host) as page:
        page.route(
            "**/photograph/2.png",
            lambda route: route.fulfill(status=404, body="not found"),
        )
        page.goto(ADDRESS)
        status = page.get_by_role("alert")
        status.wait_for()
        assert "2.png could not be loaded (404" in status.inner_text()


def test_phone(chromium, photograph_host):
    """The longest name of all fits, too."""
    options = {**web_page.PHONE, **QUIET}
    longest = max(gtsrb.NAMES, key=len)
    with web_page.visiting(
        chromium, photograph_host, ADDRESS, **options
    ) as page:
        page.evaluate(
            """name => {
                document.querySelector("#class").textContent = name;
                for (const head of document.querySelectorAll("tbody th"))
                    head.textContent = name;
            }""",
            longest,
        )
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        # Names are cut off nowhere, and looks are wide enough for a finger.
        overflow = page.locator("#class, tbody th").evaluate_all(
            "all => all.map(e => e.scrollWidth - e.clientWidth)"
        )
        assert max(overflow) <= 0
        heads = page.locator("#table thead button").evaluate_all(
            "all => all.map(b => b.getBoundingClientRect().width)"
        )
        assert len(heads) == LOOKS
        assert min(heads) >= 24
        answer = page.locator(".answer").bounding_box()
        assert answer["height"] < 160


def test_a_page_without_one(built_page):
    assert json.loads((built_page / "images.json").read_text()) == {"": 60}
    assert not (built_page / "photograph").exists()
