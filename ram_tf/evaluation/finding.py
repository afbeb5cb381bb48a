"""What a model finds and says on canvases of any size, piece by piece."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from ram_tf import geometry
from ram_tf.episodes.unroll import unroll
from ram_tf.evaluation.images import POLICIES
from ram_tf.model import RecurrentAttentionModel

# Pixels from the middle of a digit, along each axis, at which a fixation has
# found it: half of its image.
FOUND = 14
_PIXELS_AT_ONCE = 2**24
_MOST_AT_ONCE = 100


def at_once(side: int) -> int:
    """How many canvases of a side are measured together, by memory."""
    return max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // side**2))


class Finder:
    """Plays a model and counts, compiled once for each size.

    Args:
        model: A built classifier that looks.
        looks: T.
    """

    def __init__(self, model: RecurrentAttentionModel, looks: int):
        self._model = model
        self._looks = looks
        self._compiled = tf.function(
            self._play, jit_compile=True, autograph=False
        )

    def measure(
        self, pieces: Iterable[Any], cases: int, policy: str = "deterministic"
    ) -> dict[str, list[float]]:
        """Errors, and what was found.

        Args:
            pieces: Each with `image` [n, H, W, C], `label` [n] and `centre`
                [n, 2], where the thing is in pixels.
            cases: How many count; the last piece may have more.
            policy: How it looks, a key of `POLICIES`.

        Returns:
            `error_by_glimpse`, % wrong after each look, and
            `found_by_glimpse`, % found by then: by a fixation within `FOUND`
            pixels of the middle along both axes. Each [T].
        """
        wrong, found, counted = 0, 0, 0
        for number, piece in enumerate(pieces):
            took = min(len(piece.label), cases - counted)
            seed = tf.constant([0, number], tf.int32)
            answers, near = self._compiled(
                tf.constant(piece.image),
                tf.constant(piece.centre, tf.float32),
                seed,
                policy,
            )
            right = answers.numpy() == piece.label[:, None]
            wrong = wrong + (~right)[:took].sum(axis=0)
            near = np.maximum.accumulate(near.numpy(), axis=1)
            found = found + near[:took].sum(axis=0)
            counted += took
        return {
            "error_by_glimpse": _percent(wrong, counted),
            "found_by_glimpse": _percent(found, counted),
        }

    def _play(self, images, centre, seed, policy):
        model = self._model
        environment = model.environment(images, looks=self._looks)
        chosen = POLICIES[policy](model.cell, seed, environment)
        trajectory = unroll(chosen, environment)
        location = trajectory.action["location"]
        unit = geometry.unit_in_pixels(images, model.cell.location_unit)
        pixels = location * unit + geometry.sides(images) / 2
        apart = tf.reduce_max(tf.abs(pixels - centre[:, None]), axis=-1)
        answers = tf.argmax(trajectory.logits, axis=-1, output_type=tf.int32)
        return answers, apart <= FOUND


def _percent(counts, cases: int) -> list[float]:
    return [round(100 * float(count) / cases, 4) for count in counts]
