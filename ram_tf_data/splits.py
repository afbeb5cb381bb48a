"""What a source gives: labelled images, in disjoint splits."""

from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
    """Labelled images.

    Attributes:
        image: [n, h, w, C] uint8.
        label: [n] int32.
    """

    image: np.ndarray
    label: np.ndarray


class Source(NamedTuple):
    """Disjoint splits, and how often evaluation places each image.

    Attributes:
        train: Trained on.
        validation: Models are chosen on it.
        test: Read once, at the end; None if there is none.
        num_classes: K.
        repeats: Canvases made of each validation or test image.
        class_names: K names; None if the classes are just numbers.
    """

    train: Split
    validation: Split
    test: Split | None
    num_classes: int
    repeats: int
    class_names: tuple[str, ...] | None = None

    @property
    def splits(self) -> dict[str, Split]:
        """Those that there are, by name."""
        three = {
            "train": self.train,
            "validation": self.validation,
            "test": self.test,
        }
        return {name: s for name, s in three.items() if s is not None}
