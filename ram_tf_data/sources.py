"""Where digits come from, by name."""

import itertools
from collections.abc import Callable

import numpy as np

from ram_tf_data import gtsrb, prepared, svhn
from ram_tf_data.errors import UserError
from ram_tf_data.facts import FACTS
from ram_tf_data.splits import Source, Split


def load(name: str, data_dir: str | None = None) -> Source:
    """Loads a source.

    Args:
        name: One of `NAMES`.
        data_dir: TFDS's data directory, by default TFDS_DATA_DIR or TFDS's own;
            for svhn_small and gtsrb the folder of their files.

    Raises:
        UserError: On an unknown name, or a file that is not there.
        SourceError: If TFDS has not got the data and cannot fetch it.
    """
    if name not in _LOADERS:
        raise UserError(
            f"`source` must be one of {list(NAMES)}. Received: {name!r}"
        )
    return _LOADERS[name](name, data_dir)


def _load_mnist(name: str, data_dir: str | None) -> Source:
    """Validation images are the last of TFDS's training images."""
    first = FACTS[name].train
    train, test = prepared.read_splits(name, data_dir)
    return Source(
        train.take(slice(first)),
        train.take(slice(first, None)),
        test,
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
    image = np.stack(
        [
            np.asarray(Image.fromarray(i).resize((28, 28), bicubic))
            for i in small
        ]
    )
    whole = Split.whole("digits", image[..., None], digits.target)
    sizes = FACTS[name].train, FACTS[name].validation, FACTS[name].test
    edges = itertools.accumulate(sizes, initial=0)
    return Source(
        *(
            whole.take(slice(start, end))
            for start, end in itertools.pairwise(edges)
        ),
        num_classes=10,
        repeats=10,
    )


_LOADERS: dict[str, Callable[[str, str | None], Source]] = {
    "mnist": _load_mnist,
    "fashion_mnist": _load_mnist,
    "digits": _load_digits,
    "svhn_cropped": svhn.load_cropped,
    "svhn_small": svhn.load_small,
    "gtsrb": gtsrb.load,
}
NAMES = tuple(_LOADERS)
