"""Images of equal brightness and contrast.

Photographs differ more in these than in what they show, and networks on raw
pixels then learn little.
"""

import dataclasses

import numpy as np

from ram_tf_data.splits import Source

_MEAN, _DEVIATION = 128, 64
_LEAST = 4  # Deviations below are taken as this, not to blow up noise.
_PER_BYTE = 257  # Steps of sixteen bits that are one of eight.


def standardise(image: np.ndarray) -> np.ndarray:
    """Moves and scales the values of an image, all colours alike.

    Sums are of whole numbers and so exact: the same bytes on every machine.

    Args:
        image: Of any shape, uint8, or uint16 on the scale of 0 to 65535.

    Returns:
        The same shape, uint8, with a mean of 128 and a standard deviation of 64
        but for rounding, clamping at 0 and 255, and images almost without
        contrast: a deviation below 4 of 255 counts as that.
    """
    unit = 1 if image.dtype == np.uint8 else _PER_BYTE
    values = np.arange(np.iinfo(image.dtype).max + 1)
    counts = np.bincount(image.ravel(), minlength=len(values))
    mean = (counts @ values) / image.size
    variance = (counts @ values**2) / image.size - mean**2
    scale = _DEVIATION / max(np.sqrt(max(variance, 0.0)), _LEAST * unit)
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
