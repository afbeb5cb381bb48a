"""Files of sixteen bits a channel, at all their depth.

Pillow gives grey ones whole, and of colours the upper eight bits alone. The
lower ones are what it takes for the upper ones where it is told the other
order of bytes.
"""

import sys

import numpy as np
from PIL import Image, ImageOps

_FULL = 65_535
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0  # Of TIFF 6.0, section 3.
_OTHER_ORDER = {"B": "L", "L": "B"}
_OTHER_ORDER["N"] = "B" if sys.byteorder == "little" else "L"
_COLOURS = ("RGB", "RGBA", "RGBX")


def sixteen_bits(file: Image.Image, path: str) -> np.ndarray | None:
    """The frame that a file stands at, upright, as its numbers are.

    Args:
        file: Opened, its pixels not yet loaded.
        path: Where it was opened.

    Returns:
        [H, W, n] uint16: grey or three colours, and alpha if there is any; or
        None if a channel has another number of bits.
    """
    colours, _, order = _raw_mode(file).partition(";16")
    if file.mode.startswith("I;16"):
        return _with_key(_upright(file)[..., None], file)
    if colours == "LA" and order == "B":
        four = _upright(_unpacked(file, "RGBA")).astype(np.uint16)
        return four[..., ::2] << 8 | four[..., 1::2]
    if colours not in _COLOURS or order not in _OTHER_ORDER:
        return None
    with Image.open(path) as again:
        again.seek(file.tell())
        swapped = f"{colours};16{_OTHER_ORDER[order]}"
        low = _upright(_unpacked(again, swapped))
    both = _upright(file).astype(np.uint16) << 8 | low
    return _with_key(both, file)


def is_negative(file: Image.Image) -> bool:
    """Whether the numbers of a TIFF file grow as it becomes darker.

    Of eight bits and fewer Pillow turns them by itself, of sixteen it does not.
    """
    tags = getattr(file, "tag_v2", {})
    return tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def turned(values: np.ndarray) -> np.ndarray:
    """The negative of a frame at full scale, whose alpha stays."""
    colours = 1 if values.shape[-1] < 3 else 3
    return np.concatenate(
        [_FULL - values[..., :colours], values[..., colours:]], axis=-1
    )


def to_full_scale(frames: list[np.ndarray]) -> list[np.ndarray]:
    """Stretches the bits that a file uses over all sixteen.

    How many these are is read off the largest value in all frames and colours:
    one from 2048 to 4095 makes twelve, of which 4095 becomes 65535. A file that
    uses sixteen stays as it is. Alpha is stretched by itself.

    Args:
        frames: Of one file, each [H, W, n] uint16, as `sixteen_bits` gives.
    """
    colours = 1 if frames[0].shape[-1] < 3 else 3
    return [
        np.concatenate(parts, axis=-1)
        for parts in zip(
            _stretched([frame[..., :colours] for frame in frames]),
            _stretched([frame[..., colours:] for frame in frames]),
            strict=True,
        )
    ]


def on_ground(values: np.ndarray, ground: str) -> np.ndarray:
    """Colours without alpha, [H, W, 1 or 3], on a "black" or "white" ground."""
    if values.shape[-1] in (1, 3):
        return values
    colour, alpha = values[..., :-1].astype(float), values[..., -1:] / _FULL
    behind = _FULL * (ground == "white")
    return np.rint(alpha * colour + (1 - alpha) * behind).astype(np.uint16)


def as_channels(values: np.ndarray, channels: int) -> np.ndarray:
    """Grey [H, W, 1] from three colours, or three from grey.

    Grey weighs the colours as Pillow does.
    """
    if channels == 1 and values.shape[-1] == 3:
        weights = np.array([19_595, 38_470, 7_471], np.uint64)
        total = values.astype(np.uint64) @ weights
        return ((total + 32_768) >> 16).astype(np.uint16)[..., None]
    return np.repeat(values, channels // values.shape[-1], axis=-1)


def _stretched(frames: list[np.ndarray]) -> list[np.ndarray]:
    largest = max((int(frame.max(initial=0)) for frame in frames), default=0)
    top = 2 ** largest.bit_length() - 1
    if top in (0, _FULL):
        return frames
    return [
        (frame.astype(np.uint32) * _FULL // top).astype(np.uint16)
        for frame in frames
    ]


def _raw_mode(file: Image.Image) -> str:
    """How the bytes of a file are laid out, in Pillow's words."""
    tiles = getattr(file, "tile", None)
    args = tiles[0][3] if tiles else ""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _unpacked(file: Image.Image, raw_mode: str) -> Image.Image:
    """The file, its bytes to be taken as if they were laid out so."""
    file.tile = [
        tile._replace(
            args=(raw_mode, *tile.args[1:])
            if isinstance(tile.args, tuple)
            else raw_mode
        )
        for tile in file.tile
    ]
    return file


def _upright(file: Image.Image) -> np.ndarray:
    # Of RGBX the fourth channel is none.
    return np.asarray(ImageOps.exif_transpose(file))


def _with_key(values: np.ndarray, file: Image.Image) -> np.ndarray:
    """With alpha, if the file says that one colour is transparent."""
    key = file.info.get("transparency")
    if not isinstance(key, int | tuple):
        return values
    seen = (values != np.array(key, np.uint16)).any(-1, keepdims=True)
    return np.concatenate([values, _FULL * seen.astype(np.uint16)], axis=-1)
