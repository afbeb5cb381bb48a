"""What an encoded picture goes through before a model, in the exported graph.

It is what `ram_tf_data.gate` does with files, in the same order and to the bit,
for PNG and JPEG. What the graph cannot do is refused, by an
InvalidArgumentError with a sentence.
"""

import dataclasses

import tensorflow as tf

from ram_tf.served import picture_values
from ram_tf.served.picture_facts import JPEG, NONE, Facts, facts
from ram_tf.served.resample import fitted
from ram_tf.validation import check_choice, check_positive_int

# As ram_tf_data.contrast has them; a test holds the two together.
_MEAN, _DEVIATION, _LEAST, _PER_BYTE = 128, 64, 4, 257


@dataclasses.dataclass(frozen=True)
class Pictures:
    """How encoded pictures become what a model looks at.

    Attributes:
        channels: 1 (grey) or 3 (colour).
        side: Pixels along a side of the black canvas; larger pictures are
            scaled down with their aspect kept, smaller ones are put in the
            middle. None takes pictures as they are.
        invert: Whether to turn dark on light into light on dark. What is
            transparent stands on white then, else on black.
        standardised: Whether to give each picture equal brightness and
            contrast.

    Raises:
        UserError: On other numbers.
    """

    channels: int
    side: int | None = None
    invert: bool = False
    standardised: bool = False

    def __post_init__(self):
        check_choice("channels", self.channels, (1, 3))
        if self.side is not None:
            check_positive_int("side", self.side)

    def seen(self, contents: tf.Tensor, max_side: int) -> tf.Tensor:
        """Files, strings [B] of unknown shape, as images [B, H, W, C] uint8.

        Raises:
            InvalidArgumentError: When the graph runs, on what is no picture,
                or one that cannot be shown as it is.
        """
        contents = _checked_batch(contents)
        known = tf.map_fn(
            facts,
            contents,
            fn_output_signature=Facts(*[tf.int32] * len(Facts._fields)),
        )
        checked = self._check(known, max_side)
        with tf.control_dependencies(checked):
            contents = tf.identity(contents)
        images, blank = tf.map_fn(
            lambda one: self._see(*one),
            (contents, known),
            fn_output_signature=(
                tf.TensorSpec([self.side, self.side, self.channels], tf.uint8),
                tf.TensorSpec([], tf.bool),
            ),
        )
        rule = "is blank: all its pixels have a single value."
        with tf.control_dependencies([_no(blank, rule)]):
            return tf.identity(images)

    def _check(self, known: Facts, max_side: int):
        longest = tf.maximum(known.height, known.width)
        shortest = tf.minimum(known.height, known.width)
        colours = (known.channels == 1) | (known.channels == 3)
        wrong = {
            "it must be a PNG or JPEG file.": known.kind == NONE,
            "it must be grey or of three colours.": (
                (known.kind == JPEG) & ~colours
            ),
            "it may say in a way that is not read here how it is turned: save "
            "it upright, or with EXIF data.": known.unread > 0,
            f"the sides of an image must be 1 to {max_side} pixels.": (
                (shortest < 1) | (longest > max_side)
            ),
        }
        checks = [
            _no(where, f"is not an image that can be read: {rule}")
            for rule, where in wrong.items()
        ]
        if self.side is None:
            checks.append(_check_one_size(known))
        return checks

    def _see(self, content, known: Facts):
        """One file on its canvas, and whether it is blank."""
        if not self.standardised:
            picture = self._through(content, known, deep=False)
        else:
            picture = tf.cond(
                known.depth > 8,
                lambda: self._through(content, known, deep=True),
                lambda: self._through(content, known, deep=False),
            )
        picture = tf.ensure_shape(picture, [None, None, self.channels])
        blank = tf.reduce_all(picture == picture[:1, :1])
        return self._on_canvas(picture), blank

    def _through(self, content, known: Facts, deep: bool):
        """Decoded, fitted and standardised, [h, w, C] uint8."""
        decode = (
            picture_values.sixteen_bits if deep else picture_values.eight_bits
        )
        top = 65_535 if deep else 255
        ground = top if self.invert else 0
        picture = decode(content, known, self.channels, ground)
        if self.invert:
            picture = top - picture
        if self.side is not None:
            picture = fitted(picture, self.side, deep)
        return _standardise(picture, top) if self.standardised else picture

    def _on_canvas(self, picture):
        if self.side is None:
            return picture
        before = (self.side - tf.shape(picture)[:2]) // 2
        after = self.side - tf.shape(picture)[:2] - before
        around = tf.stack([before, after], axis=1)
        return tf.pad(picture, tf.concat([around, [[0, 0]]], 0))


def _checked_batch(contents):
    """Strings of unknown shape as [B], at least one."""
    rule = "`image_bytes` must be a vector with a file for each picture."
    good = (tf.rank(contents) == 1) & (tf.size(contents) > 0)
    words = [rule, "Received shape:", tf.shape(contents)]
    check = tf.debugging.Assert(good, words)
    with tf.control_dependencies([check]):
        return tf.reshape(contents, [-1])


def _no(where, rule: str):
    """Refuses the first picture of a batch that a rule is broken by."""
    first = tf.argmax(tf.cast(where, tf.int32))
    words = tf.strings.join(
        ["picture ", tf.strings.as_string(first), " ", rule]
    )
    return tf.debugging.Assert(~tf.reduce_any(where), [words])


def _check_one_size(known: Facts):
    """Pictures as they are make a batch only where they have one size."""
    across = known.orientation >= 5
    heights = tf.where(across, known.width, known.height)
    widths = tf.where(across, known.height, known.width)
    sizes = tf.stack([heights, widths], axis=1)
    good = tf.reduce_all(sizes == sizes[:1])
    rule = "Pictures of a batch must have one size: they are taken as they are."
    words = [rule, "Received sizes:", sizes]
    return tf.debugging.Assert(good, words, summarize=16)


def _standardise(picture, top: int):
    """Equal brightness and contrast, by sums of whole numbers; uint8."""
    unit = 1 if top == 255 else _PER_BYTE
    picture = tf.cast(picture, tf.int32)
    values = tf.range(top + 1, dtype=tf.int64)
    counts = tf.math.bincount(
        tf.reshape(picture, [-1]), minlength=top + 1, dtype=tf.int64
    )
    size = tf.cast(tf.size(picture), tf.float64)
    mean = tf.cast(tf.reduce_sum(counts * values), tf.float64) / size
    squares = tf.cast(tf.reduce_sum(counts * values**2), tf.float64) / size
    deviation = tf.sqrt(tf.maximum(squares - mean**2, 0.0))
    scale = _DEVIATION / tf.maximum(deviation, 1.0 * _LEAST * unit)
    moved = _MEAN + scale * (tf.cast(values, tf.float64) - mean)
    table = tf.cast(tf.clip_by_value(tf.round(moved), 0, 255), tf.uint8)
    return tf.gather(table, picture)
