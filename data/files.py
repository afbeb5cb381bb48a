"""Image files as canvases."""

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError


def read_image(
    path: str, side: int | None, channels: int, *, invert: bool = False
) -> np.ndarray:
    """Reads an image file onto a black square canvas.

    Args:
        path: The file, of any kind that Pillow reads.
        side: Pixels along a side of the canvas; larger images are scaled down
            with their aspect kept, smaller ones are put in the middle. None
            takes the image as it is.
        channels: 1 (grey) or 3 (colour).
        invert: Whether to turn dark on light into light on dark.

    Returns:
        [side, side, channels] uint8; or [height, width, channels].

    Raises:
        ValueError: If the file is not there, or is not a sound image.
    """
    try:
        with Image.open(path) as file:
            image = file.convert("L" if channels == 1 else "RGB")
    except FileNotFoundError as error:
        raise ValueError(f"There is no image file {path!r}.") from error
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(
            f"{path!r} is not an image that can be read: {error}"
        ) from error
    if invert:
        image = ImageOps.invert(image)
    if side is None:
        return _pixels(image, channels)
    if max(image.size) > side:
        image = ImageOps.contain(image, (side, side))
    canvas = Image.new(image.mode, (side, side))
    offset = ((side - image.width) // 2, (side - image.height) // 2)
    canvas.paste(image, offset)
    return _pixels(canvas, channels)


def _pixels(image, channels):
    return np.asarray(image).reshape(image.height, image.width, channels)
