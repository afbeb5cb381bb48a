"""How many cases several canvases of each image are worth."""

import numpy as np
import pytest

from ram_tf.evaluation.clusters import effective_cases


def test_by_hand():
    # Means of the images: 1/2, 0, 0, 0; their variance is 1/16, that of the
    # mean of all 1/64. The error is 1/8: 7/64 over 1/64.
    wrong = np.array([[1, 0, 0, 0], [0, 0, 0, 0]], bool)
    assert effective_cases(wrong) == 7


def test_the_same_canvases_again_tell_nothing_new():
    once = np.random.default_rng(0).random([1, 1000]) < 0.03
    assert effective_cases(once.repeat(5, axis=0)) == 1000


def test_independent_canvases_count_as_many():
    wrong = np.random.default_rng(1).random([5, 20000]) < 0.03
    assert effective_cases(wrong) == pytest.approx(100_000, rel=0.03)


@pytest.mark.parametrize("value", [False, True])
def test_without_a_difference_only_images_count(value):
    assert effective_cases(np.full([5, 20], value)) == 20
    assert effective_cases(np.full([5, 1], value)) == 1
