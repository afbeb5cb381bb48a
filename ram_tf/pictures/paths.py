"""Glimpse paths, drawn as the paper's figures do, without pyplot's state."""

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib import colormaps, patches
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ram_tf import files, geometry
from ram_tf.errors import UserError
from ram_tf.evaluation import sequences
from ram_tf.layers.glimpse_sensor import GlimpseSensor
from ram_tf.pictures.badges import HALO, draw_badges
from ram_tf.validation import (
    check_frames,
    check_labels,
    check_positive_int,
    check_shape,
)

# Inches.
_IMAGE, _VIEW, _BADGE, _TITLE, _GAP = 1.9, 1.15, 0.19, 0.32, 0.12
_LETTER, _CAPTION = 0.09, 0.5  # Inches, of a caption.
_SIZES = {"numbers": 9.0, "captions": 11.0, "titles": 12.0}  # Points.
_SHOWN_SCALES = 4  # Of a retina with more.


def foveate(glimpse: np.ndarray, scales: int) -> np.ndarray:
    """Lays the windows of a glimpse over each other at their true scale.

    Args:
        glimpse: [g, g, S * C], finest window first, as GlimpseSensor gives it.
        scales: S.

    Returns:
        [W, W, C], W = g * 2^(S - 1); an odd g is centred to half a pixel.

    Raises:
        UserError: On another shape, or scales below one.
    """
    check_positive_int("scales", scales)
    shape = np.shape(glimpse)
    if len(shape) != 3 or shape[0] != shape[1] or shape[2] % scales:
        raise UserError(
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


def foveate_finest(glimpse: np.ndarray, scales: int) -> np.ndarray:
    """The same of the four finest windows: wider ones would dwarf these."""
    shown = min(scales, _SHOWN_SCALES)
    depth = glimpse.shape[-1] // scales * shown
    return foveate(glimpse[..., :depth], shown)


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

    One row an image: first the image with its path, from the white square on,
    then what the retina saw, framed in the looks' colours, of its four finest
    windows; the axes likewise.

    Args:
        images: [n, H, W, C], uint8 in 0..255 or float in [0, 1]; C is 1 or 3.
        outputs: The model's "locations" [n, T, 2], "probabilities" [n, T, K]
            and, where it stops by itself, "glimpses_used" [n], at which its
            row ends.
        sensor: The model's, `model.cell.sensor`.
        labels: Right classes, [n] integers in [0, K); or sequences [n, L] that
            the last class ends, with T / L glimpses a symbol.
        class_names: Names of the K classes; by default their numbers.
        location_unit: Pixels in a unit of location; None for half the canvas.

    Raises:
        UserError: On shapes, dtypes or values other than these.
    """
    images, locations, answers = check_outputs(images, outputs)
    names = check_names(class_names, labels, answers)
    offsets = geometry.to_offsets(locations, images, location_unit)
    points = geometry.to_pixels(locations, images, location_unit).numpy()
    glimpses = sensor(images, tf.reshape(offsets, [-1, 2])).numpy()
    glimpses = glimpses.reshape(*locations.shape[:2], *glimpses.shape[1:])
    used = _check_used(outputs.get("glimpses_used"), locations)
    colours = colormaps["turbo"](np.linspace(0.2, 0.78, locations.shape[1]))
    scales = sensor.scales_of(images.shape)
    # A place for "stopped" behind the longest path, if it was stopped.
    columns = min(used.max() + 1, locations.shape[1])
    longest = max(len(f"{shortened(name)} (100%)") for name in names)
    view = max(_VIEW, _LETTER * longest)
    figure, axes = _sheet(len(images), columns, view)
    for row, (panel, *views) in enumerate(axes):
        seen = slice(used[row])
        show(panel, images[row])
        _draw_path(
            panel, points[row, seen], offsets[row, seen], sensor.size, colours
        )
        for view, glimpse, colour in zip(
            views[seen], glimpses[row], colours, strict=False
        ):
            show(view, foveate_finest(glimpse, scales))
            view.spines[:].set(color=colour, linewidth=2.5)
        for view in views[used[row] :]:
            view.set_axis_off()
        label = None if labels is None else labels[row]
        write(
            panel,
            views[seen],
            answers[row, seen],
            label,
            names,
            _SIZES["captions"],
            _SIZES["titles"],
        )
        if used[row] < len(views):
            views[used[row]].text(0.0, 0.5, "stopped", va="center", size=11)
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes a PNG whole or not at all; makes its folder."""
    files.write_bytes(path, png(figure))


def png(figure: Figure) -> bytes:
    """The content of that PNG."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=figure.dpi)
    return content.getvalue()


def to_image(figure: Figure) -> np.ndarray:
    """The figure's pixels, [h, w, 3] uint8, for `tf.summary.image`."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def _sheet(rows: int, looks: int, view: float) -> tuple[Figure, np.ndarray]:
    """A figure and its axes, [rows, 1 + looks]; views of that width."""
    widths = [_IMAGE] + looks * [view]
    width = sum(widths) + (looks + 2) * _GAP
    # Wide views are as high as the image, and their captions lie below it.
    below = max(_GAP, min(view, _IMAGE) + _CAPTION - _IMAGE)
    height = rows * (_TITLE + _IMAGE + below)
    figure = Figure((width, height), dpi=120)
    axes = figure.subplots(rows, 1 + looks, squeeze=False, width_ratios=widths)
    edges = _GAP / width, below / height, 1 - _GAP / width, 1 - _TITLE / height
    gaps = _GAP / float(np.mean(widths)), (_TITLE + below) / _IMAGE
    figure.subplots_adjust(*edges, *gaps)
    return figure, axes


def _draw_path(axes: Axes, points, offsets, size: int, colours) -> None:
    """Fixations on an image: points and offsets are [T, 2], colours [T, 4]."""
    sides = np.array([axes.get_ylim()[0], axes.get_xlim()[1]])
    for step, colour in enumerate(colours[: len(points)]):
        ink = {"color": colour, "path_effects": HALO}
        y, x = map(geometry.window_start, offsets[step], sides, (size, size))
        axes.add_patch(patches.Rectangle((x, y), size, size, fill=False, **ink))
        axes.plot(*points[max(step - 1, 0) : step + 1, ::-1].T, **ink)
    room = _BADGE / _IMAGE * max(sides)
    clear = (room + size) / 2
    draw_badges(axes, points, colours, room, clear, _SIZES["numbers"])
    x, y = points.T[::-1]
    axes.scatter(x, y, s=9, c=colours[: len(points)], label="fixations")


def show(axes: Axes, image: np.ndarray) -> None:
    """Shows pixels [h, w, C] in [0, 1], without ticks."""
    box = (0, image.shape[1], image.shape[0], 0)
    axes.imshow(image, "gray", vmin=0, vmax=1, extent=box, interpolation="none")
    axes.set(xticks=[], yticks=[], anchor="NW", autoscale_on=False)


def write(
    axes: Axes,
    views: list[Axes],
    answers,
    label,
    names,
    captions: float = 9.0,
    titles: float = 10.0,
) -> None:
    """The title over an image, and the captions under its views.

    Args:
        axes: Of the image.
        views: Of the looks.
        answers: Probabilities, [T, K].
        label: What is right; None if that is not known.
        names: Of the K classes.
        captions: Size of their type, in points.
        titles: Likewise.
    """
    best = answers.argmax(-1)
    for step, view in enumerate(views):
        name = shortened(names[best[step]])
        said = f"{name} ({answers[step].max():.0%})"
        caption = f"look {step + 1}\n{said}"
        view.set_xlabel(caption, size=captions, parse_math=False)
    text, colour = _title(best, said, label, names)
    axes.set_title(
        text,
        loc="left",
        color=colour,
        size=titles,
        weight="bold",
        parse_math=False,
    )


def shortened(name) -> str:
    """A class's name, as long as there is room for in a picture."""
    return f"{name!s:.16}".rstrip(" ,")


def _title(best, said: str, label, names) -> tuple[str, str]:
    """Text and colour, for the classes [T] that were best."""
    if label is None:
        return f"predicted {said}", "#333333"
    if np.ndim(label):
        read = sequences.read(best[None], len(label))[0]
        right, said = (_joined(np.asarray(s), names) for s in (label, read))
        is_right = right == said
    else:
        right, is_right = shortened(names[label]), label == best[-1]
    colour = "#1a7f37" if is_right else "#c62828"
    return f"label {right},  predicted {said}", colour


def _joined(symbols: np.ndarray, names) -> str:
    """The symbols [L] before the end."""
    length = sequences.lengths(symbols[None], len(names) - 1)[0]
    return "".join(str(names[symbol]) for symbol in symbols[:length])


def check_outputs(
    images: np.ndarray, outputs: Mapping[str, Any], rank: int = 4
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Checks what is to be drawn, with an answer for each frame of a video.

    Args:
        images: [n, H, W, C], or of rank 5 [n, T, H, W, C].
        outputs: "locations" [n, T, 2] and "probabilities" [n, T, K].
        rank: Of images.

    Returns:
        Images as floats in [0, 1], locations, probabilities.

    Raises:
        UserError: On other shapes, dtypes or values.
    """
    images = np.asarray(images)
    images = images / 255 if images.dtype == np.uint8 else images
    images = images.astype(np.float32)
    check_frames(tf.convert_to_tensor(images), (rank,))
    if images.shape[-1] not in (1, 3) or images.min() < 0 or images.max() > 1:
        raise UserError(
            "Images must have 1 or 3 channels, and floats lie in [0, 1]. "
            f"Received: {images.shape}, from {images.min()} to {images.max()}"
        )
    locations = np.asarray(outputs.get("locations"), np.float32)
    answers = np.asarray(outputs.get("probabilities"), np.float32)
    steps = images.shape[1] if rank == 5 else None
    check_shape("locations", locations, [len(images), steps, 2])
    check_shape("probabilities", answers, [*locations.shape[:2], None])
    return images, locations, answers


def _check_used(used, locations: np.ndarray) -> np.ndarray:
    """Glimpses [n] in 1..T; by default T."""
    count, steps = locations.shape[:2]
    if used is None:
        return np.full(count, steps)
    check_shape("glimpses_used", used, [count])
    used = np.asarray(used)
    if used.min() < 1 or used.max() > steps:
        raise UserError(
            f"`glimpses_used` must lie in 1..{steps}. Received: {used.tolist()}"
        )
    return used


def check_names(
    class_names: Sequence[str] | None, labels, answers: np.ndarray
) -> Sequence:
    """Names of the K classes, by default their numbers.

    Raises:
        UserError: Unless names and labels, if any, fit answers [n, T, K].
    """
    names = range(answers.shape[-1]) if class_names is None else class_names
    check_shape("class_names", names, [answers.shape[-1]])
    if labels is not None:
        shape = [len(answers), None][: max(1, np.ndim(labels))]
        check_shape("labels", labels, shape)
        check_labels(tf.convert_to_tensor(labels), len(names))
    return names
