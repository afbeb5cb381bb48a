"""Errors of images that were measured several times each."""

import numpy as np


def effective_cases(wrong: np.ndarray) -> int:
    """How many independent cases tell as much as several of each image.

    Canvases of the same digit are alike: n digits on D canvases each are worth
    more than n cases and less than D * n. The number is the one whose binomial
    variance is that of the mean over images (clustered by image).

    Args:
        wrong: [D, n], whether each image was answered wrongly.

    Returns:
        Between n and D * n; n where no answer, or every one, was wrong.
    """
    draws, images = wrong.shape
    error = wrong.mean()
    spread = wrong.mean(axis=0).var(ddof=1) / images if images > 1 else 0.0
    if spread == 0:
        return images
    cases = error * (1 - error) / spread
    return round(float(np.clip(cases, images, draws * images)))
