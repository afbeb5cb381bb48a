"""What an eye sees of an image, large or small, before it is drawn."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from matplotlib import colormaps

from ram_tf import geometry
from ram_tf.layers.glimpse_sensor import GlimpseSensor
from ram_tf.pictures import paths

_SHOWN_SCALES = 3  # Of a retina with more.
_DRAWN = 560  # Pixels along a side of what is drawn of an image.


class Eye(NamedTuple):
    """What looked, and how much of it is drawn on the image.

    Attributes:
        sensor: The model's.
        unit: Pixels in a unit of location; None for half the canvas.
        windows: Number of windows that are drawn of a look.
    """

    sensor: GlimpseSensor
    unit: float | None
    windows: int


class Seen(NamedTuple):
    """What is drawn of an image, computed once for all frames of a film.

    Attributes:
        small: The image, reduced.
        size: Height and width of the image itself, in pixels.
        points: Fixations in pixels of `small`, [T, 2].
        views: What each look showed, [T] pictures.
        windows: Of each look the windows that are drawn, (y, x, height, width)
            in pixels of `small`.
        answers: [T, K].
        colours: Of the looks.
        used: Looks until the model stopped.
    """

    small: np.ndarray
    size: tuple[int, int]
    points: np.ndarray
    views: list[np.ndarray]
    windows: list[list[tuple[float, ...]]]
    answers: np.ndarray
    colours: np.ndarray
    used: int

    @property
    def places(self) -> int:
        """How many there must be beside the image: a stop is told in one."""
        return min(self.used + 1, len(self.points))


def see(
    image: np.ndarray,
    outputs: Mapping[str, np.ndarray],
    eye: Eye,
) -> Seen:
    """What an eye sees of an image [H, W, C] where the outputs say it looked.

    Raises:
        UserError: On shapes, dtypes or values other than what can be drawn.
    """
    one = {name: np.asarray(v)[None] for name, v in outputs.items()}
    images, locations, answers = paths.check_outputs(image[None], one)
    offsets = geometry.to_offsets(locations[0], images, eye.unit)
    offsets, whole = map(tf.convert_to_tensor, (offsets, images))
    glimpses = eye.sensor(whole, offsets).numpy()
    scales = min(_SHOWN_SCALES, eye.sensor.scales_of(images.shape))
    depth = scales * images.shape[-1]
    small = reduced(images[0])
    height, width = images.shape[1:3]
    scale = np.array(small.shape[:2]) / (height, width)
    points = geometry.to_pixels(locations, images, eye.unit).numpy()[0]
    starts: Any = [[]] * len(points)
    if eye.windows:
        starts = eye.sensor.places(whole, offsets).numpy()[..., 0, :]
    return Seen(
        small,
        (height, width),
        points * scale,
        [paths.foveate(glimpse[..., :depth], scales) for glimpse in glimpses],
        [_windows(s[: eye.windows], eye.sensor.size, scale) for s in starts],
        answers[0],
        colormaps["turbo"](np.linspace(0.1, 0.9, len(points))),
        used(outputs),
    )


def _windows(starts, size: int, scale: np.ndarray) -> list[tuple[float, ...]]:
    """Windows whose first cells have their centres at starts [S, 2]."""
    return [
        (*(start - 2**s / 2) * scale, *(size * 2**s * scale))
        for s, start in enumerate(starts)
    ]


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


def used(outputs: Mapping[str, np.ndarray]) -> int:
    """Looks until the model stopped: all, unless it stops by itself."""
    return int(outputs.get("glimpses_used", len(outputs["locations"])))
