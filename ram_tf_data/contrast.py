"""Images of equal brightness and contrast.

Photographs differ more in these than in what they show, and networks on raw
pixels then learn little.
"""

import dataclasses

import numpy as np

from ram_tf_data.splits import Source

_MEAN, _DEVIATION = 128, 64
_LEAST = 4  # Deviations below are taken as this, not to blow up noise.


def standardise(image: np.ndarray) -> np.ndarray:
    """Moves and scales the values of an image, all colours alike.

    Sums are of whole numbers and so exact: the same bytes on every machine.

    Args:
        image: Of any shape, uint8.

    Returns:
        The same shape, uint8, with a mean of 128 and a standard deviation of 64
        but for rounding, clamping at 0 and 255, and images almost without
        contrast.
    """
    values = np.arange(256)
    counts = np.bincount(image.ravel(), minlength=256)
    mean = (counts @ values) / image.size
    variance = (counts @ values**2) / image.size - mean**2
    scale = _DEVIATION / max(np.sqrt(max(variance, 0.0)), _LEAST)
    table = np.clip(np.rint(_MEAN + scale * (values - mean)), 0, 255)
    return table.astype(np.uint8)[image]


def standardise_source(source: Source) -> Source:
    """The same source with every image standardised by itself."""
    return dataclasses.replace(
        source,
        **{
            name: split._replace(
                image=np.stack([standardise(image) for image in split.image])
            )
            for name, split in source.splits.items()
        },
    )
