"""What the browser page shows, read off it, and what it was built with."""

import base64
import contextlib
import json
import math
import pathlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import browser
import numpy as np
from PIL import Image
from playwright.sync_api import Page

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
_CIRCLE = [
    (0.5 + 0.25 * np.sin(a), 0.5 - 0.4 * np.cos(a)) for a in np.r_[0:6.3:0.3]
]
# Strokes of digits on the pad: (x, y) of their corners.
DRAWN = {
    0: [_CIRCLE],
    1: [[(0.5, 0.1), (0.5, 0.9)]],
    4: [[(0.35, 0.15), (0.3, 0.5), (0.7, 0.5)], [(0.65, 0.15), (0.62, 0.9)]],
    7: [[(0.25, 0.15), (0.72, 0.15), (0.55, 0.5), (0.45, 0.9)]],
}
# Bytes as text: a million numbers would take their time.
_TEXT = """bytes => btoa(
    Array.from(bytes, byte => String.fromCharCode(byte)).join(""))"""
# Keeps what the page tells of its answers.
_LISTEN = """
    globalThis.answers = [];
    document.addEventListener("answer", ({detail}) => answers.push(detail));
"""
_LAST = f"""() => {{
    const {{image, ...told}} = answers.at(-1);
    return {{...told, image: ({_TEXT})(image)}};
}}"""


@contextlib.contextmanager
def visiting(chromium, host: str, path: str = "/", **options) -> Iterator[Page]:
    """The page at its first answer, with what `answers` needs."""
    with browser.visiting(chromium, host, _LISTEN, **options) as page:
        answers(page, lambda: page.goto(path))
        yield page


def answers(page: Page, act) -> dict[str, Any]:
    """What the page answers last, once it has answered something after act."""
    page.evaluate("answers.length = 0")
    act()
    page.locator("body.ready").wait_for()
    # Chromium's own wait needs eval, which the page forbids.
    page.evaluate("""async () => {
        while (!answers.length) await new Promise(requestAnimationFrame);
    }""")
    page.wait_for_timeout(150)
    last = page.evaluate(_LAST)
    return {**last, "image": _square(last["image"])}


def take(page: Page, index: int) -> dict[str, Any]:
    """Takes an example; returns the answer."""
    radio = page.locator("#examples input").nth(index)
    return answers(page, radio.click)


def draw(page: Page, digit: int, size: float = 1.0) -> None:
    """Draws one of `DRAWN` on the pad, as large as a part of it."""
    for stroke in DRAWN[digit]:
        browser.drag(page, "#pad", [(x * size, y * size) for x, y in stroke])


def pixels(page: Page, selector: str, channels: int = 1) -> np.ndarray:
    """What a canvas shows: grey values [H, W], or colours [H, W, 3]."""
    found = page.locator(selector).evaluate(
        f"""canvas => {{
            const {{data, width, height}} = canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height);
            return [width, height, ({_TEXT})(data)];
        }}"""
    )
    width, height, data = found
    colours = np.frombuffer(base64.b64decode(data), np.uint8)
    colours = colours.reshape(height, width, 4)
    assert (colours[..., 3] == 255).all()
    if channels == 3:
        return colours[..., :3]
    assert (colours[..., :3] == colours[..., :1]).all()
    return colours[..., 0]


def check_answer(answer: dict[str, Any], expected) -> None:
    """Compares the page's answer with that of LiteRT in Python.

    Both run the same kernels on the same bytes, but WASM adds float32 numbers
    in another order: 3e-7 was seen.
    """
    assert answer["class"] == expected["class"]
    by_glimpse = expected["probabilities_by_glimpse"]
    np.testing.assert_allclose(answer["probabilities"], by_glimpse, atol=1e-5)
    np.testing.assert_allclose(
        answer["locations"], expected["locations"], atol=1e-5
    )


def percent(probability: float) -> str:
    """As the page writes it: halves are rounded up."""
    return f"{int(np.floor(100 * probability + 0.5))}%"


class HiddenScene(NamedTuple):
    """A sign in a photograph that the page was built with."""

    label: int
    size: int
    corner: list[int]
    sign: np.ndarray
    background: np.ndarray


def read_hidden(built: pathlib.Path) -> list[HiddenScene]:
    """What scenes.json and the pictures beside it hold."""
    about = json.loads((built / "scenes.json").read_text())
    return [
        HiddenScene(
            scene["label"],
            scene["size"],
            scene["corner"],
            _square(scene["sign"]),
            np.asarray(Image.open(built / scene["background"])),
        )
        for scene in about["scenes"]
    ]


class BuiltScene(NamedTuple):
    """A scene that the page was built with."""

    label: int
    corner: list[int]
    digit: np.ndarray
    clutter: np.ndarray

    def image(self, corner=None) -> np.ndarray:
        """Its layers in one, with the digit where it is said to be."""
        row, column = self.corner if corner is None else corner
        total = self.clutter.astype(int)
        height, width = self.digit.shape
        total[row : row + height, column : column + width] += self.digit
        return np.minimum(total, 255).astype(np.uint8)


def read_scenes(built: pathlib.Path) -> list[BuiltScene]:
    """What scenes.json holds."""
    about = json.loads((built / "scenes.json").read_text())
    side = json.loads((built / "model.json").read_text())["signatures"][
        "classify"
    ]["inputs"]["image"]["shape"][1]
    return [
        BuiltScene(
            scene["label"],
            scene["corner"],
            _square(scene["digit"]),
            _clutter(scene, side),
        )
        for scene in about["scenes"]
    ]


def _clutter(scene: dict[str, Any], side: int) -> np.ndarray:
    """As it is, or of patches."""
    if "clutter" in scene:
        return _square(scene["clutter"])
    corners = scene["patch_corners"]
    patches = np.frombuffer(base64.b64decode(scene["patches"]), np.uint8)
    total = np.zeros([side, side], int)
    size = round((len(patches) / len(corners)) ** 0.5)
    patches = patches.reshape(-1, size, size)
    for patch, (row, column) in zip(patches, corners, strict=True):
        total[row : row + size, column : column + size] += patch
    return np.minimum(total, 255).astype(np.uint8)


def _square(text: str) -> np.ndarray:
    """[h, h], or [h, h, 3] of so many bytes: three squares are none."""
    pixels = np.frombuffer(base64.b64decode(text), np.uint8)
    side = math.isqrt(len(pixels))
    if side**2 == len(pixels):
        return pixels.reshape(side, side)
    side = math.isqrt(len(pixels) // 3)
    return pixels.reshape(side, side, 3)
