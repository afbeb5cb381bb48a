"""What a model finds and says on canvases of any size, piece by piece."""

import collections
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from ram_tf import geometry, losses
from ram_tf.comparators import Comparator
from ram_tf.cost import Model
from ram_tf.episodes.unroll import unroll
from ram_tf.evaluation.images import POLICIES

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
        model: A built classifier. One that looks nowhere answers once.
        looks: T.
    """

    def __init__(self, model: Model, looks: int):
        self._model = model
        self._looks = looks
        play = self._answer if isinstance(model, Comparator) else self._play
        self._compiled = tf.function(play, jit_compile=True, autograph=False)

    def measure(
        self, pieces: Iterable[Any], cases: int, policy: str = "deterministic"
    ) -> dict[str, float | list[float]]:
        """Errors, and what was found.

        Args:
            pieces: Each with `image` [n, H, W, C], `label` [n] and `centre`
                [n, 2], where the thing is in pixels.
            cases: How many count; the last piece may have more.
            policy: How it looks, a key of `POLICIES`.

        Returns:
            `error_by_glimpse`, % wrong after each look [T]; of a model that
            looks `found_by_glimpse`, % found by then [T]: by a fixation within
            `FOUND` pixels of the middle along both axes; and of one that stops
            by itself `mean_glimpses` and `error_at_stop`.
        """
        cases_of: dict[str, list[np.ndarray]] = collections.defaultdict(list)
        for number, piece in enumerate(pieces):
            played = self._compiled(
                tf.constant(piece.image),
                tf.constant(piece.centre, tf.float32),
                tf.constant([0, number], tf.int32),
                policy,
            )
            answers = played.pop("answers").numpy()
            cases_of["wrong"].append(answers != piece.label[:, None])
            for name, values in played.items():
                cases_of[name].append(values.numpy())
        return _counted(
            **{n: np.concatenate(v)[:cases] for n, v in cases_of.items()}
        )

    def _answer(self, images, centre, seed, policy):
        del centre, seed, policy
        return {"answers": _answers(self._model(images)["logits"])}

    def _play(self, images, centre, seed, policy):
        model: Any = self._model  # One that looks.
        environment = model.environment(images, looks=self._looks)
        chosen = POLICIES[policy](model.cell, seed, environment)
        trajectory = unroll(chosen, environment)
        location = trajectory.action["location"]
        unit = geometry.unit_in_pixels(images, model.cell.location_unit)
        pixels = location * unit + geometry.sides(images) / 2
        apart = tf.reduce_max(tf.abs(pixels - centre[:, None]), axis=-1)
        played = {
            "answers": _answers(trajectory.logits),
            "near": apart <= FOUND,
        }
        if "stop" in trajectory.action:
            played["used"] = losses.length(trajectory.valid)
        return played


def _answers(logits: tf.Tensor) -> tf.Tensor:
    return tf.argmax(logits, axis=-1, output_type=tf.int32)


def _counted(wrong, near=None, used=None) -> dict[str, float | list[float]]:
    """Figures of cases: what is given of them is [n, T] or, `used`, [n]."""
    counted: dict[str, float | list[float]] = {
        "error_by_glimpse": _percent(wrong)
    }
    if near is not None:
        found = np.maximum.accumulate(near, axis=1)
        counted["found_by_glimpse"] = _percent(found)
    if used is not None:
        last = np.take_along_axis(wrong, used[:, None] - 1, axis=1)
        counted["mean_glimpses"] = round(float(used.mean()), 4)
        (counted["error_at_stop"],) = _percent(last)
    return counted


def _percent(cases: np.ndarray) -> list[float]:
    """Of [n, T], the share that is true, [T]."""
    return [round(100 * float(share), 4) for share in cases.mean(axis=0)]
