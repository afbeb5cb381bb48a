"""Image files as canvases."""

import contextlib
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image, ImageOps, ImageSequence

from ram_tf_data import regular
from ram_tf_data.contrast import standardise
from ram_tf_data.errors import UserError

# What Pillow raises of a decoded image, such as on bad notes of a camera.
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


def read_image(
    path: str,
    side: int | None,
    channels: int,
    *,
    invert: bool = False,
    standardised: bool = False,
) -> np.ndarray:
    """Reads an image file onto a black square canvas.

    It is turned upright as its camera noted, and stands on black where it is
    transparent.

    Args:
        path: The file, of any kind that Pillow reads.
        side: Pixels along a side of the canvas; larger images are scaled down
            with their aspect kept, smaller ones are put in the middle. None
            takes the image as it is.
        channels: 1 (grey) or 3 (colour).
        invert: Whether to turn dark on light into light on dark.
        standardised: Whether to give it equal brightness and contrast.

    Returns:
        [side, side, channels] uint8; or [height, width, channels].

    Raises:
        UserError: If the file is not there, or is not a sound image.
    """
    image = _open(path, lambda file: _flat(file, channels))
    return _canvas(image, side, channels, invert, standardised)


def read_video(
    path: str,
    frames: int,
    side: int,
    channels: int,
    *,
    invert: bool = False,
    standardised: bool = False,
) -> np.ndarray:
    """Reads an animated image file, frame by frame as `read_image` does.

    Args:
        path: The file: TIFF, GIF, PNG or another that Pillow reads.
        frames: T, how many it must have.
        side, channels, invert, standardised: As for `read_image`, frame by
            frame.

    Returns:
        [T, side, side, channels] uint8.

    Raises:
        UserError: If the file is not there, is not a sound image, or has
            another number of frames.
    """
    images = _open(
        path,
        lambda file: [_flat(frame, channels) for frame in _frames(path, file)],
    )
    if len(images) != frames:
        raise UserError(
            f"{path!r} must have {frames} frames, as the model's videos. "
            f"Received: {len(images)}"
        )
    return np.stack(
        [
            _canvas(image, side, channels, invert, standardised)
            for image in images
        ]
    )


def _open(path: str, read: Callable[[Image.Image], Any]) -> Any:
    """What is read of a file, once its first image is decoded."""
    regular.check(path)
    with contextlib.ExitStack() as stack:
        with _decoding(path):
            # Pillow leaves a file open that it does not understand.
            content = stack.enter_context(open(path, "rb"))
            file = stack.enter_context(Image.open(content))
            file.load()
        with _explained(path, _UNREADABLE):
            return read(file)


def _frames(path: str, file: Image.Image) -> Iterator[Image.Image]:
    """The images of a file, decoded one by one."""
    frames = ImageSequence.Iterator(file)
    while True:
        with _decoding(path):
            frame = next(frames, None)
            if frame is not None:
                frame.load()
        if frame is None:
            return
        yield frame


@contextlib.contextmanager
def _decoding(path: str) -> Iterator[None]:
    """Of Pillow alone: what it raises depends on format and damage."""
    try:
        with _explained(path, (Exception,)):
            yield
    except FileNotFoundError as error:
        raise UserError(f"There is no image file {path!r}.") from error


@contextlib.contextmanager
def _explained(
    path: str, errors: tuple[type[Exception], ...]
) -> Iterator[None]:
    """Such errors, told as the file's."""
    try:
        yield
    except FileNotFoundError:
        raise
    except errors as error:
        if str(error).startswith(repr(path)):  # It is told already.
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{path!r} is not an image that can be read: {reason}"
        ) from error


def _canvas(
    image: Image.Image,
    side: int | None,
    channels: int,
    invert: bool,
    standardised: bool = False,
) -> np.ndarray:
    if invert:
        image = ImageOps.invert(image)
    if side is not None and max(image.size) > side:
        image = ImageOps.contain(image, (side, side))
    if standardised:
        image = Image.fromarray(standardise(np.asarray(image)))
    if side is None:
        return _pixels(image, channels)
    canvas = Image.new(image.mode, (side, side))
    offset = ((side - image.width) // 2, (side - image.height) // 2)
    canvas.paste(image, offset)
    return _pixels(canvas, channels)


def _flat(file: Image.Image, channels: int) -> Image.Image:
    """What a viewer shows of a file, on black."""
    return _upright(file).convert("L" if channels == 1 else "RGB")


def _upright(file: Image.Image) -> Image.Image:
    """The picture upright, with eight bits a channel."""
    image = ImageOps.exif_transpose(file)
    if image.mode in ("I", "F"):  # Pillow would clamp it at 255.
        raise UserError(
            "It has 32 bits a pixel, whose range is unknown; save it with 8 or "
            "16 bits a channel."
        )
    if image.mode.startswith("I;16"):  # Pillow would clamp it at 255.
        high = np.asarray(image) >> 8
        return Image.fromarray(high.astype(np.uint8))
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, "black")
        return Image.alpha_composite(black, image.convert("RGBA"))
    return image


def _pixels(image, channels):
    return np.asarray(image).reshape(image.height, image.width, channels)
