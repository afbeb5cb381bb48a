"""Drift: where a moving image stands in each frame of a video.

Its velocity is constant, in one of many directions, and is reflected at the
edges of the canvas: the image is always whole. How far it has come by a frame
is read from a table in whole pixels, so that all that is left is arithmetic on
whole numbers, with the same result everywhere.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from ram_tf_data.errors import UserError

_DIRECTIONS = 1024


@dataclasses.dataclass(frozen=True)
class Drift:
    """How an image moves.

    Attributes:
        frames: T, of a video.
        speed: Pixels a frame, along the direction of motion.
    """

    frames: int
    speed: float

    def check(self, side: int) -> None:
        """Raises UserError unless it suits a canvas of this side."""
        if self.frames < 1:
            raise UserError(
                f"`frames` must be at least 1. Received: {self.frames}"
            )
        if not 0 <= self.speed <= side:
            raise UserError(
                "`speed` must lie between 0 and the side of the canvas, "
                f"{side} pixels a frame. Received: {self.speed}"
            )

    def path(
        self, corner: tf.Tensor, room: tuple[int, int], seed: tf.Tensor
    ) -> tf.Tensor:
        """Corners of images in each frame.

        Args:
            corner: Rows and columns in the first frame, [B, 2] int32.
            room: The last row and the last column at which they may start.
            seed: Of the directions: a stateless seed, [2] integers.

        Returns:
            [B, T, 2] int32, between (0, 0) and room.
        """
        direction = tf.random.stateless_uniform(
            tf.shape(corner)[:1],
            seed,
            maxval=_DIRECTIONS,
            dtype=tf.int32,
            alg="philox",
        )
        moved = corner[:, None] + tf.gather(self.offsets(), direction)
        return _reflect(moved, tf.constant(room))

    def offsets(self) -> np.ndarray:
        """Pixels (y, x) from the start, by direction and frame.

        Returns:
            [directions, T, 2] int32.
        """
        # Half a step from the axes, so that nothing is rounded from a half,
        # where the last bit of a sine would decide.
        angle = (np.arange(_DIRECTIONS) + 0.5) * (2 * np.pi / _DIRECTIONS)
        unit = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
        distance = self.speed * np.arange(self.frames)
        return np.rint(distance[:, None] * unit[:, None]).astype(np.int32)


def _reflect(position: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
    """Folds positions [..., 2] into [0, last], as mirrors at both ends do."""
    position = tf.math.floormod(position, tf.maximum(2 * last, 1))
    return tf.minimum(position, 2 * last - position)
