"""Image files as canvases."""

import pathlib
import sys
import traceback
from typing import BinaryIO

import numpy as np
import PIL
from PIL import Image

from ram_tf_data import regular
from ram_tf_data.errors import UserError
from ram_tf_data.gate import Gate, Seen

_PILLOW = pathlib.Path(PIL.__file__).parent


def read(path: str, gate: Gate) -> Seen:
    """Reads an image file, or an animated one, as a gate says.

    Args:
        path: The file, of any kind that Pillow reads.
        gate: What becomes of it.

    Raises:
        UserError: If the file is not there, is not a sound image, or has
            another number of frames than the gate's.
    """
    regular.check(path)
    # Pillow leaves a file open that it does not understand.
    with _opened(path) as content:
        try:
            with Image.open(content) as file:
                return gate.see(file, path)
        except UserError:  # It names the file.
            raise
        except Exception as error:  # Pillow's depends on format and damage.
            if not (isinstance(error, OSError) or _is_pillows(error)):
                raise  # A fault of ours.
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(
                f"{path!r} is not an image that can be read: {reason}"
            ) from error


def _opened(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except FileNotFoundError as error:
        raise UserError(f"There is no image file {path!r}.") from error
    except (OSError, ValueError) as error:  # A name with a zero byte, for one.
        raise UserError(f"{path!r} cannot be read: {error}") from error


def _is_pillows(error: Exception) -> bool:
    """Whether it was raised inside Pillow, or by what Pillow calls."""
    frames = traceback.extract_tb(error.__traceback__)
    paths = (pathlib.Path(frame.filename) for frame in frames)
    return any(path.is_relative_to(_PILLOW) for path in paths)


def read_to_ask(path: str, gate: Gate) -> np.ndarray:
    """Reads what a model is asked about; says on stderr what may be wrong.

    Raises:
        UserError: As `read`, or if the picture is blank.
    """
    seen = read(path, gate)
    if seen.blank:
        raise UserError(_blank(path, gate))
    plain = not (gate.standardised or gate.find_ink)
    if seen.light and plain and gate.channels == 1:
        print(
            f"note: {path} is mostly light. Models of digits know light "
            "strokes on black: --find_ink finds a drawn or photographed digit, "
            f"--invert {'was given' if gate.invert else 'turns its values'}.",
            file=sys.stderr,
        )
    return seen.pixels


def read_image(
    path: str,
    side: int | None,
    channels: int,
    *,
    invert: bool = False,
    standardised: bool = False,
    find_ink: bool = False,
) -> np.ndarray:
    """Reads an image file onto a black square canvas, through the `Gate`.

    Args:
        path: The file, of any kind that Pillow reads.
        side, channels, invert, standardised, find_ink: As for `Gate`.

    Returns:
        [side, side, channels] uint8; or [height, width, channels].

    Raises:
        UserError: If the file is not there, or is not a sound image.
    """
    gate = Gate(side, channels, invert, standardised, find_ink)
    return read(path, gate).pixels


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
        side, channels, invert, standardised: As for `Gate`.

    Returns:
        [T, side, side, channels] uint8.

    Raises:
        UserError: If the file is not there, is not a sound image, or has
            another number of frames.
    """
    gate = Gate(side, channels, invert, standardised, frames=frames)
    return read(path, gate).pixels


def _blank(path: str, gate: Gate) -> str:
    if gate.find_ink:
        return f"{path!r} is blank: --find_ink finds no ink in it."
    with Image.open(path) as file:
        transparent = file.has_transparency_data and not gate.invert
    hint = " --invert puts what is transparent on white." * transparent
    return f"{path!r} is blank: all its pixels have a single value.{hint}"
