"""Where a model looked on large images, each of a size of its own."""

import io
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import PIL.Image
import tensorflow as tf
from matplotlib import colormaps, patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ram_tf import files, geometry
from ram_tf.layers.glimpse_sensor import GlimpseSensor
from ram_tf.pictures import paths

# Inches.
_IMAGE, _VIEW, _WORDS, _GAP = 4.6, 1.12, 0.42, 0.12
_COLUMNS = 4  # Of looks, beside an image.
_SHOWN_SCALES = 3  # Of a retina with more.
_DRAWN = 560  # Pixels along a side of what is drawn of an image.
_BADGE = 0.2  # Inches.
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
    used = [_used(one) for one in outputs]
    rows = max(-(-looks // _COLUMNS) for looks in used)
    height = max(_IMAGE + 0.3, rows * (_VIEW + _WORDS)) + _GAP
    width = _IMAGE + _COLUMNS * (_VIEW + _GAP) + 3 * _GAP
    figure = Figure((width, len(images) * height), dpi=120)
    for row, image in enumerate(images):
        block = _Block(figure, len(images) - 1 - row, height, width)
        label = None if labels is None else labels[row]
        one = {name: np.asarray(v)[None] for name, v in outputs[row].items()}
        eye = _Eye(sensor, location_unit, int(windows))
        _draw_one(block, image, one, used[row], eye, label, class_names)
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
    eye = _Eye(sensor, location_unit, _SHOWN_SCALES if windows else 0)
    one = {name: np.asarray(v)[None] for name, v in outputs.items()}
    frames = []
    for looks in range(1, _used(outputs) + 1):
        width = _IMAGE + _LARGE_VIEW + 3 * _GAP
        figure = Figure((width, _IMAGE + 0.6), dpi=100)
        block = _Block(figure, 0, _IMAGE + 0.6, width)
        _draw_one(block, image, one, looks, eye, None, class_names, True)
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


class _Eye(NamedTuple):
    """What looked, and how much of it is drawn on the image.

    Attributes:
        sensor: The model's.
        unit: Pixels in a unit of location; None for half the canvas.
        windows: Number of windows that are drawn of a look.
    """

    sensor: GlimpseSensor
    unit: float | None
    windows: int


class _Block:
    """The part of a figure that one image has."""

    def __init__(self, figure: Figure, above: int, height: float, width: float):
        self._figure = figure
        self._bottom = above * height
        self._height = height
        self._width = width

    def image(self) -> Axes:
        top = self._height - 0.3
        return self._axes(_GAP, top - _IMAGE, _IMAGE, _IMAGE)

    def large_look(self) -> Axes:
        top = self._height - 0.3
        left = _IMAGE + 2 * _GAP
        return self._axes(left, top - _LARGE_VIEW, _LARGE_VIEW, _LARGE_VIEW)

    def look(self, number: int) -> Axes:
        row, column = divmod(number, _COLUMNS)
        left = _IMAGE + 2 * _GAP + column * (_VIEW + _GAP)
        top = self._height - 0.3 - row * (_VIEW + _WORDS)
        return self._axes(left, top - _VIEW, _VIEW, _VIEW)

    def _axes(self, left, bottom, width, height) -> Axes:
        total = self._figure.get_figheight()
        box = (
            left / self._width,
            (self._bottom + bottom) / total,
            width / self._width,
            height / total,
        )
        return self._figure.add_axes(box)


def _draw_one(block, image, outputs, used, eye, label, names, only_last=False):
    labels = None if label is None else [label]
    images, locations, answers = paths.check_outputs(image[None], outputs)
    names = paths.check_names(names, labels, answers)
    looks = locations.shape[1]
    locations, answers = locations[:, :used], answers[0, :used]
    points = geometry.to_pixels(locations, images, eye.unit).numpy()[0]
    offsets = geometry.to_offsets(locations[0], images, eye.unit)
    offsets, whole = map(tf.convert_to_tensor, (offsets, images))
    glimpses = eye.sensor(whole, offsets).numpy()
    colours = colormaps["turbo"](np.linspace(0.1, 0.9, looks))[:used]
    panel = block.image()
    small = reduced(images[0])
    paths.show(panel, small)
    scale = np.array(small.shape[:2]) / images.shape[1:3]
    _draw_path(panel, points * scale, colours)
    shown_scales = min(_SHOWN_SCALES, eye.sensor.scales_of(images.shape))
    depth = shown_scales * images.shape[-1]
    views = []
    numbers = [used - 1] if only_last else range(used)
    if eye.windows:
        places = eye.sensor.places(whole, offsets).numpy()
        for number in numbers:
            starts = places[number, : eye.windows, 0]
            _draw_windows(panel, starts, eye, scale, colours[number])
    for number in numbers:
        view = block.large_look() if only_last else block.look(number)
        colour = colours[number]
        seen = paths.foveate(glimpses[number, ..., :depth], shown_scales)
        paths.show(view, seen)
        view.spines[:].set(color=colour, linewidth=2.5)
        views.append(view)
    shown = answers[-1:] if only_last else answers
    paths.write(panel, views, shown, label, names)
    if only_last:
        said = views[0].get_xlabel().partition("\n")[2]
        views[0].set_xlabel(f"look {used} of {looks}\n{said}", size=12)
    height, width = images.shape[1:3]
    words = f"{height} × {width} pixels"
    panel.set_title(words, loc="right", size=9, color="#555555")


def _draw_path(axes: Axes, points: np.ndarray, colours: np.ndarray) -> None:
    sides = np.array([axes.get_ylim()[0], axes.get_xlim()[1]])
    places = paths.spread(points, sides, _BADGE / _IMAGE * max(sides))
    for step, colour in enumerate(colours):
        way = points[max(step - 1, 0) : step + 1, ::-1].T
        axes.plot(*way, color=colour, path_effects=paths.HALO)
        axes.plot(
            *np.stack([points[step], places[step]])[:, ::-1].T,
            color="white",
            linewidth=0.8,
        )
    for step, colour in enumerate(colours):
        box = {"boxstyle": "circle,pad=.15", "fc": colour}
        if step == 0:
            box = {"boxstyle": "square,pad=.2", "fc": "white", "ec": colour}
        axes.text(*places[step, ::-1], step + 1, bbox=box, **paths.NUMBER)


def _draw_windows(axes: Axes, starts, eye, scale, colour) -> None:
    """Squares of a look's windows, whose first cells have centres [S, 2]."""
    for number, start in enumerate(starts):
        block = 2**number
        y, x = (start - block / 2) * scale
        height, width = eye.sensor.size * block * scale
        style = {"color": colour, "linewidth": 1.0 if number else 1.8}
        square = patches.Rectangle((x, y), width, height, fill=False, **style)
        axes.add_patch(square)


def reduced(image: np.ndarray) -> np.ndarray:
    """An image [H, W, C] of at most some 560 pixels a side, by maxima."""
    block = -(-max(image.shape[:2]) // _DRAWN)
    if block == 1:
        return image
    edges = [(0, -side % block) for side in image.shape[:2]]
    padded = np.pad(image, [*edges, (0, 0)])
    height, width, channels = padded.shape
    blocks = padded.reshape(
        height // block, block, width // block, block, channels
    )
    return blocks.max(axis=(1, 3))


def _used(outputs: Mapping[str, np.ndarray]) -> int:
    return int(outputs.get("glimpses_used", len(outputs["locations"])))
