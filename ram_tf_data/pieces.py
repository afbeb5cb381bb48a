"""Evaluation sets, composed in pieces that fit into memory.

Random numbers are drawn for many canvases at once, by one seed: how many they
are decides what is drawn. Pixels take the room, so that these are composed for
fewer at once, where canvases are large, with the same bytes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ram_tf_data import memory

_DRAWN_AT_ONCE = 500  # Other numbers would make other canvases.
# A pixel takes about so many bytes while it is composed.
_PIXELS_AT_ONCE, _BYTES = 2**23, 16


def composed(
    index: np.ndarray,
    draw: Callable[[np.ndarray, int], Any],
    paint: Callable[[Any], dict[str, tf.Tensor]],
    pixels: int,
) -> dict[str, np.ndarray]:
    """Composes canvases, a piece at a time.

    Args:
        index: Which images are placed, [n] int32.
        draw: Draws what is random about some of them, from their part of
            `index` and its start; gives tensors [k, ...], or None, in a nest.
        paint: Composes what was drawn, or a part of it: [j, ...] each.
        pixels: Values that a canvas and what is put on it have together.

    Returns:
        What `paint` gives, for all, [n, ...] each.

    Raises:
        UserError: If the first of these canvases do not fit into memory.
    """
    memory.check(
        "A canvas, while it is composed,",
        _BYTES * pixels,
        f"one of {pixels} values with its clutter",
    )
    size = max(1, min(_DRAWN_AT_ONCE, _PIXELS_AT_ONCE // pixels))
    made: dict[str, np.ndarray] = {}
    for start in range(0, max(len(index), 1), _DRAWN_AT_ONCE):
        chosen = index[start : start + _DRAWN_AT_ONCE]
        drawn = draw(chosen, start)
        for first in range(0, max(len(chosen), 1), size):
            part = paint(rows_of(drawn, slice(first, first + size)))
            for name, value in part.items():
                if name not in made:
                    shape = (len(index), *value.shape[1:])
                    made[name] = np.empty(shape, value.dtype.as_numpy_dtype)
                begin = start + first
                made[name][begin : begin + len(value)] = value
    return made


def rows_of(drawn: Any, rows: slice | None) -> Any:
    """Of what was drawn, [k, ...] each or None in a nest, some rows; or all."""
    if rows is None:
        return drawn
    return tf.nest.map_structure(
        lambda value: None if value is None else value[rows], drawn
    )
