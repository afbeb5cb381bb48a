"""The cluttered images that come with the browser page.

A scene is kept in layers, so that the page can move the digit: its image, the
corner where that starts, and all clutter. The image that the model looks at is
their sum, clamped to 255, as `ram_tf_data.canvas` makes it.
"""

import base64
import dataclasses
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ram_tf_data.canvas import Canvas, compose, scattered
from ram_tf_data.ink import BOX
from ram_tf_data.splits import Split


class Scenes(NamedTuple):
    """Layers of n scenes.

    Attributes:
        label: [n].
        digit: [n, h, h] uint8.
        corner: [n, 2], row and column where the digit's image starts.
        clutter: [n, side, side] uint8.
    """

    label: np.ndarray
    digit: np.ndarray
    corner: np.ndarray
    clutter: np.ndarray


class Scattered(NamedTuple):
    """Layers of n scenes too large to be kept whole.

    Attributes:
        label: [n].
        digit: [n, h, h] uint8.
        corner: [n, 2], row and column where the digit's image starts.
        patches: [n, k, s, s] uint8.
        patch_corners: [n, k, 2], where they are added.
    """

    label: np.ndarray
    digit: np.ndarray
    corner: np.ndarray
    patches: np.ndarray
    patch_corners: np.ndarray


def make_scenes(canvas: Canvas, split: Split, each: int, seed: int) -> Scenes:
    """Composes the first images of every class.

    Args:
        canvas: What to compose.
        split: Grey square images.
        each: Scenes of a class.
        seed: Of places and clutter.

    Returns:
        The scenes: one of each class, then the next of each.

    Raises:
        ValueError: If the images do not fit on the canvas.
    """
    digits = _digits(canvas, split, each, seed)
    count = len(digits[0])
    return Scenes(*digits, _clutter(canvas, split.image, count, seed))


def scatter_scenes(
    canvas: Canvas, split: Split, each: int, seed: int
) -> Scattered:
    """The same as `make_scenes`, with the clutter piece by piece."""
    digits = _digits(canvas, split, each, seed)
    pool, count = tf.constant(split.image), len(digits[0])
    patches, corners = scattered(canvas, pool, count, tf.constant([seed, 0]))
    patches = patches.numpy().astype(np.uint8)[..., 0]
    return Scattered(*digits, patches, corners.numpy())


def as_json(
    scenes: Scenes | Scattered,
    canvas: Canvas,
    title: str,
    patches_at_once: int = 1,
) -> dict[str, Any]:
    """What the page reads; bytes as base64, row by row.

    Args:
        scenes: Composed on `canvas`.
        canvas: Its sizes are what the page adds clutter by.
        title: Of the digits' source.
        patches_at_once: That are added when one asks for clutter.
    """
    return {
        "source": title,
        "digit_side": scenes.digit.shape[1],
        "digit_box": BOX,
        "clutter_size": canvas.clutter_size,
        "patches_at_once": patches_at_once,
        "scenes": [
            dict(zip(scenes._fields, map(as_plain, scene), strict=True))
            for scene in zip(*scenes, strict=True)
        ],
    }


def _digits(
    canvas: Canvas, split: Split, each: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, images and corners of the first digits of every class."""
    canvas.check(split.image)
    chosen = _first(split.label, each)
    digit = split.image[chosen, ..., 0]
    last = canvas.side - digit.shape[1]
    corner = np.random.default_rng(seed).integers(0, last + 1, [len(chosen), 2])
    return split.label[chosen], digit, corner


def _first(label: np.ndarray, each: int) -> np.ndarray:
    """Indices of the first images of every class, class by class in turn."""
    classes = np.unique(label)
    return np.stack(
        [np.nonzero(label == k)[0][:each] for k in classes]
    ).T.ravel()


def _clutter(canvas: Canvas, pool: np.ndarray, count: int, seed: int):
    """[count, side, side]: what `compose` puts around an empty image."""
    pool = np.concatenate([pool, np.zeros_like(pool[:1])])
    canvas = dataclasses.replace(canvas, place="anywhere")
    empty = tf.fill([count], len(pool) - 1)
    composed = compose(canvas, tf.constant(pool), empty, tf.constant([seed, 0]))
    return composed.numpy()[..., 0]


def as_plain(value: np.ndarray) -> Any:
    """Bytes as text, numbers as they are."""
    if value.dtype == np.uint8:
        return base64.b64encode(value.tobytes()).decode()
    return value.tolist()
