"""What is looked at."""

import dataclasses
import re

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting


@dataclasses.dataclass(frozen=True)
class Splits(Settings):
    """What training, validation and test must not have in common."""

    strict_splits: bool = setting(
        False,
        "Whether images of equal content, in two splits or twice in "
        "one, are an error. Otherwise they are counted and named at the "
        "start.",
    )


@dataclasses.dataclass(frozen=True)
class Folders(Settings):
    """Pictures in folders, of `trainers.classify`."""

    train_dir: str | None = setting(
        None, "Folder with a sub-folder of pictures for each class.", path=True
    )
    test_dir: str | None = setting(
        None,
        "Folder like --train_dir with other pictures, for the test. "
        "Without it, the result is the error on validation.",
        path=True,
    )
    validation_fraction: float = setting(
        0.2,
        "Share of --train_dir's pictures that is held out, to choose "
        "the best weights.",
        least=0.01,
        most=0.99,
    )
    stream: bool = setting(
        False,
        "Whether pictures are read from disk again whenever they are needed, "
        "instead of being kept. Those that would take more than half of the "
        "memory always are. The batches are the same.",
    )


@dataclasses.dataclass(frozen=True)
class Scene(Settings):
    """What is composed of an image."""

    canvas: int = setting(28, "Side of the canvas in pixels.", least=1)
    clutter: int = setting(
        0, "Number of patches of other digits on a canvas.", least=0
    )
    clutter_size: int = setting(8, "Side of a patch in pixels.", least=1)
    place: str = setting(
        "anywhere",
        "Where digits are put: anywhere, or with their centre in the "
        "left or the right half of the canvas.",
        choices=("anywhere", "left", "right"),
    )
    jitter: int = setting(
        0,
        "Largest number of pixels by which a training digit is moved at "
        "random in each direction, beside its place. What leaves the "
        "canvas is cut off.",
        least=0,
    )
    distort: float = setting(
        0.0,
        "How far a training digit is stretched, sheared and turned at "
        "random: each pixel is moved by up to this share of its "
        "distance from the middle. What leaves the image is cut off.",
        least=0.0,
        most=0.5,
    )
    lighting: float = setting(
        0.0,
        "The largest share by which the contrast and the brightness of a "
        "training photograph are changed at random.",
        least=0.0,
        most=0.9,
    )
    grow: float = setting(
        0.0,
        "Share of the training during which the square that training "
        "digits lie in grows evenly, from the middle to the whole canvas, "
        "so that the way to a digit is short at first.",
        least=0.0,
        most=1.0,
    )
    mixed: tuple[str, ...] = setting(
        (),
        "Canvases that are trained on in turn, a few steps each, as "
        "SIDExPATCHES between commas, such as 128x18,256x64. One may be "
        "listed twice. --canvas and --clutter then only say what is "
        "measured on.",
    )
    frames: int = setting(
        0,
        "Number of frames of a video, in which the digit drifts over "
        "clutter that stands still; there is one glimpse a frame. 0 "
        "makes still images.",
        least=0,
    )
    speed: float = setting(
        3.0,
        "Speed of the digit in a video, in pixels a frame. The "
        "direction is random, and the digit is reflected at the edges "
        "of the canvas.",
        least=0.0,
    )

    def check(self):
        for words in self.mixed:
            if not re.fullmatch("[1-9][0-9]*x[0-9]+", words):
                raise UserError(
                    "--mixed must be canvases between commas, each SIDExPATCHES"
                    f", such as 256x64. Received: {words!r}"
                )

    @property
    def trained(self) -> tuple[tuple[int, int], ...]:
        """(side, patches) of the canvases that are trained on."""
        if not self.mixed:
            return ((self.canvas, self.clutter),)
        return tuple(tuple(map(int, words.split("x"))) for words in self.mixed)


@dataclasses.dataclass(frozen=True)
class Digits(Settings):
    """Numbers, of `trainers.numbers`."""

    canvas: int = setting(28, "Side of the canvas in pixels.", least=1)
    max_digits: int = setting(
        5,
        "Largest number of digits of a number. Each digit is answered "
        "in turn, and then the end.",
        least=1,
    )
    svhn_dir: str | None = setting(
        None,
        "Folder with train/ and test/ of SVHN's full numbers. By "
        "default numbers are composed of the digits of --source.",
        path=True,
    )


@dataclasses.dataclass(frozen=True)
class Photographed(Settings):
    """Photographs, and what is pasted into them."""

    backgrounds: str | None = setting(
        None,
        "Folder of photographs, each at least as large as the canvas. A fifth "
        "of them, and at least four, are for validation, and as many for the "
        "test.",
        path=True,
    )
    canvas: int = setting(
        512, "Side of the photographs' crops in pixels.", least=64, most=8192
    )
    distractors: int = setting(
        10,
        "Number of pieces of other photographs that are pasted in the same "
        "way as the sign.",
        least=0,
    )


@dataclasses.dataclass(frozen=True)
class Hidden(Photographed):
    """A sign hidden in a photograph."""

    grow: float = setting(
        0.0,
        "Share of the training over which the square that the sign lies in "
        "grows evenly, from the middle to the whole canvas.",
        least=0.0,
        most=1.0,
    )
