"""Where a model looked on large images, each of a size of its own."""

import io
import os
from collections.abc import Mapping, Sequence

import numpy as np
import PIL.Image
from matplotlib import patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ram_tf import files
from ram_tf.layers.glimpse_sensor import GlimpseSensor
from ram_tf.pictures import paths
from ram_tf.pictures.badges import HALO, draw_badges
from ram_tf.pictures.seen import Eye, Seen, see

# Inches.
_IMAGE, _VIEW, _WORDS, _GAP = 4.6, 1.12, 0.42, 0.12
_TITLE, _SIZE = 0.3, 0.2  # Over an image, and under it.
_LETTER = 0.073  # Of a caption, about.
_COLUMNS = 4  # Of looks, beside an image.
_BADGE, _NUMBERS = 0.2, 8.0  # Inches; points of their type.
_LARGE_VIEW = 4.1  # Inches, in a film.
_LOOK_MS = 700


def draw_searches(
    images: Sequence[np.ndarray],
    outputs: Sequence[Mapping[str, np.ndarray]],
    sensor: GlimpseSensor,
    *,
    labels: Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
    location_unit: float | None = None,
    windows: bool = False,
) -> Figure:
    """Draws the whole image with its path, and what was seen at each look.

    An image is made small by taking the brightest pixel of each block, so that
    thin strokes do not fade. Beside it stand the looks in their order, of each
    the three finest windows: the middle is what the finest one shows.

    Args:
        images: n images [H, W, C], uint8 or float in [0, 1].
        outputs: Of each, "locations" [T, 2] in units, "probabilities" [T, K]
            and, where the model stops by itself, "glimpses_used".
        sensor: The model's.
        labels: Right classes, n integers.
        class_names: Names of the K classes; by default their numbers.
        location_unit: Pixels in a unit of location; None for half the canvas.
        windows: Whether the finest window of each look is drawn on the image.

    Raises:
        UserError: On shapes, dtypes or values other than these.
    """
    eye = Eye(sensor, location_unit, 1 if windows else 0)
    each = [see(*one, eye) for one in zip(images, outputs, strict=True)]
    rows = max(-(-seen.places // _COLUMNS) for seen in each)
    looks = _TITLE + rows * (_VIEW + _WORDS)
    height = max(_TITLE + _IMAGE + _SIZE, looks) + _GAP
    longest = max(map(len, map(paths.shortened, class_names or ["0"])))
    column = _GAP + max(_VIEW, _LETTER * (longest + len(" (100%)")))
    width = _IMAGE + _COLUMNS * column + 3 * _GAP
    figure = Figure((width, len(images) * height), dpi=120)
    for row, seen in enumerate(each):
        block = _Block(figure, len(images) - 1 - row, height, width, column)
        label = None if labels is None else labels[row]
        _draw_one(block, seen, label, class_names)
    return figure


def film(
    image: np.ndarray,
    outputs: Mapping[str, np.ndarray],
    sensor: GlimpseSensor,
    *,
    class_names: Sequence[str] | None = None,
    location_unit: float | None = None,
    windows: bool = False,
) -> list[np.ndarray]:
    """The eye crossing an image, a frame [h, w, 3] uint8 a look.

    Args:
        image: [H, W, C].
        outputs: Of it, as of `draw_searches`.
        sensor: The model's.
        class_names: Names of the K classes; by default their numbers.
        location_unit: Pixels in a unit of location; None for half the canvas.
        windows: Whether the windows of the look that is shown are drawn on the
            image.
    """
    shown = sensor.scales_of(np.shape(image[None])) if windows else 0
    seen = see(image, outputs, Eye(sensor, location_unit, shown))
    frames = []
    for look in range(1, seen.used + 1):
        width = _IMAGE + _LARGE_VIEW + 3 * _GAP
        height = _TITLE + _IMAGE + _SIZE + _GAP
        figure = Figure((width, height), dpi=100)
        block = _Block(figure, 0, height, width)
        _draw_one(block, seen, None, class_names, look)
        frames.append(paths.to_image(figure))
    return frames


def save_film(frames: Sequence[np.ndarray], path: str | os.PathLike) -> None:
    """Writes an animated GIF, whole or not at all; the last frame stays."""
    files.write_bytes(path, film_bytes(frames))


def film_bytes(frames: Sequence[np.ndarray]) -> bytes:
    """The content of that GIF."""
    first, *others = map(PIL.Image.fromarray, frames)
    content = io.BytesIO()
    first.save(
        content,
        format="GIF",
        save_all=True,
        append_images=others,
        duration=[_LOOK_MS] * len(others) + [5 * _LOOK_MS],
        loop=0,
    )
    return content.getvalue()


class _Block:
    """The part of a figure that one image has; sizes are in inches."""

    def __init__(
        self,
        figure: Figure,
        above: int,
        height: float,
        width: float,
        column: float = _VIEW + _GAP,
    ):
        self._figure = figure
        self._bottom = above * height
        self._height = height
        self._width = width
        self._column = column

    def image(self) -> Axes:
        top = self._height - _TITLE
        return self._axes(_GAP, top - _IMAGE, _IMAGE, _IMAGE)

    def large_look(self) -> Axes:
        top = self._height - _TITLE
        left = _IMAGE + 2 * _GAP
        return self._axes(left, top - _LARGE_VIEW, _LARGE_VIEW, _LARGE_VIEW)

    def look(self, number: int) -> Axes:
        return self._axes(*self._place(number))

    def note(self, number: int, text: str) -> None:
        """Words where a look would be."""
        left, bottom, _, height = self._box(*self._place(number))
        middle = bottom + height / 2
        self._figure.text(left, middle, text, va="center", size=10)

    def _place(self, number: int) -> tuple[float, ...]:
        row, column = divmod(number, _COLUMNS)
        beside = (self._column - _GAP - _VIEW) / 2  # Where captions are wider.
        left = _IMAGE + 2 * _GAP + column * self._column + beside
        top = self._height - _TITLE - row * (_VIEW + _WORDS)
        return left, top - _VIEW, _VIEW, _VIEW

    def _axes(self, left, bottom, width, height) -> Axes:
        return self._figure.add_axes(self._box(left, bottom, width, height))

    def _box(
        self, left, bottom, width, height
    ) -> tuple[float, float, float, float]:
        """The same in parts of the figure."""
        total = self._figure.get_figheight()
        return (
            left / self._width,
            (self._bottom + bottom) / total,
            width / self._width,
            height / total,
        )


def _draw_one(block: _Block, seen: Seen, label, names, only=None) -> None:
    """The image and its looks; or all until one look, and that look alone."""
    names = paths.check_names(
        names, None if label is None else [label], seen.answers[None]
    )
    count, looks = only or seen.used, len(seen.points)
    panel = block.image()
    paths.show(panel, seen.small)
    _draw_path(panel, seen.points[:count], seen.colours[:count])
    views = []
    for number in range(only - 1 if only else 0, count):
        view = block.large_look() if only else block.look(number)
        colour = seen.colours[number]
        _draw_windows(panel, seen.windows[number], colour)
        paths.show(view, seen.views[number])
        view.spines[:].set(color=colour, linewidth=2.5)
        views.append(view)
    shown = seen.answers[count - 1 : count] if only else seen.answers[:count]
    paths.write(panel, views, shown, label, names)
    stopped = count == seen.used < looks
    if only:
        said = views[0].get_xlabel().partition("\n")[2]
        words = f"look {count} of {looks}{', stopped' if stopped else ''}"
        views[0].set_xlabel(f"{words}\n{said}", size=12, parse_math=False)
    elif stopped:
        block.note(count, "stopped")
    words = "{} × {} pixels".format(*seen.size)
    panel.set_xlabel(words, loc="right", size=9, color="#555555")


def _draw_path(axes: Axes, points: np.ndarray, colours: np.ndarray) -> None:
    for step, colour in enumerate(colours):
        way = points[max(step - 1, 0) : step + 1, ::-1].T
        axes.plot(*way, color=colour, path_effects=HALO)
    room = _BADGE / _IMAGE * max(axes.get_ylim()[0], axes.get_xlim()[1])
    draw_badges(axes, points, colours, room, 1.2 * room, _NUMBERS)


def _draw_windows(axes: Axes, windows, colour) -> None:
    for number, (y, x, height, width) in enumerate(windows):
        style = {"color": colour, "linewidth": 1.0 if number else 1.8}
        style["path_effects"] = HALO
        square = patches.Rectangle((x, y), width, height, fill=False, **style)
        axes.add_patch(square)
