"""The browser page itself: motion, sizes, colours, errors, other hosts.

WEB_SCREENSHOTS=docs writes the README's pictures there.
"""

import contextlib
import json
import os
import pathlib
import re

import browser
import numpy as np
import pytest
import web_page
from PIL import Image
from playwright.sync_api import Error

pytestmark = pytest.mark.slow
SCREENSHOT_BYTES = 400_000


def test_playing(chromium, host):
    with web_page.visiting(chromium, host) as page:
        output = page.locator("output")
        # It starts by itself where motion is welcome.
        page.get_by_label("Pause").click()
        stopped = output.inner_text()
        page.wait_for_timeout(900)
        assert output.inner_text() == stopped != "glimpse 8 of 8"
        page.get_by_label("Play").click()
        page.get_by_text("glimpse 3 of 8").wait_for()
        page.get_by_text("glimpse 8 of 8").wait_for()
        page.get_by_label("Play", exact=True).wait_for()


def test_reduced_motion(page):
    web_page.take(page, 3)
    assert page.locator("output").inner_text() == "glimpse 8 of 8"
    page.get_by_label("Play").click()
    page.get_by_text("glimpse 2 of 8").wait_for()
    # The eye never shows on its way: it stands on the last dot.
    ends = page.locator("#scene circle").evaluate_all(
        "dots => dots.slice(-2).map(d => d.getAttribute('cx'))"
    )
    assert ends[0] == ends[1]


def test_phone(chromium, host, tmp_path):
    options = {**web_page.PHONE, "reduced_motion": "reduce"}
    with web_page.visiting(chromium, host, **options) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        pad = page.locator("#pad")
        pad.scroll_into_view_if_needed()
        answer = web_page.answers(page, pad.tap)
        assert answer["image"].any()
        # Far down the page, the answer is still in sight.
        assert page.evaluate("scrollY") > 200
        assert page.locator("#class").bounding_box()["y"] >= 0
        sizes = page.locator("button:not([tabindex])").evaluate_all(
            "all => all.map(b => b.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 40
        web_page.take(page, 5)
        page.evaluate("scrollTo(0, 0)")
        _screenshot(page, tmp_path, "web_phone.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system(chromium, host, tmp_path, scheme):
    options = {"viewport": {"width": 1200, "height": 1120}}
    options |= {"color_scheme": scheme, "reduced_motion": "reduce"}
    with web_page.visiting(chromium, host, **options) as page:
        background = page.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        dark = np.mean([int(n) for n in re.findall(r"\d+", background)]) < 128
        assert dark == (scheme == "dark")
        web_page.take(page, 5)
        if scheme == "light":
            answer = web_page.answers(page, lambda: web_page.draw(page, 4))
            assert answer["class"] == 4
            _screenshot(page, tmp_path, "web.png")


def _screenshot(page, tmp_path, name):
    """For the README, where that is asked for."""
    page.evaluate("document.activeElement.blur()")
    path = pathlib.Path(os.environ.get("WEB_SCREENSHOTS", tmp_path), name)
    page.screenshot(path=path)
    assert path.stat().st_size < SCREENSHOT_BYTES
    assert np.ptp(np.asarray(Image.open(path))) > 200


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("model.tflite", "model.tflite could not be loaded (404"),
        ("model.json", "model.json could not be loaded (404"),
        ("scenes.json", "scenes.json could not be loaded (404"),
        ("litert/core.js", "core.js"),
        ("litert/wasm/litert_wasm_internal.js", "LiteRT.js could not be"),
    ],
)
def test_what_is_missing_is_said(chromium, host, missing, said):
    with browser.visiting(chromium, host) as page:
        page.route(
            f"**/{missing}",
            lambda route: route.fulfill(status=404, body="not found"),
        )
        page.goto("/")
        status = page.get_by_role("alert")
        status.wait_for()
        assert said in status.inner_text()
        assert "make web" in status.inner_text()
        assert not page.locator("main").is_visible()


@pytest.mark.parametrize("damage", ["a bit", "the end", "the digest"])
def test_a_model_of_another_record_is_refused(
    chromium, host, built_page, damage
):
    """Three flipped bits once made another answer, without a word."""
    model = bytearray((built_page / "model.tflite").read_bytes())
    about = json.loads((built_page / "model.json").read_text())
    if damage == "a bit":
        model[len(model) // 2] ^= 1
    elif damage == "the end":
        model = model[:-16]
        about.pop("sha256")
    else:
        about["sha256"] = "0" * 64
    with browser.visiting(chromium, host) as page:
        page.route(
            "**/model.tflite", lambda route: route.fulfill(body=bytes(model))
        )
        page.route("**/model.json", lambda route: route.fulfill(json=about))
        page.goto("/")
        status = page.get_by_role("alert")
        status.wait_for()
        assert "model.tflite is not the file that" in status.inner_text()
        assert "make web" in status.inner_text()
        assert not page.locator("main").is_visible()


def test_no_other_host_can_be_asked(page):
    refused = page.evaluate(
        """() => new Promise(resolve => {
            document.addEventListener("securitypolicyviolation",
                event => resolve(event.blockedURI));
            fetch("http://example.org/").catch(() => {});
        })"""
    )
    assert refused == "http://example.org/"


def test_asking_another_host_is_seen(chromium, host):
    with (
        pytest.raises(AssertionError, match=r"example\.org"),
        browser.visiting(chromium, host) as page,
        contextlib.suppress(Error),
    ):
        page.goto("http://example.org/")
