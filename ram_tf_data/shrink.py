"""Digits of other sources, made to lie on their images as MNIST's do."""

import numpy as np
from PIL import Image

from ram_tf_data.errors import UserError
from ram_tf_data.ink import BOX
from ram_tf_data.splits import Split


def shrink(split: Split) -> Split:
    """Scales digits that fill their images down to a box in the middle.

    Args:
        split: Grey images [n, H, W, 1]; H and W are at least `BOX`.

    Returns:
        The split with such images, of the same shape.

    Raises:
        UserError: On images in colour, or smaller than the box.
    """
    _, height, width, channels = split.image.shape
    if channels != 1 or min(height, width) < BOX:
        raise UserError(
            f"`split` must have grey images of at least {BOX}x{BOX} pixels. "
            f"Received: images {split.image.shape}"
        )
    image = np.zeros_like(split.image)
    top, left = (height - BOX) // 2, (width - BOX) // 2
    for row, digit in enumerate(split.image[..., 0]):
        small = Image.fromarray(digit).resize((BOX, BOX))
        image[row, top : top + BOX, left : left + BOX, 0] = small
    return split._replace(image=image)
