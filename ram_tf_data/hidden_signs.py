"""Signs hidden in photographs, among pieces of other photographs.

All arithmetic is on whole numbers and all randomness from Philox, as in
`ram_tf_data.canvas`: the same bytes everywhere. Only XLA composes, which alone
writes into a canvas without copying it.
"""

import dataclasses
from typing import NamedTuple, Self

import tensorflow as tf

# It reads and writes in place; TensorFlow's own operators cannot.
from tensorflow.compiler.tf2xla.python import xla

from ram_tf_data.draws import below, below_each, seeds
from ram_tf_data.errors import UserError
from ram_tf_data.photographs import PIECE, PIECES, Photographs

# Sides of a sign or a piece on a canvas, in pixels.
SMALLEST, LARGEST = 24, 64
# A pixel, a weight and a gain of 1 are counted as these.
_ONE, _WHOLE, _UNIT = 1024, 256, 256
# Sums of the three colours that a mean is matched to: where a photograph is
# darker or brighter, what is pasted still shows something.
_DARKEST, _BRIGHTEST = 3 * 40, 3 * 200
_GAINS = _UNIT // 4, _UNIT * 8


@dataclasses.dataclass(frozen=True)
class HiddenSign:
    """What is composed: a square crop of a photograph with things on it.

    Attributes:
        side: Of the crop, in pixels.
        distractors: Pieces of other photographs on it.
        grow: Steps of training over which the square that the sign lies in
            grows evenly, from the middle to the whole canvas; 0 for the whole
            from the start. Pieces go anywhere.
    """

    side: int
    distractors: int = 10
    grow: int = 0

    def check(self, images) -> None:
        """Raises UserError unless images [n, h, w, 3] can be hidden."""
        if images.shape[1:] != (PIECE, PIECE, 3):
            raise UserError(
                f"Signs must be {PIECE}x{PIECE} in colour. "
                f"Received: shape={tuple(images.shape)}"
            )
        if not LARGEST <= self.side <= 2**13:
            raise UserError(
                f"`side` must lie between {LARGEST} and {2**13}. "
                f"Received: {self.side}"
            )
        for name in ("distractors", "grow"):
            if getattr(self, name) < 0:
                raise UserError(
                    f"`{name}` must be at least 0. "
                    f"Received: {getattr(self, name)}"
                )

    @property
    def values(self) -> int:
        """How many a canvas and what is put on it have together."""
        return 3 * (self.side**2 + (self.distractors + 1) * LARGEST**2)


class Scenery(NamedTuple):
    """Photographs as tensors; attributes as those of Photographs."""

    pixels: tf.Tensor
    place: tf.Tensor
    pieces: tf.Tensor

    @classmethod
    def of(cls, photographs: Photographs) -> Self:
        return cls(*map(tf.constant, photographs[1:]))


class Drawn(NamedTuple):
    """What is random about canvases [B]; the last of P things is the sign.

    Attributes:
        index: The signs, [B] int32.
        corner: Row and column in the pixels of all photographs where each crop
            starts, [B, 2] int32.
        mirrored: Whether its left is its right, [B] bool.
        piece: What is cut from other photographs, [B, P - 1] int32.
        size: Of the side of each thing, [B, P] int32.
        place: Row and column where each starts, [B, P, 2] int32.
    """

    index: tf.Tensor
    corner: tf.Tensor
    mirrored: tf.Tensor
    piece: tf.Tensor
    size: tf.Tensor
    place: tf.Tensor

    @property
    def centre(self) -> tf.Tensor:
        """The middle of the sign in pixels, (y, x), [B, 2] float32."""
        half = tf.cast(self.size[:, -1:], tf.float32) / 2
        return tf.cast(self.place[:, -1], tf.float32) + half

    @property
    def target(self) -> tf.Tensor:
        """That, and a quarter of the sign's side, [B, 3] float32.

        So near the middle, a glimpse has most of the sign in it.
        """
        quarter = tf.cast(self.size[:, -1:], tf.float32) / 4
        return tf.concat([self.centre, quarter], axis=-1)


def draw_signs(
    hidden: HiddenSign,
    scenery: Scenery,
    index: tf.Tensor,
    seed: tf.Tensor,
    step: tf.Tensor | None = None,
) -> Drawn:
    """What is random about canvases that show these signs.

    Args:
        hidden: What is composed.
        scenery: The photographs.
        index: Of the signs, [B] int32.
        seed: A stateless seed, [2] integers.
        step: Of training, which `hidden.grow` counts; None for its end.
    """
    batch, things = tf.shape(index)[0], hidden.distractors + 1
    which, where, flip, other, what, large, put = tf.unstack(seeds(seed, 7))
    photographs = tf.shape(scenery.place)[0]
    photograph = below(which, [batch], photographs)
    first, height, width = tf.unstack(
        tf.gather(scenery.place, photograph), axis=-1
    )
    room = tf.stack([height, width], axis=-1) - hidden.side
    corner = below_each(where, room + 1)
    corner += tf.stack([first, tf.zeros_like(first)], axis=-1)
    shape = [batch, things - 1]
    others = 1 + below(other, shape, tf.maximum(photographs - 1, 1))
    others = (photograph[:, None] + others) % photographs
    piece = others * PIECES + below(what, shape, PIECES)
    size = SMALLEST + below(large, [batch, things], LARGEST - SMALLEST + 1)
    return Drawn(
        index,
        corner,
        below(flip, [batch], 2) > 0,
        piece,
        size,
        _places(hidden, size, put, step),
    )


def _places(hidden: HiddenSign, size, seed, step) -> tf.Tensor:
    """Where things of a size [B, P] start, [B, P, 2]."""
    room = tf.repeat((hidden.side - size)[..., None], 2, axis=-1)
    margin = _margin(hidden, room[:, -1:], step)
    margin = tf.concat([tf.zeros_like(room[:, 1:]), margin], axis=1)
    return margin + below_each(seed, room + 1 - 2 * margin)


def _margin(hidden: HiddenSign, room, step) -> tf.Tensor:
    """Pixels at both ends of an axis where no sign starts at a step."""
    if not hidden.grow or step is None:
        return tf.zeros_like(room)
    left = tf.maximum(hidden.grow - tf.cast(step, tf.int64), 0)
    return tf.cast(
        tf.cast(room, tf.int64) * left // (2 * hidden.grow), tf.int32
    )


def paint(
    hidden: HiddenSign, scenery: Scenery, signs: tf.Tensor, drawn: Drawn
) -> tf.Tensor:
    """Composes canvases that were drawn, one after another.

    Under XLA only.

    Args:
        hidden: What is composed.
        scenery: The photographs.
        signs: [n, PIECE, PIECE, 3] uint8.
        drawn: Of B canvases.

    Returns:
        [B, side, side, 3] uint8.
    """
    things = tf.concat(
        [
            tf.gather(scenery.pieces, drawn.piece),
            tf.gather(signs, drawn.index)[:, None],
        ],
        axis=1,
    )
    # A thing lies in a square that is on the canvas whole.
    square = tf.minimum(drawn.place, hidden.side - LARGEST)
    offset = drawn.place - square
    things = _scaled(things, drawn.size, offset)
    things, weight = _once(things), _once(_weights(drawn.size, offset))

    def composed(case):
        corner, mirrored, thing, weight, square = case
        crop = _cut(scenery.pixels, corner, hidden.side)
        crop = _once(tf.where(mirrored, tf.reverse(crop, [1]), crop))
        for number in range(hidden.distractors + 1):
            crop = _pasted(crop, thing[number], weight[number], square[number])
        return crop

    return tf.map_fn(
        composed,
        (drawn.corner, drawn.mirrored, things, weight, square),
        fn_output_signature=tf.TensorSpec([hidden.side] * 2 + [3], tf.uint8),
    )


def _scaled(things, size, offset) -> tf.Tensor:
    """Things at their size in a square, interpolated, [B, P, m, m, 3] int32.

    Args:
        things: [B, P, PIECE, PIECE, 3] uint8.
        size: [B, P].
        offset: Where they start in the square of m = LARGEST, [B, P, 2].
    """
    axes = [_between(size, offset[..., axis]) for axis in (0, 1)]
    (up, down_share), (left, right_share) = axes
    flat = tf.reshape(things, [*tf.unstack(tf.shape(things)[:2]), -1, 3])
    total = 0
    for rows, row_weight in ((up, _ONE - down_share), (up + 1, down_share)):
        for columns, column_weight in (
            (left, _ONE - right_share),
            (left + 1, right_share),
        ):
            inside = [
                tf.clip_by_value(k, 0, PIECE - 1) for k in (rows, columns)
            ]
            pixel = inside[0][..., None] * PIECE + inside[1][..., None, :]
            weight = row_weight[..., None] * column_weight[..., None, :]
            found = _gathered(flat, pixel)
            total += found * weight[..., None]
    return (total + _ONE**2 // 2) // _ONE**2


def _gathered(flat, pixel) -> tf.Tensor:
    """Of [B, P, n, 3], those of pixel [B, P, m, m], as int32."""
    batch, things = tf.unstack(tf.shape(flat)[:2])
    count = flat.shape[2] or PIECE**2
    first = tf.range(batch * things) * count
    first = tf.reshape(first, [batch, things, 1, 1])
    return tf.cast(
        tf.gather(tf.reshape(flat, [-1, 3]), first + pixel), tf.int32
    )


def _between(size, offset) -> tuple[tf.Tensor, tf.Tensor]:
    """Pixels of a thing before those of a square, and the next one's share.

    Returns:
        [B, P, m] int32 each; the share counted in 1/1024.
    """
    middle = 2 * (tf.range(LARGEST) - offset[..., None]) + 1
    place = middle * (PIECE * _ONE // 2) // size[..., None] - _ONE // 2
    return place // _ONE, place % _ONE


def _weights(size, offset) -> tf.Tensor:
    """How much of a thing shows, [B, P, m, m] int32, 256 for all.

    Within three quarters of the way from its middle to its edges it does, and
    less and less from there on: an ellipse without a rim.
    """
    middle = tf.range(LARGEST)[:, None] - offset[..., None, :]
    apart = tf.square(2 * middle + 1 - size[..., None, None])
    apart = apart[..., :, None, 0] + apart[..., None, :, 1]
    square = tf.square(size)[..., None, None]
    inner = (square - apart) * _WHOLE // square
    return tf.clip_by_value(inner * 9 // 4, 0, _WHOLE)


def _pasted(canvas, thing, weight, square) -> tf.Tensor:
    """A canvas with one more thing on it, as bright as what was there.

    Args:
        canvas: [side, side, 3] uint8.
        thing: [m, m, 3] int32.
        weight: [m, m] int32.
        square: Row and column where it starts, [2] int32.
    """
    below_it = tf.cast(_cut(canvas, square, LARGEST), tf.int32)
    whole = tf.maximum(tf.reduce_sum(weight), 1)
    there, own = (
        tf.reduce_sum(tf.reduce_sum(values, axis=-1) * weight) // whole
        for values in (below_it, thing)
    )
    wanted = tf.clip_by_value(there, _DARKEST, _BRIGHTEST)
    gain = tf.clip_by_value(wanted * _UNIT // tf.maximum(own, 1), *_GAINS)
    thing = tf.minimum(thing * gain // _UNIT, 255)
    weight = weight[..., None]
    mixed = below_it * (_WHOLE - weight) + thing * weight + _WHOLE // 2
    mixed = tf.cast(mixed // _WHOLE, tf.uint8)
    start = tf.concat([square, [0]], axis=0)
    return _once(xla.dynamic_update_slice(canvas, _once(mixed), start))


def _cut(pixels: tf.Tensor, corner: tf.Tensor, side: int) -> tf.Tensor:
    """A square of pixels [h, w, 3] from a row and column [2], inside them.

    Not by tf.slice, which XLA would compile anew for each corner.
    """
    start = tf.concat([corner, [0]], axis=0)
    return xla.dynamic_slice(pixels, start, tf.constant([side, side, 3]))


def _once(tensor: tf.Tensor) -> tf.Tensor:
    """The tensor, which XLA computes before what reads it, and not again."""
    return xla.optimization_barrier(tensor)[0]
