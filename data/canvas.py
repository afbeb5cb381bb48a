"""Canvases: a digit at a random place, with clutter (paper, section 4.1).

As the authors' published generator does it: positions are uniform with
inclusive bounds, everything lies fully inside the canvas, clutter is cut from
images drawn with replacement from any class, and values are added and clamped,
so that clutter may lie over the digit.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from data.drift import Drift

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
        drift: How the digit moves, for videos; it starts where `place` says,
            and jitter is reflected at the edges, as it is. Clutter stands
            still. None for still images.
    """

    side: int
    clutter: int = 0
    clutter_size: int = 8
    place: str = "anywhere"
    jitter: int = 0
    drift: Drift | None = None

    def check(self, images) -> None:
        """Raises ValueError unless images [n, h, w, C] fit on the canvas."""
        if self.place not in PLACES:
            raise ValueError(
                f"`place` must be one of {list(PLACES)}. "
                f"Received: {self.place!r}"
            )
        check_pool(images.shape)
        _, height, width, _ = images.shape
        if self.side < max(height, width):
            raise ValueError(
                "`canvas` must be at least as large as the images, "
                f"{height}x{width}. Received: canvas={self.side}"
            )
        if self.jitter < 0:
            raise ValueError(
                f"`jitter` must be at least 0. Received: {self.jitter}"
            )
        if self.clutter < 0:
            raise ValueError(
                f"`clutter` must be at least 0. Received: {self.clutter}"
            )
        if self.clutter and not 1 <= self.clutter_size <= min(height, width):
            raise ValueError(
                "`clutter_size` must lie between 1 and the side of an image, "
                f"{min(height, width)}. Received: {self.clutter_size}"
            )
        if self.place == "right" and self.side == width:
            raise ValueError(
                "`place` must not be right where images are as wide as the "
                f"canvas. Received: canvas={self.side}"
            )
        if self.drift:
            self.drift.check(self.side)

    def check_corner(self, images, corner: tuple[int, int]) -> None:
        """Raises ValueError unless images [n, h, w, C] fit whole at corner."""
        last = tuple(self.side - size for size in images.shape[1:3])
        if not all(0 <= c <= end for c, end in zip(corner, last, strict=True)):
            raise ValueError(
                f"`corner` must lie between (0, 0) and {last}. "
                f"Received: {tuple(corner)}"
            )

    def shape(self, images) -> tuple[int, ...]:
        """Of what is made of one of images [n, h, w, C]."""
        frames = (self.drift.frames,) if self.drift else ()
        return *frames, self.side, self.side, images.shape[-1]

    def columns(self, width: int) -> tuple[int, int]:
        """First and last column at which images of this width may start."""
        last = self.side - width
        if self.place == "left":
            return 0, last // 2
        if self.place == "right":
            return last // 2 + 1, last
        return 0, last


def check_pool(shape: tuple[int, int, int, int]) -> None:
    """Raises ValueError on images [n, h, w, C] too many to be composed."""
    if np.prod(shape[:3], dtype=np.int64) >= 2**31:  # Pixels are numbered.
        raise ValueError(
            "All images of a split must have fewer than 2**31 pixels together. "
            f"Received: {shape[0]} of {shape[1]}x{shape[2]}"
        )


def compose(
    canvas: Canvas,
    pool: tf.Tensor,
    index: tf.Tensor,
    seed: tf.Tensor,
    corner: tf.Tensor | None = None,
) -> tf.Tensor:
    """Puts images of a split on canvases; the same bytes everywhere.

    All arithmetic is on whole numbers (exact in float32), all randomness from
    Philox: eager mode, graphs and XLA agree.

    Args:
        canvas: What to compose.
        pool: The images of the split, [n, h, w, C] uint8.
        index: Which of them are placed, [B] int32; clutter is cut from any.
        seed: A stateless seed, [2] integers.
        corner: Rows and columns where the images start, [B, 2] int32; None
            for random ones, as `canvas.place` allows.

    Returns:
        [B, side, side, C] uint8; with drift [B, T, side, side, C].
    """
    batch, (height, width) = tf.shape(index)[0], pool.shape[1:3]
    count, size = canvas.clutter, canvas.clutter_size
    where, other, cut, there, way = tf.unstack(seeds(seed, 5))
    if corner is None:
        corner = _places(canvas, where, batch, height, width)
    total = _digits(canvas, pool, index, corner, way)
    if count:
        others = below(other, [batch, count], tf.shape(pool)[0])
        source = _corners(cut, [batch, count], (height, width), size, size)
        patches = _cut(pool, others, source, size)
        corner = _corners(there, [batch, count], canvas.side, size, size)
        clutter = add_up(canvas.side, patches, corner)
        total += clutter[:, None] if canvas.drift else clutter
    return tf.cast(tf.minimum(total, 255.0), tf.uint8)


def _places(canvas: Canvas, seed, batch, height: int, width: int) -> tf.Tensor:
    """Corners [B, 2] of images where the canvas has them."""
    row, column, move = tf.unstack(seeds(seed, 3))
    first, last = canvas.columns(width)
    rows = below(row, [batch], canvas.side - height + 1)
    columns = first + below(column, [batch], last - first + 1)
    corners = tf.stack([rows, columns], axis=-1)
    if not canvas.jitter:
        return corners
    moves = below(move, [batch, 2], 2 * canvas.jitter + 1)
    return corners + moves - canvas.jitter


def _digits(
    canvas: Canvas,
    pool: tf.Tensor,
    index: tf.Tensor,
    corner: tf.Tensor,
    seed: tf.Tensor,
) -> tf.Tensor:
    """Images of the pool on blank canvases: still, or in every frame."""
    side, drift, (height, width) = canvas.side, canvas.drift, pool.shape[1:3]
    if drift is None:
        return _shift(side, pool, index, corner)
    path = drift.path(corner, (side - height, side - width), seed)
    index = tf.repeat(index, drift.frames)
    frames = _shift(side, pool, index, tf.reshape(path, [-1, 2]))
    return tf.reshape(frames, [-1, drift.frames, *frames.shape[1:]])


def _shift(
    side: int, pool: tf.Tensor, index: tf.Tensor, corner: tf.Tensor
) -> tf.Tensor:
    """Images of the pool, each on a blank canvas, [B, side, side, C]."""
    height, width, channels = pool.shape[1:]
    row = tf.range(side) - corner[:, :1]
    column = tf.range(side) - corner[:, 1:]
    inside = ((row >= 0) & (row < height))[:, :, None] & (
        (column >= 0) & (column < width)
    )[:, None]
    row = tf.clip_by_value(row, 0, height - 1)[:, :, None]
    column = tf.clip_by_value(column, 0, width - 1)[:, None]
    first = (index * (height * width))[:, None, None]
    pixels = tf.gather(
        tf.reshape(pool, [-1, channels]), first + (row * width + column)
    )
    return tf.where(inside[..., None], tf.cast(pixels, tf.float32), 0.0)


def add_up(side: int, patches: tf.Tensor, corner: tf.Tensor) -> tf.Tensor:
    """Sum of patches [B, P, h, w, C] on a blank canvas, [B, side, side, C].

    Two products with one-hot matrices, one along each axis: scattering would
    be a sequential loop under XLA, and reading each pixel of the canvas once
    for each of many small patches would be slower.
    """
    height, width = patches.shape[2:4]
    rows = _one_hot(corner[..., 0], height, side)
    columns = _one_hot(corner[..., 1], width, side)
    wide = tf.einsum("bphwc,bpwx->bphxc", tf.cast(patches, tf.float32), columns)
    return tf.einsum("bphy,bphxc->byxc", rows, wide)


def _one_hot(start: tf.Tensor, extent: int, side: int) -> tf.Tensor:
    """[B, P, extent, side]: 1 where pixel i of a patch falls on pixel x."""
    return tf.one_hot(start[..., None] + tf.range(extent), side)


def _cut(
    pool: tf.Tensor, index: tf.Tensor, corner: tf.Tensor, size: int
) -> tf.Tensor:
    """Sub-patches [B, P, size, size, C] of the pool's images."""
    _, height, width, channels = pool.shape
    first = (index * height + corner[..., 0]) * width + corner[..., 1]
    window = tf.range(size)[:, None] * width + tf.range(size)
    pixels = first[..., None, None] + window
    return tf.gather(tf.reshape(pool, [-1, channels]), pixels)


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


def below(seed, shape, bound) -> tf.Tensor:
    """Whole numbers in [0, bound)."""
    return tf.random.stateless_uniform(
        shape, seed, minval=0, maxval=bound, dtype=tf.int32, alg="philox"
    )


def seeds(seed: tf.Tensor, count: int) -> tf.Tensor:
    """As many seeds, [count, 2], from one."""
    return tf.random.experimental.stateless_split(seed, count, alg="philox")
