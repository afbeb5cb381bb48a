"""Images of equal content, in two splits or twice in one.

Real sets have some. How many they are is for whoever trains to know: where an
image of the test was trained on, its answer says little.
"""

import numpy as np

from ram_tf_data.pictures import Pictures, digest
from ram_tf_data.splits import Source, Split

_NAMED = 3  # Pairs that are named; the rest is counted.
_Pairs = list[tuple[int, int]]


def said_of_equal(source: Source) -> str:
    """How many images are equal to others, byte for byte, and which; or "".

    Of those that are in one split more than once, all but the first count; of
    those that are in two splits, all that are in the second.
    """
    said, known = [], {}
    for name, split in source.splits.items():
        digests = _digests(split.image)
        for other, first in known.items():
            words = f"of {name} are in {other}, too"
            equal = _equal_to(first, digests)
            said.append(_said(equal, words, split, source.splits[other]))
        known[name], again = _first_rows(digests)
        said.append(_said(again, f"of {name} are in it before", split, split))
    return "; ".join(filter(None, said))


def _digests(images: np.ndarray | Pictures) -> list[bytes]:
    """One of each image."""
    if isinstance(images, Pictures):
        return images.digests.tolist()
    return [digest(image) for image in images]


def _equal_to(first: dict[bytes, int], digests: list[bytes]) -> _Pairs:
    """Rows whose content is known, with the row where it is."""
    return [(row, first[d]) for row, d in enumerate(digests) if d in first]


def _first_rows(digests: list[bytes]) -> tuple[dict[bytes, int], _Pairs]:
    """The first row of each content; and the other rows, with that."""
    first: dict[bytes, int] = {}
    pairs = [(row, first.setdefault(d, row)) for row, d in enumerate(digests)]
    return first, [(row, before) for row, before in pairs if row != before]


def _said(pairs: _Pairs, words: str, split: Split, known: Split) -> str:
    """How many there are, and the first ones by name; "" if there are none."""
    named = [f"{split.called(a)} = {known.called(b)}" for a, b in pairs]
    shown = ", ".join(named[:_NAMED] + ["..."] * (len(named) > _NAMED))
    return f"{len(pairs)} {words} ({shown})" if pairs else ""
