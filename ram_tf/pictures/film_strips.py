"""Glimpse paths over videos: each frame with the retina's windows on it."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from matplotlib import colormaps, patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ram_tf import geometry
from ram_tf.layers.glimpse_sensor import GlimpseSensor
from ram_tf.pictures import paths as viz
from ram_tf.pictures.badges import HALO

_PANEL, _WORDS = 1.3, 0.65  # Inches.


def draw_film_strips(
    videos: np.ndarray,
    outputs: Mapping[str, np.ndarray | tf.Tensor],
    sensor: GlimpseSensor,
    *,
    labels: Sequence[int] | np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    location_unit: float | None = None,
) -> Figure:
    """Draws where a model looked in each frame, what it saw, and its answers.

    Two rows a video: its frames, with the windows of all scales and the way
    from the fixation before; and below each what the retina saw of it.

    Args:
        videos: [n, T, H, W, C], uint8 in 0..255 or float in [0, 1]; C is 1 or
            3.
        outputs: The model's "locations" [n, T, 2], "probabilities" [n, T, K].
        sensor: The model's, `model.cell.sensor`.
        labels: Right classes, [n] integers in [0, K).
        class_names: Names of the K classes; by default their numbers.
        location_unit: Pixels in a unit of location; None for half the canvas.

    Raises:
        UserError: On shapes, dtypes or values other than these.
    """
    videos, locations, answers = viz.check_outputs(videos, outputs, rank=5)
    names = viz.check_names(class_names, labels, answers)
    offsets = geometry.to_offsets(locations, videos, location_unit)
    points = geometry.to_pixels(locations, videos, location_unit).numpy()
    frames = videos.reshape(-1, *videos.shape[2:])
    seen = iter(sensor(frames, tf.reshape(offsets, [-1, 2])).numpy())
    steps = locations.shape[1]
    scales = sensor.scales_of(videos.shape)
    colours = colormaps["turbo"](np.linspace(0.2, 0.78, steps))
    for_video = _sheet(len(videos), steps)
    for row, (panels, views) in enumerate(for_video):
        for step, (panel, view) in enumerate(zip(panels, views, strict=True)):
            viz.show(panel, videos[row, step])
            windows = _windows(offsets[row, step], videos.shape, sensor)
            _draw_look(panel, windows, colours[step])
            since = points[row, max(step - 1, 0) : step + 1]
            _draw_way(panel, since, colours[step])
            viz.show(view, viz.foveate_finest(next(seen), scales))
            view.spines[:].set(color=colours[step], linewidth=2)
        label = None if labels is None else labels[row]
        viz.write(panels[0], views, answers[row], label, names)
    return for_video[0, 0, 0].figure


def _sheet(videos: int, steps: int) -> np.ndarray:
    """Axes [videos, 2, steps] of a figure."""
    size = steps * _PANEL, videos * (2 * _PANEL + _WORDS)
    figure = Figure(size, dpi=120, layout="constrained")
    axes = figure.subplots(2 * videos, steps, squeeze=False)
    return axes.reshape(videos, 2, steps)


def _windows(offset, shape, sensor: GlimpseSensor) -> list[tuple]:
    """First pixel (y, x) and side of each window, finest first."""
    sides = tf.constant(shape[2:4])
    return [
        (*geometry.window_start(offset, sides, side).numpy(), side)
        for side in sensor.windows_of(shape)
    ]


def _draw_look(axes: Axes, windows, colour) -> None:
    for i, (y, x, side) in enumerate(windows):
        style = {"color": colour, "linewidth": 1.6 if i == 0 else 0.8}
        square = patches.Rectangle((x, y), side, side, fill=False, **style)
        axes.add_patch(square)


def _draw_way(axes: Axes, points: np.ndarray, colour) -> None:
    """From the fixation before, if there is one, to this: [1 or 2, 2]."""
    axes.plot(*points.T[::-1], color=colour, path_effects=HALO)
    x, y = points[-1:].T[::-1]
    axes.scatter(x, y, s=9, color=[colour], label="fixation")
