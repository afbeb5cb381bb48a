"""Where digits come from, by name: TFDS, or what scikit-learn carries."""

import itertools
import logging
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Facts(NamedTuple):
    """What can be said of a source without loading it.

    Attributes:
        title: What it is called, and whose it is.
        kind: What is on an image.
        train, validation, test: Numbers of images.
        side: Of an image, in pixels.
    """

    title: str
    kind: str
    train: int
    validation: int
    test: int
    side: int = 28


FACTS = {
    "mnist": Facts(
        "MNIST (Y. LeCun, C. Cortes, C. J. C. Burges)",
        "digit",
        50_000,
        10_000,
        10_000,
    ),
    "fashion_mnist": Facts(
        "Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf)",
        "garment",
        50_000,
        10_000,
        10_000,
    ),
    "digits": Facts(
        "the handwritten digits of scikit-learn (E. Alpaydin, C. Kaynak)",
        "digit",
        1197,
        300,
        300,
    ),
}


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
        test: Read once, at the end.
        num_classes: K.
        repeats: Canvases made of each validation or test image.
    """

    train: Split
    validation: Split
    test: Split
    num_classes: int
    repeats: int


def load(name: str, data_dir: str | None = None) -> Source:
    """Loads a source.

    Args:
        name: One of `NAMES`.
        data_dir: TFDS's data directory; by default TFDS_DATA_DIR or TFDS's own.

    Raises:
        ValueError: On an unknown name.
        RuntimeError: If TFDS has not got the data and cannot fetch it.
    """
    if name not in _LOADERS:
        raise ValueError(
            f"`source` must be one of {list(NAMES)}. Received: {name!r}"
        )
    return _LOADERS[name](name, data_dir)


def _load_tfds(name: str, data_dir: str | None) -> Source:
    """Validation images are the last of TFDS's training images."""
    import tensorflow_datasets as tfds  # Slow to import; not always needed.

    first = FACTS[name].train
    try:
        builder = tfds.builder(name, data_dir=data_dir)
        if not builder.is_prepared():
            logging.warning(
                "%s is not in %s: downloading it (offline, TFDS tries for "
                "minutes)",
                name,
                builder.data_dir,
            )
            builder.download_and_prepare()
        train, validation, test = builder.as_dataset(
            [f"train[:{first}]", f"train[{first}:]", "test"], batch_size=-1
        )
        train, validation, test = tfds.as_numpy((train, validation, test))
    except Exception as error:  # TFDS raises many kinds, by the failure.
        place = data_dir or os.environ.get("TFDS_DATA_DIR") or "TFDS's default"
        raise RuntimeError(
            f"TFDS could not load {name!r} from data_dir={place} nor download "
            f"it there ({type(error).__name__}: {error}). Ways out: name a "
            "directory that TFDS has prepared with --data_dir or "
            "TFDS_DATA_DIR; run once with internet; or use --source=digits, "
            "which needs neither."
        ) from error
    return Source(
        *(
            Split(np.asarray(part["image"]), np.asarray(part["label"], "int32"))
            for part in (train, validation, test)
        ),
        num_classes=10,
        repeats=1,
    )


def _load_digits(name: str, data_dir: str | None) -> Source:
    """The 1,797 handwritten digits of scikit-learn, 8x8, made 28x28."""
    from PIL import Image
    from sklearn.datasets import load_digits

    del data_dir
    digits = load_digits()
    small = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    bicubic = Image.Resampling.BICUBIC
    large = np.stack(
        [
            np.asarray(Image.fromarray(i).resize((28, 28), bicubic))
            for i in small
        ]
    )
    image = large[..., None]
    label = digits.target.astype(np.int32)
    sizes = FACTS[name].train, FACTS[name].validation, FACTS[name].test
    edges = itertools.accumulate(sizes, initial=0)
    return Source(
        *(
            Split(image[start:end], label[start:end])
            for start, end in itertools.pairwise(edges)
        ),
        num_classes=10,
        repeats=10,
    )


_LOADERS: dict[str, Callable[[str, str | None], Source]] = {
    "mnist": _load_tfds,
    "fashion_mnist": _load_tfds,
    "digits": _load_digits,
}
NAMES = tuple(_LOADERS)
