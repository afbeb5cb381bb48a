"""The one map between locations and pixels.

A *location* is what the policy emits, in units: by default half a canvas, so
that (-1, -1) is the top left corner and (1, 1) the bottom right one (paper,
section 3); or a fixed number of pixels, so that a model can run on a larger
canvas with moves of the same size. The sensor takes *offsets*: locations in
halves of the canvas it looks at.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

# A window further away than this is wholly outside any image.
_FAR = 2.0**30
# Of an image's side, what the widest window is to show.
_REACH = 1.5


def to_offsets(
    locations: tf.Tensor, images: tf.Tensor, unit: float | None
) -> tf.Tensor:
    """Turns locations into the sensor's offsets.

    Args:
        locations: [N, 2] (y, x) in units.
        images: [B, H, W, C], only their shape is read.
        unit: Pixels in a unit, or None for half the canvas.

    Returns:
        Offsets [N, 2] in halves of the canvas.
    """
    if unit is None:
        return locations
    return locations * (2.0 * unit / sides(images))


def to_pixels(
    locations: tf.Tensor, images: tf.Tensor, unit: float | None
) -> tf.Tensor:
    """Centres of the fixations in pixels (y, x) from the top left corner."""
    return (to_offsets(locations, images, unit) + 1.0) * 0.5 * sides(images)


def unit_in_pixels(images: tf.Tensor, unit: float | None) -> tf.Tensor:
    """Pixels in a unit of location, along y and x: [2] float32."""
    return sides(images) / 2.0 if unit is None else tf.fill([2], float(unit))


def to_locations(
    pixels: tf.Tensor, sides: tf.Tensor, unit: tf.Tensor
) -> tf.Tensor:
    """Locations [..., 2] of pixels (y, x): the inverse of `to_pixels`.

    Args:
        pixels: [..., 2] from the top left corner.
        sides: (H, W) of the canvas, [2].
        unit: Pixels in a unit of location, [2].
    """
    return (pixels - sides / 2.0) / unit


def window_start(
    offsets: tf.Tensor, extent: tf.Tensor, window: int
) -> tf.Tensor:
    """First pixel of the windows centred on offsets, along an axis or both.

    Repeats the float32 arithmetic of `tf.image.extract_glimpse` in its order,
    with its truncation toward zero, so that both cut the same pixels.

    Args:
        offsets: [N] float32, in halves of the canvas; or [..., 2], both axes.
        extent: Pixels of the image along the axis, an integer scalar; or [2].
        window: Pixels of the window along the axis.

    Returns:
        int32, as many; negative or beyond the image where the window overhangs.
    """
    return tf.cast(centre(offsets, extent) - window / 2.0, tf.int32)


def centre(offsets: tf.Tensor, extent: tf.Tensor) -> tf.Tensor:
    """Pixels that offsets lead to, in the same arithmetic.

    Args:
        offsets: As of `window_start`.
        extent: As of `window_start`.
    """
    extent = tf.cast(extent, tf.float32)
    position = _rounded(offsets * extent) / 2.0
    return _rounded(position + extent / 2.0)


def reaching(size: int, sides: Sequence[int]) -> int:
    """How many windows it takes to see an image's edge from where one looks.

    Args:
        size: g, side of the finest window; each is twice as wide as the last.
        sides: Of the image, in pixels.

    Returns:
        S, the least with a window of 1.5 sides.
    """
    scales = 1
    while size * 2 ** (scales - 1) < _REACH * max(sides):
        scales += 1
    return scales


def is_needed(size: int, scales: int, sides: tf.Tensor) -> tf.Tensor:
    """Which of S windows are among those that `reaching` counts: [S] bool."""
    narrower = [0.0] + [size * 2.0**s for s in range(scales - 1)]
    return np.array(narrower, np.float32) < _REACH * tf.reduce_max(sides)


def _rounded(value: tf.Tensor) -> tf.Tensor:
    """The value itself, with a clip that XLA cannot compute across.

    Without it XLA contracts the product and the sum into one fused
    multiply-add, and adds the two constants before the value sees them; both
    round differently from extract_glimpse.
    """
    return tf.clip_by_value(value, -_FAR, _FAR)


def sides(images: tf.Tensor) -> tf.Tensor:
    """(H, W) of images [..., H, W, C], [2] float32."""
    return tf.cast(tf.shape(images)[-3:-1], tf.float32)


def dims(images: tf.Tensor) -> list:
    """Static dimensions where they are known, else tensors."""
    shape = tf.shape(images)
    return [
        static if static is not None else shape[axis]
        for axis, static in enumerate(images.shape)
    ]
