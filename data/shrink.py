"""Digits of other sources, made to lie on their images as MNIST's do."""

import numpy as np
from PIL import Image

from data.splits import Split

# Pixels along a side of the box that MNIST scales its digits to.
BOX = 20


def shrink(split: Split, side: int = BOX) -> Split:
    """Scales digits that fill their images down to a box in the middle.

    Args:
        split: Grey images [n, H, W, 1].
        side: Of the box, in pixels, at most H and W.

    Returns:
        The split with such images, of the same shape.

    Raises:
        ValueError: On images in colour, or a box larger than these.
    """
    _, height, width, channels = split.image.shape
    if channels != 1 or not 1 <= side <= min(height, width):
        raise ValueError(
            "`split` must have grey images with room for a box of `side` "
            f"pixels. Received: images {split.image.shape}, side={side}"
        )
    image = np.zeros_like(split.image)
    top, left = (height - side) // 2, (width - side) // 2
    for row, digit in enumerate(split.image[..., 0]):
        small = Image.fromarray(digit).resize((side, side))
        image[row, top : top + side, left : left + side, 0] = small
    return split._replace(image=image)
