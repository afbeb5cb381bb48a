"""Numbers: digits of a source side by side, at a random size and place.

All arithmetic is on whole numbers and all randomness from Philox, as in
`ram_tf_data.canvas`: eager mode, graphs and XLA make the same bytes.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from ram_tf_data.draws import below, below_each, seeds
from ram_tf_data.errors import UserError
from ram_tf_data.patches import add_up
from ram_tf_data.splits import Split

# Sides, in pixels, that the images of digits are scaled to, smallest first.
SIZES = (16, 20, 24, 32)
# Digits fill at most 20 of MNIST's 28 columns: from one to the next it is this
# much of an image's side, in percent.
_PITCH = (60, 75)
# A digit is at most so much, in percent, above or below the line.
_JITTER = 12

END = 10  # The symbol behind the last digit.


@dataclasses.dataclass(frozen=True)
class Numbers:
    """What is composed.

    Attributes:
        side: Pixels along a side of the canvas.
        max_digits: A number has 1 to so many digits, all equally likely; its
            size is one of those SIZES in which it fits for sure.
    """

    side: int
    max_digits: int

    def check(self, images) -> None:
        """Raises UserError unless numbers of images [n, h, w, 1] fit."""
        if self.max_digits < 1:
            raise UserError(
                f"`max_digits` must be at least 1. Received: {self.max_digits}"
            )
        if not self.fitting(self.max_digits):
            least = extent(SIZES[0], self.max_digits)
            raise UserError(
                f"Numbers of {self.max_digits} digits need a canvas of at "
                f"least {least} pixels. Received: canvas={self.side}"
            )
        if images.shape[1] != images.shape[2] or images.shape[3] != 1:
            raise UserError(
                "Numbers are made of square grey images. "
                f"Received: shape={tuple(images.shape)}"
            )

    @property
    def values(self) -> int:
        """How many a canvas and the digits on it have together."""
        return self.side**2 + self.max_digits * SIZES[-1] ** 2

    def fitting(self, digits: int) -> int:
        """How many of SIZES a number of so many digits can have."""
        return sum(extent(size, digits) <= self.side for size in SIZES)


def extent(size: int, digits: int) -> int:
    """Widest that a number can be, in pixels, or high, if that is more."""
    return max(size + (digits - 1) * _widest(size), size + 2 * _jitter(size))


class Drawn(NamedTuple):
    """What is random about numbers [B] of at most P digits.

    Attributes:
        digit: Images of the digits, [B, P] int32.
        there: Whether a number has so many, [B, P] bool.
        scale: Which of SIZES it has, [B] int32.
        corner: Row and column where each digit starts, [B, P, 2] int32.
    """

    digit: tf.Tensor
    there: tf.Tensor
    scale: tf.Tensor
    corner: tf.Tensor


class Bank(NamedTuple):
    """The images of a split in every size.

    Attributes:
        pixels: All of one size after all of another, in rows, [p] uint8.
        label: [n] int32.
    """

    pixels: tf.Tensor
    label: tf.Tensor

    @classmethod
    def of(cls, split: Split) -> "Bank":
        """Scales the images, [n, h, w, 1], by Pillow: the same everywhere."""
        digits = [Image.fromarray(image[..., 0]) for image in split.image]
        scaled = [
            np.asarray(digit.resize((size, size), Image.Resampling.BILINEAR))
            for size in SIZES
            for digit in digits
        ]
        pixels = np.concatenate([image.ravel() for image in scaled])
        return cls(tf.constant(pixels), tf.constant(split.label))


def compose(
    numbers: Numbers, bank: Bank, index: tf.Tensor, seed: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Puts numbers on canvases.

    Args:
        numbers: What to compose.
        bank: The digits.
        index: The first digit of each number, [B] int32; the others are any.
        seed: A stateless seed, [2] integers.

    Returns:
        {"image": [B, side, side, 1] uint8, "label": [B, max_digits + 1] int32}:
        the digits in order, and the end symbol 10 in all places behind them.
    """
    return paint(numbers, bank, draw_numbers(numbers, bank, index, seed))


def draw_numbers(
    numbers: Numbers, bank: Bank, index: tf.Tensor, seed: tf.Tensor
) -> Drawn:
    """What is random about the numbers of `compose`."""
    batch, most = tf.shape(index)[0], numbers.max_digits
    how_many, how_large, which, where = tf.unstack(seeds(seed, 4))
    length = 1 + below(how_many, [batch], most)
    fitting = [numbers.fitting(digits + 1) for digits in range(most)]
    scale = below_each(how_large, tf.gather(fitting, length - 1))
    others = below(which, [batch, most - 1], tf.shape(bank.label)[0])
    digit = tf.concat([index[:, None], others], axis=1)
    there = tf.range(most) < length[:, None]
    size = tf.gather(SIZES, scale)
    corner = _corners(where, numbers.side, size, length, most)
    return Drawn(digit, there, scale, corner)


def paint(numbers: Numbers, bank: Bank, drawn: Drawn) -> dict[str, tf.Tensor]:
    """Composes numbers that were drawn, or some of their rows."""
    digit, there, scale, corner = drawn
    patches = _cut(bank, digit, scale)
    patches *= tf.cast(there, tf.uint8)[..., None, None]
    shape = [tf.shape(digit)[0], numbers.side, numbers.side, 1]
    blank = tf.zeros(shape, tf.int32)
    total = add_up(blank, patches[..., None], corner)
    label = tf.where(there, tf.gather(bank.label, digit), END)
    return {
        "image": tf.cast(tf.minimum(total, 255), tf.uint8),
        "label": tf.pad(label, [[0, 0], [0, 1]], constant_values=END),
    }


def _widest(size: int) -> int:
    return size * _PITCH[1] // 100


def _jitter(size):
    return size * _JITTER // 100


def _cut(bank: Bank, digit: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Digits [B, P] at the scale of their number [B], top left in a patch.

    Returns:
        [B, P, m, m], m the largest of SIZES, zero beyond the digit's size.
    """
    count, areas = tf.shape(bank.label)[0], np.square(np.int32(SIZES))
    first = count * tf.gather(np.cumsum(areas, dtype=np.int32) - areas, scale)
    size = tf.gather(SIZES, scale)[:, None, None]
    side = tf.range(SIZES[-1])
    row = tf.minimum(side[:, None], size - 1)
    column = tf.minimum(side, size - 1)
    inside = (side[:, None] < size) & (side < size)
    pixel = first[:, None, None] + row * size + column
    start = digit * tf.square(size[..., 0])
    patches = tf.gather(bank.pixels, start[..., None, None] + pixel[:, None])
    return tf.where(inside[:, None], patches, tf.zeros([], tf.uint8))


def _corners(seed, side: int, size, length, most: int) -> tf.Tensor:
    """Corners [B, P, 2] of the digits of numbers of a size and length, [B]."""
    apart, left, top, off = tf.unstack(seeds(seed, 4))
    low, high = _PITCH
    shape = [tf.shape(size)[0], most]
    percent = low + below(apart, shape, high - low + 1)
    pitch = size[:, None] * percent // 100
    column = tf.cumsum(pitch, axis=1, exclusive=True)
    width = size + tf.gather(column, length - 1, axis=1, batch_dims=1)
    jitter = _jitter(size)
    column += below_each(left, side - width + 1)[:, None]
    row = jitter + below_each(top, side - size - 2 * jitter + 1)
    moved = below_each(off, tf.tile(2 * jitter[:, None] + 1, [1, most]))
    return tf.stack([(row - jitter)[:, None] + moved, column], axis=-1)
