"""Arrays of any dtype, rank, shape and values, and what is no array at all."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

_DTYPES = ("uint8", "float32")
_OTHER_DTYPES = ("float64", "float16", "int32", "int64", "bool", "complex64")
_VALUES = ("random", "zeros", "most")
_BAD_VALUES = (
    "nan",
    "one_nan",
    "infinite",
    "negative",
    "bytes",
    "standardised",
    "huge",
)
# What is no array, and no number of the kind that is asked for.
JUNK = (
    None,
    True,
    0,
    -1,
    2.5,
    -0.5,
    float("nan"),
    float("inf"),
    "words",
    "",
    b"1",
    (),
    [],
    [1],
    {},
    {"image": 1},
    np.float32(0.5),
    np.array([1, 2]),
    1j,
    print,
)


class Array(NamedTuple):
    """How an array is made: short to print, the same each time."""

    dtype: str
    shape: tuple[int, ...]
    values: str
    seed: int
    form: str = "numpy"

    def make(self) -> np.ndarray | tf.Tensor:
        """The array, or tensor."""
        array = self._numpy()
        return tf.constant(array) if self.form == "tensor" else array

    def _numpy(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        dtype = np.dtype(self.dtype)
        unit = rng.random(self.shape)
        if dtype.kind not in "fc":
            most = 1 if dtype.kind == "b" else 255
            scale = {"zeros": 0 * unit, "most": 0 * unit + 1}
            return (scale.get(self.values, unit) * most).astype(dtype)
        made = _FLOATS[self.values](unit)
        if self.values == "one_nan" and made.size:
            made.flat[rng.integers(made.size)] = np.nan
        with np.errstate(all="ignore"):
            return made.astype(dtype)

    @property
    def is_bad(self) -> bool:
        """Whether floats of these values must never be answered."""
        floats = np.dtype(self.dtype).kind in "fc"
        return floats and self.values in _BAD_VALUES and 0 not in self.shape


_FLOATS = {
    "random": lambda unit: unit,
    "zeros": lambda unit: 0 * unit,
    "most": lambda unit: 0 * unit + 1,
    "nan": lambda unit: 0 * unit + np.nan,
    "one_nan": lambda unit: unit,
    "infinite": lambda unit: 0 * unit + np.inf,
    "negative": lambda unit: -0.2 - 0.8 * unit,
    "bytes": lambda unit: 2 + 253 * unit,
    # Each outside of [0, 1], so that an array of one is bad, too.
    "standardised": lambda unit: np.where(unit < 0.5, -1 - unit, 1 + unit),
    "huge": lambda unit: 1e30 * (1 + unit),
}


@st.composite
def arrays(draw, shapes, values=_VALUES + _BAD_VALUES, dtypes=_DTYPES) -> Array:
    """Arrays, most of them of the dtypes that images have, or of those."""
    dtype = draw(_mostly(st.sampled_from(dtypes), _OTHER_DTYPES))
    return Array(
        dtype,
        draw(shapes),
        draw(st.sampled_from(_VALUES) | st.sampled_from(values)),
        draw(st.integers(0, 2**16)),
        draw(st.sampled_from(("numpy", "tensor"))),
    )


def shapes(batch, side, channels, frames=None):
    """Shapes of images, or videos; some of another rank, or empty."""
    sides = st.integers(1, side)
    sizes = [st.integers(1, batch), sides, sides, channels]
    if frames:
        sizes.insert(1, st.integers(1, frames))
    any_rank = st.lists(st.integers(0, 5), max_size=6).map(tuple)
    return _weighted(st.tuples(*sizes), any_rank, 4)


def _mostly(usual, others):
    return _weighted(usual, st.sampled_from(others), 6)


def _weighted(usual, other, times: int):
    return st.one_of(*[usual] * times, other)
