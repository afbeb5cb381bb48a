"""A real browser on a page that is served here; other hosts are blocked."""

import contextlib
import pathlib
import threading
import urllib.parse
from collections.abc import Iterator

from playwright.sync_api import BrowserContext, Page, sync_playwright

CHROMIUM = pathlib.Path("/usr/bin/chromium")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_WAIT_MS = 60_000  # Where a training has the machine's cores.


@contextlib.contextmanager
def running() -> Iterator:
    """Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=_FLAGS
        )
        with browser:
            yield browser


@contextlib.contextmanager
def serving(server) -> Iterator[str]:
    """Answers in the background; yields the host."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "{}:{}".format(*server.server_address)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def visiting(browser, host: str, script: str = "", **options) -> Iterator[Page]:
    """A page of a new visitor; other hosts are refused, and none was asked.

    Args:
        browser: A running one.
        host: The one that may be asked, with its port.
        script: Run in the page before its own.
        **options: Of the visitor: viewport, colour scheme and the like.
    """
    asked = []

    def route(route):
        url = route.request.url
        if urllib.parse.urlsplit(url).netloc == host:
            route.continue_()
        else:
            asked.append(url)
            route.abort()

    context: BrowserContext = browser.new_context(
        base_url=f"http://{host}", **options
    )
    context.set_default_timeout(_WAIT_MS)
    context.route("**/*", route)
    context.add_init_script(script)
    with context:
        yield context.new_page()
    assert not asked, f"Other hosts were asked: {asked}"


def drag(page: Page, selector: str, points: list[tuple[float, float]]) -> None:
    """Moves the mouse, pressed, along points (x, y) in parts of an element."""
    element = page.locator(selector)
    element.scroll_into_view_if_needed()
    box = element.bounding_box()

    def move(x, y):
        x, y = box["x"] + x * box["width"], box["y"] + y * box["height"]
        page.mouse.move(x, y, steps=8)

    move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        move(*point)
    page.mouse.up()
