"""Glimpse paths, drawn as the paper's figures do, without pyplot's state."""

import os
import tempfile
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ram_tf import geometry
from ram_tf.glimpse_sensor import GlimpseSensor
from ram_tf.validation import check_frames, check_labels, check_positive_int

_IMAGE, _VIEW, _BADGE, _TITLE, _GAP = 2.2, 1.75, 0.16, 0.3, 0.15  # Inches.
_LEADER = {"arrowstyle": "-", "color": "white"}
_NUMBER = {
    "fontsize": 7.5,
    "ha": "center",
    "va": "center",
    "annotation_clip": False,
    "arrowprops": _LEADER,
}
_HALO = [patheffects.withStroke(linewidth=2.6, foreground="black")]


def foveate(glimpse: np.ndarray, scales: int) -> np.ndarray:
    """Lays the windows of a glimpse over each other at their true scale.

    Args:
        glimpse: [g, g, S * C], finest window first, as GlimpseSensor gives it.
        scales: S.

    Returns:
        [W, W, C], W = g * 2^(S - 1); an odd g is centred to half a pixel.

    Raises:
        ValueError: On another shape, or scales below one.
    """
    check_positive_int("scales", scales)
    shape = np.shape(glimpse)
    if len(shape) != 3 or shape[0] != shape[1] or shape[2] % scales:
        raise ValueError(
            "`glimpse` must have shape [g, g, S * C] with S = `scales`. "
            f"Received: shape={shape}, scales={scales}"
        )
    *finer, picture = [
        window.repeat(2**scale, axis=0).repeat(2**scale, axis=1)
        for scale, window in enumerate(np.split(glimpse, scales, axis=-1))
    ]
    for window in reversed(finer):
        start = (len(picture) - len(window)) // 2
        picture[start:, start:][: len(window), : len(window)] = window
    return picture


def draw_paths(
    images: np.ndarray,
    outputs: Mapping[str, np.ndarray | tf.Tensor],
    sensor: GlimpseSensor,
    *,
    labels: Sequence[int] | np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    location_unit: float | None = None,
) -> Figure:
    """Draws where a model looked, what it saw there, and what it answered.

    One row an image: the image with the path (it starts at the white square),
    then what the retina saw, framed in the colours of the steps.

    Args:
        images: [n, H, W, C], uint8 in 0..255 or float in [0, 1]; C is 1 or 3.
        outputs: The model's "locations" [n, T, 2], "probabilities" [n, T, K].
        sensor: The model's, `model.cell.sensor`.
        labels: Right classes, [n] integers in [0, K).
        class_names: Names of the K classes; by default their numbers.
        location_unit: Pixels in a unit of location; None for half the canvas.

    Returns:
        A figure; its axes are, row by row, the image's and the T views'.

    Raises:
        ValueError: On shapes, dtypes or values other than these.
    """
    images, locations, answers = _arrays(images, outputs)
    names = range(answers.shape[-1]) if class_names is None else class_names
    _check_shape("class_names", names, [answers.shape[-1]])
    if labels is not None:
        _check_shape("labels", labels, [len(images)])
        check_labels(tf.convert_to_tensor(labels), len(names))
    offsets = geometry.to_offsets(locations, images, location_unit)
    points = geometry.to_pixels(locations, images, location_unit).numpy()
    glimpses = iter(sensor(images, tf.reshape(offsets, [-1, 2])).numpy())
    colours = colormaps["turbo"](np.linspace(0.2, 0.78, locations.shape[1]))
    figure, axes = _sheet(*locations.shape[:2])
    for row, (panel, *views) in enumerate(axes):
        _show(panel, images[row])
        _draw_path(panel, points[row], offsets[row], sensor.size, colours)
        for view, colour in zip(views, colours, strict=True):
            _show(view, foveate(next(glimpses), sensor.scales))
            view.spines[:].set(color=colour, linewidth=2.5)
        label = None if labels is None else labels[row]
        _write(panel, views, answers[row], label, names)
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes a PNG whole or not at all: under a name beside, then renamed."""
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        figure.savefig(os.path.join(beside, "figure.png"), dpi=figure.dpi)
        os.replace(os.path.join(beside, "figure.png"), path)


def to_image(figure: Figure) -> np.ndarray:
    """The figure's pixels, [h, w, 3] uint8, for `tf.summary.image`."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def _sheet(rows: int, steps: int) -> tuple[Figure, np.ndarray]:
    """A figure and its axes, [rows, 1 + steps]."""
    widths = [_IMAGE] + steps * [_VIEW]
    width = sum(widths) + (steps + 2) * _GAP
    height = rows * (_TITLE + _IMAGE + _GAP)
    figure = Figure((width, height), dpi=100)
    axes = figure.subplots(rows, 1 + steps, squeeze=False, width_ratios=widths)
    edges = _GAP / width, _GAP / height, 1 - _GAP / width, 1 - _TITLE / height
    gaps = _GAP / np.mean(widths), (_TITLE + _GAP) / _IMAGE
    figure.subplots_adjust(*edges, *gaps)
    return figure, axes


def _draw_path(axes: Axes, points, offsets, size: int, colours) -> None:
    """Fixations on an image: points and offsets are [T, 2], colours [T, 4]."""
    limits = axes.get_xlim(), axes.get_ylim()
    sides = np.array([limits[1][0], limits[0][1]])
    room = _BADGE / _IMAGE * max(sides)
    shown = np.clip(points, 0, sides)[:, ::-1]
    places = _spread(points, sides, room)[:, ::-1]
    for step, colour in enumerate(colours):
        line = {"color": colour, "path_effects": _HALO}
        y, x = map(geometry.window_start, offsets[step], sides, (size, size))
        axes.add_patch(Rectangle((x, y), size, size, fill=False, **line))
        axes.plot(*points[max(step - 1, 0) : step + 1, ::-1].T, **line)
        shape, fill = ("circle", colour) if step else ("square", "white")
        box = {"boxstyle": f"{shape},pad=.2", "fc": fill, "ec": colour, "lw": 2}
        axes.annotate(step + 1, shown[step], places[step], bbox=box, **_NUMBER)
    axes.scatter(*points.T[::-1], s=9, c=colours, label="fixations")
    axes.set(xlim=limits[0], ylim=limits[1])


def _spread(points: np.ndarray, sides: np.ndarray, room: float) -> np.ndarray:
    """Places [T, 2] for badges `room` pixels wide that do not overlap."""
    turns = np.arange(len(points)) * 2.4  # Tells equal points apart.
    places = points + 0.02 * room * np.stack([np.sin(turns), np.cos(turns)], 1)
    for _ in range(200):
        gaps = places[:, None] - places
        away = np.linalg.norm(gaps, axis=-1, keepdims=True) + 1e-6
        push = (gaps / away * np.maximum(room - away, 0)).sum(axis=1)
        places = np.clip(places + 0.3 * push, room / 2, sides - room / 2)
    return places


def _show(axes: Axes, picture: np.ndarray) -> None:
    extent = (0, picture.shape[1], picture.shape[0], 0)
    style = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    axes.imshow(picture, extent=extent, **style)
    axes.set(xticks=[], yticks=[], anchor="NW")


def _write(axes: Axes, views: list[Axes], answers, label, names) -> None:
    """The title over an image, and the captions under its views."""
    best = answers.argmax(-1)
    for step, view in enumerate(views):
        said = f"{names[best[step]]!s:.16} ({answers[step].max():.0%})"
        caption = f"step {step + 1}\n{said}"
        view.set_xlabel(caption, fontsize=9, parse_math=False)
    text, colour = f"predicted {said}", "#333333"
    if label is not None:
        text = f"label {names[label]!s:.16},  {text}"
        colour = "#1a7f37" if label == best[-1] else "#c62828"
    style = {"loc": "left", "size": 10, "weight": "bold", "parse_math": False}
    axes.set_title(text, color=colour, **style)


def _arrays(images, outputs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, locations and probabilities, checked."""
    images = np.asarray(images)
    images = np.float32(images / 255 if images.dtype == np.uint8 else images)
    check_frames(tf.convert_to_tensor(images))
    if images.shape[-1] not in (1, 3) or images.min() < 0 or images.max() > 1:
        raise ValueError(
            "Images must have 1 or 3 channels, and floats lie in [0, 1]. "
            f"Received: shape={images.shape}, values up to {images.max()}"
        )
    locations = np.asarray(outputs.get("locations"), np.float32)
    answers = np.asarray(outputs.get("probabilities"), np.float32)
    _check_shape("locations", locations, [len(images), None, 2])
    _check_shape("probabilities", answers, [*locations.shape[:2], None])
    return images, locations, answers


def _check_shape(name: str, value, shape: list[int | None]) -> None:
    """Raises ValueError unless the shape fits; None stands for any size."""
    if not tf.TensorShape(shape).is_compatible_with(np.shape(value)):
        raise ValueError(
            f"`{name}` must have shape {shape}. Received: {np.shape(value)}"
        )
