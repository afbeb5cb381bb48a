"""A small network on whole images, and what it is fitted to."""

import keras
import numpy as np

from ram_tf import Comparator

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, [8, 6, 6, 1], np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2, 2, 0], np.int32)
FIT = {"batch_size": 4, "shuffle": False, "verbose": 0}


def compiled(optimizer=None, **keywords) -> Comparator:
    """A new one, always of the same weights; by default XLA has no part."""
    keras.utils.set_random_seed(1)
    model = Comparator([8], num_classes=3)
    model.build((None, *IMAGES.shape[1:]))
    keywords = {"jit_compile": False} | keywords
    model.compile(optimizer or keras.optimizers.Adam(0.01), **keywords)
    return model


def assert_same(model, other, exact=True):
    for one, expected in zip(
        model.get_weights(), other.get_weights(), strict=True
    ):
        if exact:
            np.testing.assert_array_equal(one, expected)
        else:
            np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-5)
