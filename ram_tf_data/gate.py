"""What a picture goes through between its file and a model: the one place.

In this order: it is turned upright, and the bits that its file uses are
stretched to all (`depth`); what is transparent is put on a ground; it is made
grey or coloured; its polarity is turned, or its ink is found (`ink`); it is
scaled down to fit, standardised (`contrast`), and put on a black canvas. It
imports no TensorFlow.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, ImageSequence

from ram_tf_data import depth, ink, memory
from ram_tf_data.contrast import standardise
from ram_tf_data.errors import UserError


class Seen(NamedTuple):
    """A picture, or a video, as a model gets it.

    Attributes:
        pixels: [H, W, C] or [T, H, W, C] uint8.
        blank: Whether it has a single value wherever it is not canvas.
        light: Whether more than half of it is lighter than half.
    """

    pixels: np.ndarray
    blank: bool
    light: bool


@dataclasses.dataclass(frozen=True)
class Gate:
    """How pictures become what a model looks at.

    Attributes:
        side: Pixels along a side of the canvas; larger images are scaled down
            with their aspect kept, to one pixel at least; smaller ones are put
            in the middle. None takes an image as it is.
        channels: 1 (grey) or 3 (colour).
        invert: Whether to turn dark on light into light on dark. What is
            transparent stands on white then, else on black.
        standardised: Whether to give each image, each frame of a video, equal
            brightness and contrast.
        find_ink: Whether the picture is a drawing or a photograph of one digit,
            dark or light, which is to be found and laid as MNIST's digits are.
            What is transparent stands on whichever ground shows it.
        frames: T, how many a video must have; None for a still image.

    Raises:
        UserError: On settings that do not go together, or a canvas that this
            machine cannot hold.
    """

    side: int | None
    channels: int
    invert: bool = False
    standardised: bool = False
    find_ink: bool = False
    frames: int | None = None

    def __post_init__(self):
        if self.find_ink and self.invert:
            raise UserError(
                "--find_ink finds out whether ink is dark or light, and takes "
                "no --invert. Received: both"
            )
        if self.find_ink and self.frames:
            raise UserError(
                "--find_ink is for still images. Received: a model of videos "
                f"of {self.frames} frames"
            )

        if self.side:
            memory.check(
                "The canvas that a picture is put on",
                self.side**2 * self.channels * (self.frames or 1),
                f"a side of {self.side} pixels",
            )

    def see(self, file: Image.Image, path: str) -> Seen:
        """What an opened file becomes.

        Raises:
            UserError: If it has another number of frames, or a depth that is
                not known.
        """
        frames = self._decode(file, path)
        if self.frames is None:
            return self._through(frames[0])
        if len(frames) != self.frames:
            raise UserError(
                f"{path!r} must have {self.frames} frames, as the model's "
                f"videos. Received: {len(frames)}"
            )
        seen = [self._through(frame) for frame in frames]
        pixels, blank, light = zip(*seen, strict=True)
        return Seen(np.stack(pixels), all(blank), all(light))

    def _decode(self, file: Image.Image, path: str) -> list[np.ndarray]:
        """Frames [h, w, C] upright on their ground; uint8, or deeper uint16.

        They stay deep where values are stretched later, by as much as they
        need; else they are cut to bytes here.
        """
        frames, deep = [], []
        for frame in ImageSequence.Iterator(file) if self.frames else [file]:
            values = depth.sixteen_bits(frame, path)
            if values is None:
                frames.append(self._flat(_eight_bits(frame, path)))
            else:
                deep.append(values)
        if frames and deep:
            raise UserError(
                f"{path!r} must have as many bits a channel in all frames. "
                "Received: 8 in some, 16 in others"
            )
        whole = depth.to_full_scale(deep) if deep else []
        if depth.is_negative(file):
            whole = [depth.turned(values) for values in whole]
        return frames or [self._flat_deep(values) for values in whole]

    def _flat_deep(self, values: np.ndarray) -> np.ndarray:
        image = _image((values >> 8).astype(np.uint8))
        if not (self.standardised or self.find_ink):
            return self._flat(image)
        ground = self._ground(image)
        return depth.as_channels(depth.on_ground(values, ground), self.channels)

    def _flat(self, image: Image.Image) -> np.ndarray:
        """What a viewer shows of eight bits a channel, on the ground."""
        if image.has_transparency_data:
            image = image.convert("RGBA")
            ground = Image.new("RGBA", image.size, self._ground(image))
            image = Image.alpha_composite(ground, image)
        return _array(image.convert("L" if self.channels == 1 else "RGB"))

    def _ground(self, image: Image.Image) -> str:
        if self.find_ink and image.has_transparency_data:
            grey, alpha = _array(image.convert("LA")).astype(float).T
            dark = (alpha * (grey - 127.5)).sum() < 0
            return "white" if dark else "black"
        return "white" if self.invert else "black"

    def _through(self, picture: np.ndarray) -> Seen:
        top = np.iinfo(picture.dtype).max
        if self.invert:
            picture = top - picture
        light = bool(np.median(picture) > top / 2)
        if self.find_ink:
            picture = np.repeat(ink.find(picture), self.channels, axis=-1)
        if self.side is not None and max(picture.shape) > self.side:
            picture = _fitted(picture, self.side)
        if self.standardised:
            picture = standardise(picture)
        blank = bool((picture == picture[:1, :1]).all())
        return Seen(self._on_canvas(picture), blank, light)

    def _on_canvas(self, picture: np.ndarray) -> np.ndarray:
        if self.side is None:
            return picture
        canvas = np.zeros((self.side, self.side, self.channels), np.uint8)
        height, width = picture.shape[:2]
        top, left = (self.side - height) // 2, (self.side - width) // 2
        canvas[top : top + height, left : left + width] = picture
        return canvas


def _eight_bits(file: Image.Image, path: str) -> Image.Image:
    image = ImageOps.exif_transpose(file)
    if image.mode in ("I", "F"):  # Pillow would clamp it at 255.
        raise UserError(
            f"{path!r} has 32 bits a pixel, whose range is unknown; save it "
            "with 8 or 16 bits a channel."
        )
    return image


def _fitted(picture: np.ndarray, side: int) -> np.ndarray:
    """Scaled to a longer side of so many pixels."""
    height, width = picture.shape[:2]
    if width > height:
        size = side, max(1, round(height / width * side))
    else:
        size = max(1, round(width / height * side)), side
    if picture.dtype == np.uint8:
        return _array(_image(picture).resize(size, Image.Resampling.BICUBIC))
    planes = [
        Image.fromarray(plane.astype(np.float32)).resize(
            size, Image.Resampling.BICUBIC
        )
        for plane in np.moveaxis(picture, -1, 0)
    ]
    scaled = np.rint(np.stack(planes, axis=-1))
    return scaled.clip(0, np.iinfo(picture.dtype).max).astype(picture.dtype)


def _image(values: np.ndarray) -> Image.Image:
    """Of [H, W, n] uint8."""
    return Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values)


def _array(image: Image.Image) -> np.ndarray:
    """[H, W, n] uint8."""
    return np.asarray(image).reshape(image.height, image.width, -1)
