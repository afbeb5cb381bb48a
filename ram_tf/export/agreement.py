"""Whether an exported model answers as the Keras model does, and if not, why.

Rounding differs in the last bit between runtimes. It matters where a window
starts next to the boundary of a pixel: one of the two then reads a window that
is a pixel off, and what follows differs.
"""

from typing import NamedTuple, cast

import numpy as np
import tensorflow as tf

from ram_tf import geometry
from ram_tf.evaluation.images import Rollouts
from ram_tf.layers.glimpse_sensor import GlimpseSensor


class Disagreement(NamedTuple):
    """A case in which the last answers are different classes.

    Attributes:
        case: Its index.
        glimpse: The first that read other pixels; None if none did.
        margin: Pixels between that window's start and the boundary of a pixel,
            in the reference; None if no glimpse read other pixels.
    """

    case: int
    glimpse: int | None
    margin: float | None


def disagreements(
    reference: Rollouts,
    other: Rollouts,
    images: np.ndarray,
    sensor: GlimpseSensor,
    location_unit: float | None,
) -> list[Disagreement]:
    """Finds the cases that are answered differently, and traces them.

    Args:
        reference, other: Of the same n images.
        images: [n, H, W, C]; only their shape is read.
        sensor: The model's.
        location_unit: The model's.
    """
    answers = [r.probabilities[:, -1].argmax(-1) for r in (reference, other)]
    (cases,) = np.nonzero(answers[0] != answers[1])
    found = []
    for case in cases:
        mine, others = (
            geometry.to_offsets(
                cast(np.ndarray, r.locations)[case], images, location_unit
            )
            for r in (reference, other)
        )
        found.append(_trace(int(case), mine, others, images.shape, sensor))
    return found


def _trace(case, reference, other, shape, sensor) -> Disagreement:
    """Follows two paths, offsets [T, 2] each, to where they part."""
    sides, windows = shape[1:3], sensor.windows_of(shape)
    parted = [
        np.not_equal(_starts(reference, sides, w), _starts(other, sides, w))
        for w in windows
    ]  # S x [T, 2]
    for glimpse, where in enumerate(np.stack(parted, axis=1)):
        if where.any():
            margins = _margins(reference[glimpse], sides, windows)
            return Disagreement(case, glimpse, float(margins[where].min()))
    return Disagreement(case, None, None)


def _starts(offsets, sides, window) -> np.ndarray:
    """First pixels [T, 2] of the windows."""
    return geometry.window_start(
        tf.convert_to_tensor(offsets), tf.constant(sides), window
    ).numpy()


def _margins(offset, sides, windows) -> np.ndarray:
    """Pixels [S, 2] from the windows' starts to the next boundary."""
    centre = (np.float64(offset) + 1) / 2 * sides
    starts = centre - np.array(windows)[:, None] / 2
    return np.abs(starts - np.rint(starts))
