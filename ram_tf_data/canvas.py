"""Canvases: a digit at a random place, with clutter (paper, section 4.1).

As the authors' published generator does it: positions are uniform with
inclusive bounds, everything lies fully inside the canvas, clutter is cut from
images drawn with replacement from any class, and values are added and clamped,
so that clutter may lie over the digit.
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ram_tf_data.distort import draw_maps, transform
from ram_tf_data.draws import below, seeds
from ram_tf_data.drift import Drift
from ram_tf_data.errors import UserError
from ram_tf_data.lighting import Light, draw_light, shine
from ram_tf_data.patches import add_up, cut

# Where the digit goes.
PLACES = ("anywhere", "left", "right")


@dataclasses.dataclass(frozen=True)
class Canvas:
    """What is composed.

    Attributes:
        side: Pixels along a side of the canvas.
        clutter: Number of patches of other digits.
        clutter_size: Pixels along a side of a patch.
        place: Where the digit goes, one of `PLACES`; clutter goes anywhere.
            Each place is in one half: "left" where the digit's centre is in
            the left half of the canvas or on its middle line.
        jitter: Pixels by which the digit is then moved in each direction, at
            random and at most; what leaves the canvas is cut off.
        distort: How far a digit is stretched, sheared and turned at most, as
            `ram_tf_data.distort` does.
        lighting: How far the contrast and brightness of the digit, or rather
            of the photograph, change at most, as `ram_tf_data.lighting` does.
        grow: Steps of training over which the square that the digit lies in
            grows evenly, from the middle to the whole canvas; 0 for the whole
            from the start.
        drift: How the digit moves, for videos; it starts where `place` says,
            and jitter is reflected at the edges, as it is. Clutter stands
            still. None for still images.
    """

    side: int
    clutter: int = 0
    clutter_size: int = 8
    place: str = "anywhere"
    jitter: int = 0
    distort: float = 0.0
    lighting: float = 0.0
    grow: int = 0
    drift: Drift | None = None

    def check(self, images) -> None:
        """Raises UserError unless images [n, h, w, C] fit on the canvas."""
        if self.place not in PLACES:
            raise UserError(
                f"`place` must be one of {list(PLACES)}. "
                f"Received: {self.place!r}"
            )
        check_pool(images.shape)
        _, height, width, _ = images.shape
        if self.side < max(height, width):
            raise UserError(
                "`canvas` must be at least as large as the images, "
                f"{height}x{width}. Received: canvas={self.side}"
            )
        if self.jitter < 0:
            raise UserError(
                f"`jitter` must be at least 0. Received: {self.jitter}"
            )
        if not 0 <= self.distort < 1:
            raise UserError(
                f"`distort` must lie in [0, 1). Received: {self.distort}"
            )
        if not 0 <= self.lighting < 1:
            raise UserError(
                f"`lighting` must lie in [0, 1). Received: {self.lighting}"
            )
        if self.grow < 0:
            raise UserError(f"`grow` must be at least 0. Received: {self.grow}")
        if self.grow and self.place != "anywhere":
            raise UserError(
                "`grow` needs `place` to be anywhere: the square is in the "
                f"middle. Received: {self.place!r}"
            )
        if self.clutter < 0:
            raise UserError(
                f"`clutter` must be at least 0. Received: {self.clutter}"
            )
        if self.clutter and not 1 <= self.clutter_size <= min(height, width):
            raise UserError(
                "`clutter_size` must lie between 1 and the side of an image, "
                f"{min(height, width)}. Received: {self.clutter_size}"
            )
        if self.place == "right" and self.side == width:
            raise UserError(
                "`place` must not be right where images are as wide as the "
                f"canvas. Received: canvas={self.side}"
            )
        if self.drift:
            self.drift.check(self.side)

    def check_corner(self, images, corner: tuple[int, int]) -> None:
        """Raises UserError unless images [n, h, w, C] fit whole at corner."""
        last = tuple(self.side - size for size in images.shape[1:3])
        if not all(0 <= c <= end for c, end in zip(corner, last, strict=True)):
            raise UserError(
                f"`corner` must lie between (0, 0) and {last}. "
                f"Received: {tuple(corner)}"
            )

    def is_plain(self, images) -> bool:
        """Whether images [n, h, w, C] stay as they are, and nothing moves."""
        changes = (self.clutter, self.jitter, self.distort, self.lighting)
        fills = (self.side, self.side) == tuple(images.shape[1:3])
        return fills and not any(changes) and self.drift is None

    def shape(self, images) -> tuple[int, ...]:
        """Of what is made of one of images [n, h, w, C]."""
        frames = (self.drift.frames,) if self.drift else ()
        return *frames, self.side, self.side, images.shape[-1]

    def values(self, images) -> int:
        """How many a canvas and the clutter on it have together."""
        clutter = self.clutter * self.clutter_size**2 * images.shape[-1]
        return math.prod(self.shape(images)) + clutter

    def columns(self, width: int) -> tuple[int, int]:
        """First and last column at which images of this width may start."""
        last = self.side - width
        if self.place == "left":
            return 0, last // 2
        if self.place == "right":
            return last // 2 + 1, last
        return 0, last

    def margin(self, step: tf.Tensor, room: int) -> tf.Tensor:
        """Pixels at both ends of an axis where no digit starts at a step.

        Args:
            step: Of training, an integer scalar.
            room: The last row or column at which one may start.
        """
        left = tf.maximum(self.grow - tf.cast(step, tf.int64), 0)
        return tf.cast(left * room // max(2 * self.grow, 1), tf.int32)


class Clutter(NamedTuple):
    """Patches of images, P on each canvas.

    Attributes:
        index: Images that they are cut from, [B, P] int32.
        cut: Row and column where they start in these, [B, P, 2] int32.
        corner: Where they start on the canvas, [B, P, 2] int32.
    """

    index: tf.Tensor
    cut: tf.Tensor
    corner: tf.Tensor


class Drawn(NamedTuple):
    """What is random about canvases [B], and which images are on them.

    Attributes:
        index: The images that are placed, [B] int32.
        corner: Row and column where they start in each frame, [B, T, 2] int32;
            T is 1 without drift.
        clutter: None if there is none.
        maps: That distort the images, [B, 2, 2] int32; None if none do.
        light: In which the images are; None for that of their own.
    """

    index: tf.Tensor
    corner: tf.Tensor
    clutter: Clutter | None
    maps: tf.Tensor | None
    light: Light | None = None


def check_pool(shape: tuple[int, int, int, int]) -> None:
    """Raises UserError on images [n, h, w, C] too many to be composed."""
    if np.prod(shape[:3], dtype=np.int64) >= 2**31:  # Pixels are numbered.
        raise UserError(
            "All images of a split must have fewer than 2**31 pixels together. "
            f"Received: {shape[0]} of {shape[1]}x{shape[2]}"
        )


def compose(
    canvas: Canvas,
    pool: tf.Tensor,
    index: tf.Tensor,
    seed: tf.Tensor,
    corner: tf.Tensor | None = None,
    step: tf.Tensor | None = None,
) -> tf.Tensor:
    """Puts images of a split on canvases; the same bytes everywhere.

    All arithmetic is on whole numbers, all randomness from Philox: eager mode,
    graphs and XLA agree.

    Args:
        canvas: What to compose.
        pool: The images of the split, [n, h, w, C] uint8.
        index: Which of them are placed, [B] int32; clutter is cut from any.
        seed: A stateless seed, [2] integers.
        corner: Rows and columns where the images start, [B, 2] int32; None
            for random ones, as `canvas.place` allows.
        step: Of training, which `canvas.grow` counts; None for its end.

    Returns:
        [B, side, side, C] uint8; with drift [B, T, side, side, C].
    """
    drawn = draw_canvases(canvas, pool, index, seed, corner, step)
    return paint(canvas, pool, drawn)


def draw_canvases(
    canvas: Canvas,
    pool: tf.Tensor,
    index: tf.Tensor,
    seed: tf.Tensor,
    corner: tf.Tensor | None = None,
    step: tf.Tensor | None = None,
) -> Drawn:
    """What is random about the canvases of `compose`."""
    batch, (height, width) = tf.shape(index)[0], pool.shape[1:3]
    if corner is None:
        corner = corners(canvas, pool.shape, batch, seed, step)
    corner, clutter, maps, light = corner[:, None], None, None, None
    if canvas.clutter:
        clutter = _draw_clutter(canvas, pool, batch, seed)
    if canvas.distort:
        own = tf.random.experimental.stateless_fold_in(seed, 5, alg="philox")
        maps = draw_maps(batch, own, canvas.distort)
    if canvas.lighting:
        own = tf.random.experimental.stateless_fold_in(seed, 6, alg="philox")
        light = draw_light(batch, own, canvas.lighting)
    if canvas.drift:
        room, way = (canvas.side - height, canvas.side - width), seeds(seed, 5)
        corner = canvas.drift.path(corner[:, 0], room, way[4])
    return Drawn(index, corner, clutter, maps, light)


def paint(canvas: Canvas, pool: tf.Tensor, drawn: Drawn) -> tf.Tensor:
    """Composes canvases that were drawn, or some of their rows."""
    batch, side = tf.shape(drawn.index)[0], canvas.side
    total = tf.zeros([batch, side, side, pool.shape[-1]], tf.int32)
    if drawn.clutter is not None:
        index, cutting, corner = drawn.clutter
        patches = cut(pool, index, cutting, canvas.clutter_size)
        total = add_up(total, patches, corner)
    images = tf.gather(pool, drawn.index)
    if drawn.light is not None:  # Before black comes in from around.
        images = shine(images, drawn.light)
    if drawn.maps is not None:
        images = transform(images, drawn.maps)
    if canvas.drift:
        total = tf.repeat(total, canvas.drift.frames, axis=0)
        images = tf.repeat(images, canvas.drift.frames, axis=0)
    corner = tf.reshape(drawn.corner, [-1, 1, 2])
    total = add_up(total, images[:, None], corner)
    shape = [batch, *canvas.shape(pool)]
    return tf.reshape(tf.cast(tf.minimum(total, 255), tf.uint8), shape)


def scattered(
    canvas: Canvas, pool: tf.Tensor, batch, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The clutter of `compose`, piece by piece.

    Args:
        canvas: What is composed.
        pool: The images of the split, [n, h, w, C].
        batch: B.
        seed: As given to `compose`.

    Returns:
        Patches [B, count, size, size, C], and the corners [B, count, 2] int32
        where they are added.
    """
    index, cutting, corner = _draw_clutter(canvas, pool, batch, seed)
    return cut(pool, index, cutting, canvas.clutter_size), corner


def _draw_clutter(canvas: Canvas, pool, batch, seed: tf.Tensor) -> Clutter:
    shape, size = [batch, canvas.clutter], canvas.clutter_size
    _, other, cutting, there, _ = tf.unstack(seeds(seed, 5))
    return Clutter(
        below(other, shape, tf.shape(pool)[0]),
        _corners(cutting, shape, tuple(pool.shape[1:3]), size, size),
        _corners(there, shape, canvas.side, size, size),
    )


def corners(
    canvas: Canvas, shape, batch, seed: tf.Tensor, step=None
) -> tf.Tensor:
    """Where `compose` puts images of itself: rows and columns, [B, 2] int32.

    Args:
        canvas: What is composed.
        shape: Of the images of the split, [n, h, w, C].
        batch: B.
        seed: As given to `compose`.
        step: Of training; None for its end.
    """
    _, height, width, _ = shape
    step = canvas.grow if step is None else step
    row, column, move = tf.unstack(seeds(seeds(seed, 5)[0], 3))
    rows = _between(row, batch, 0, canvas.side - height, canvas, step)
    columns = _between(column, batch, *canvas.columns(width), canvas, step)
    corners = tf.stack([rows, columns], axis=-1)
    if not canvas.jitter:
        return corners
    moves = below(move, [batch, 2], 2 * canvas.jitter + 1)
    return corners + moves - canvas.jitter


def _between(
    seed, batch, first: int, last: int, canvas: Canvas, step
) -> tf.Tensor:
    """Whole numbers [B] from first to last, less the margins of a step."""
    margin = canvas.margin(step, last - first)
    return first + margin + below(seed, [batch], last - first + 1 - 2 * margin)


def _corners(seed, shape, bound, height: int, width: int) -> tf.Tensor:
    """Corners [..., 2] of windows fully inside, bounds inclusive."""
    bounds = (bound, bound) if isinstance(bound, int) else bound
    axes = [
        below(sub, shape, outer - inner + 1)
        for sub, outer, inner in zip(
            tf.unstack(seeds(seed, 2)), bounds, (height, width), strict=True
        )
    ]
    return tf.stack(axes, axis=-1)
