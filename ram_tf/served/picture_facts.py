"""What a PNG or JPEG file says of its picture, read in a graph.

Pixels are not decoded for it, so that what is too large is refused at once.
Which way up a picture is stands in its EXIF data, or else in XMP; both are read
where Pillow reads them.
"""

from typing import NamedTuple

import tensorflow as tf

NONE, PNG, JPEG = range(3)

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_JPEG_MAGIC = b"\xff\xd8\xff"
_EXIF = {PNG: b"eXIf", JPEG: b"Exif\0\0"}
_SEGMENTS = 20_000  # Of a file; more are not looked through.
_ORIENTATION = 0x0112
# Types of an EXIF value: BYTE, SHORT, LONG, and their bytes.
_WHOLE = {1: 1, 3: 2, 4: 4}
# Where Pillow finds an orientation and this does not.
_UNREAD = (b"Raw profile type exif", b"XML:com.adobe.xmp\0\1")


class Facts(NamedTuple):
    """Of a file, each a scalar int32; of several, [B].

    Attributes:
        kind: PNG, JPEG or NONE of both; then all else is 0.
        height, width: In pixels, as they are stored.
        depth: Bits of a channel.
        channels: Of a JPEG file.
        orientation: 1 to 8, as EXIF counts; 1 is upright.
        unread: 1 where an orientation may stand where it is not read.
    """

    kind: tf.Tensor
    height: tf.Tensor
    width: tf.Tensor
    depth: tf.Tensor
    channels: tf.Tensor
    orientation: tf.Tensor
    unread: tf.Tensor


def facts(content: tf.Tensor) -> Facts:
    """Reads a file, a scalar string."""
    nothing = tf.constant(0)
    return tf.case(
        [
            (_begins(content, _PNG_MAGIC), lambda: _of_png(content)),
            (_begins(content, _JPEG_MAGIC), lambda: _of_jpeg(content)),
        ],
        lambda: Facts(*[nothing] * len(Facts._fields)),
        exclusive=True,
    )


def _of_png(content) -> Facts:
    data = _Bytes(content)
    exif = _where_it_is(content, PNG, lambda: _png_exif(data))
    orientation, unread = _orientation(content, data, exif)
    return Facts(
        tf.constant(PNG),
        height=data.number(20, 4),
        width=data.number(16, 4),
        depth=data.number(24, 1),
        channels=tf.constant(0),
        orientation=orientation,
        unread=unread,
    )


def _of_jpeg(content) -> Facts:
    data = _Bytes(content)
    exif = _where_it_is(content, JPEG, lambda: _jpeg_exif(data))
    orientation, unread = _orientation(content, data, exif)
    height, width, channels = tf.unstack(tf.io.extract_jpeg_shape(content))
    return Facts(
        tf.constant(JPEG),
        height=height,
        width=width,
        depth=tf.constant(8),
        channels=channels,
        orientation=orientation,
        unread=unread,
    )


class _Bytes:
    """A file's bytes as numbers; behind its end there are zeros.

    Args:
        content: A scalar string.
    """

    def __init__(self, content: tf.Tensor):
        self._data = tf.pad(tf.io.decode_raw(content, tf.uint8), [[0, 1]])
        self.end = tf.size(self._data) - 1

    def __getitem__(self, at):
        inside = (at >= 0) & (at < self.end)
        place = tf.where(inside, at, self.end)
        return tf.cast(tf.gather(self._data, place), tf.int32)

    def number(self, at, length: int, little=False) -> tf.Tensor:
        """The number, or numbers, at a place; negative from 2^31 on."""
        places = tf.range(length)
        order = tf.where(little, places, length - 1 - places)
        values = self[tf.expand_dims(at, -1) + places]
        return tf.reduce_sum(tf.bitwise.left_shift(values, 8 * order), -1)

    def equal(self, at, words: bytes) -> tf.Tensor:
        """Whether these stand at a place."""
        return tf.reduce_all(self[at + tf.range(len(words))] == list(words))


def _begins(content, magic: bytes):
    return tf.strings.substr(content, 0, len(magic)) == magic


def _has(content, words: bytes):
    """Whether a file has these bytes anywhere."""
    return tf.size(tf.strings.split(content, words)) > 1


def _where_it_is(content, kind: int, walk):
    """Where EXIF data begin in a file; -1 if there are none."""
    there = _has(content, _EXIF[kind])
    return tf.cond(there, walk, lambda: tf.constant(-1))


def _png_exif(data: _Bytes):
    """Walks from chunk to chunk."""

    def step(at, found):
        length = data.number(at, 4)
        found = tf.where(data.equal(at + 4, b"eXIf"), at + 8, found)
        # A length that cannot be is the end.
        following = at + 12 + length
        sound = (length >= 0) & (following > at)
        return tf.where(sound, following, data.end), found

    return _walk(data, step, start=8)


def _jpeg_exif(data: _Bytes):
    """Walks from segment to segment, up to the pixels."""

    def step(at, found):
        marker, length = data[at + 1], data.number(at + 2, 2)
        is_exif = (marker == 0xE1) & data.equal(at + 4, b"Exif\0\0")
        found = tf.where(is_exif, at + 10, found)
        alone = (marker == 0x01) | ((marker >= 0xD0) & (marker <= 0xD8))
        further = tf.where(alone, 2, tf.where(marker == 0xFF, 1, 2 + length))
        last = (data[at] != 0xFF) | (marker == 0xDA) | (marker == 0xD9)
        return tf.where(last, data.end, at + further), found

    return _walk(data, step, start=2)


def _walk(data: _Bytes, step, start: int):
    _, found = tf.while_loop(
        lambda at, found: (at < data.end) & (found < 0),
        step,
        (tf.constant(start), tf.constant(-1)),
        maximum_iterations=_SEGMENTS,
    )
    return found


def _orientation(content, data: _Bytes, exif):
    """Which way up it is, and whether that may stand where it is not read."""
    told = tf.cond(exif < 0, lambda: tf.constant(0), lambda: _tag(data, exif))
    told = tf.cond(told == 0, lambda: _of_xmp(content), lambda: told)
    places = tf.stack([_has(content, words) for words in _UNREAD])
    unread = (told == 0) & tf.reduce_any(places)
    usual = (told >= 1) & (told <= 8)
    return tf.where(usual, told, 1), tf.cast(unread, tf.int32)


def _tag(data: _Bytes, start):
    """The orientation in EXIF data that start at a place; 0 if there is none.

    They are a small TIFF file: an order of bytes, and a list of entries.
    """
    little = data[start] == ord("I")
    entries = start + data.number(start + 4, 4, little)
    count = data.number(entries, 2, little)
    at = entries + 2 + 12 * tf.range(count)
    kind = data.number(at + 2, 2, little)
    single = data.number(at + 4, 4, little) == 1
    value = tf.zeros_like(at)
    for number, length in _WHOLE.items():
        read = data.number(at + 8, length, little)
        value = tf.where((kind == number) & single, read, value)
    is_told = data.number(at, 2, little) == _ORIENTATION
    # The last one counts; the zero is for where there is none.
    return tf.concat([[0], tf.boolean_mask(value, is_told)], 0)[-1]


def _of_xmp(content):
    """The orientation in XMP, tiff:Orientation="6" or >6<; or 0."""
    pieces = tf.strings.split(content, b"tiff:Orientation")[1:]
    begin = tf.strings.substr(pieces, 0, 3)
    quoted = tf.strings.regex_full_match(begin, '="[0-9]')
    bare = tf.strings.regex_full_match(tf.strings.substr(begin, 0, 2), ">[0-9]")
    found = tf.boolean_mask(begin, quoted | bare)
    digits = tf.strings.regex_replace(found, "[^0-9]", "")
    first = tf.concat([digits, ["0"]], 0)[0]
    return tf.strings.to_number(tf.strings.substr(first, 0, 1), tf.int32)
