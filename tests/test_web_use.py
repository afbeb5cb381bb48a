"""What one does with the browser page, by mouse and by keys."""

import browser
import numpy as np
import pytest
import web_page

pytestmark = pytest.mark.slow


def test_the_digit_is_dragged(page, scenes, classify):
    scene = scenes[0]
    row, column = scene.corner
    grip = (column + 14.5) / 60, (row + 14.5) / 60

    def drag(right, down):
        to = grip[0] + right / 60, grip[1] + down / 60
        return web_page.answers(
            page, lambda: browser.drag(page, "#scene", [grip, to])
        )

    answer = drag(-5, -9)
    expected = scene.image([row - 9, column - 5])
    np.testing.assert_array_equal(answer["image"], expected)
    web_page.check_answer(answer, classify(answer["image"]))
    # Beside the digit: its middle comes there; the edge holds it.
    answer = web_page.answers(
        page, lambda: browser.drag(page, "#scene", [(0.99, 0.99)])
    )
    np.testing.assert_array_equal(answer["image"], scene.image([32, 32]))


def test_clutter(page, scenes, classify):
    before = scenes[0].image()
    for _ in range(12):
        answer = web_page.answers(page, page.locator("#add").click)
        (rows, columns) = np.nonzero(answer["image"] != before)
        assert (answer["image"] >= before).all()
        if len(rows):  # A patch may be dark, or over what is white.
            assert max(np.ptp(rows), np.ptp(columns)) < 8
        before = answer["image"].astype(int)
    first = scenes[0].image()
    assert (before != first).sum() > 50
    web_page.check_answer(answer, classify(answer["image"]))
    answer = web_page.answers(page, page.locator("#remove").click)
    bare = scenes[0]._replace(clutter=np.zeros([60, 60], np.uint8))
    np.testing.assert_array_equal(answer["image"], bare.image())


@pytest.mark.parametrize(
    ("digit", "size"), [(0, 1), (1, 0.5), (4, 1), (7, 0.6)]
)
def test_drawing(page, classify, digit, size):
    web_page.answers(page, page.locator("#remove").click)
    answer = web_page.answers(page, lambda: web_page.draw(page, digit, size))
    assert answer["class"] == digit
    assert page.locator("#verdict").inner_text() == ""
    assert page.locator("#examples :checked").count() == 0
    web_page.check_answer(answer, classify(answer["image"]))
    rows, columns = np.nonzero(answer["image"] > 127)
    # As MNIST has it, however large it was drawn: in a box of 20 pixels.
    assert 18 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
    answer = web_page.answers(page, page.locator("#clear").click)
    assert answer["image"].max() == 0
    assert page.locator("#pad *").count() == 0


def test_keyboard(page, scenes):
    row, column = scenes[0].corner
    page.keyboard.press("Tab")
    assert _focused(page) == "scene"
    assert (
        page.locator("#scene").evaluate("e => getComputedStyle(e).outlineStyle")
        == "solid"
    )
    for key, by in [
        ("ArrowUp", (-1, 0)),
        ("ArrowLeft", (0, -1)),
        ("ArrowDown", (1, 0)),
        ("Shift+ArrowUp", (-5, 0)),
        ("Shift+ArrowRight", (0, 5)),
    ]:
        row = min(32, max(0, row + by[0]))
        column = min(32, max(0, column + by[1]))
        answer = web_page.answers(
            page, lambda key=key: page.keyboard.press(key)
        )
        np.testing.assert_array_equal(
            answer["image"], scenes[0].image([row, column])
        )
    output = page.locator("output")
    page.keyboard.press("Tab")
    assert _focused(page) == "Play"
    page.keyboard.press("Tab")
    assert _focused(page) == "Glimpse"
    page.keyboard.press("ArrowLeft")
    assert output.inner_text() == "glimpse 7 of 8"
    page.keyboard.press("Home")
    assert output.inner_text() == "glimpse 1 of 8"
    for name in ("add", "remove"):
        page.keyboard.press("Tab")
        assert _focused(page) == name
    web_page.answers(page, lambda: page.keyboard.press("Enter"))
    page.keyboard.press("Tab")
    assert _focused(page) == "Example 1, a 0"
    answer = web_page.answers(page, lambda: page.keyboard.press("ArrowRight"))
    assert _focused(page) == "Example 2, a 1"
    scene = scenes[1]
    np.testing.assert_array_equal(answer["image"], scene.image())
    page.keyboard.press("Tab")
    assert _focused(page) == "clear"


def _focused(page):
    return page.evaluate(
        "document.activeElement.id || document.activeElement.ariaLabel"
    )
