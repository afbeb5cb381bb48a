"""The sensor again, in plain NumPy."""

import numpy as np


def glimpses(
    images: np.ndarray,
    locations: np.ndarray,
    size: int,
    scales: int,
    pooling: str,
) -> np.ndarray:
    """Windows [N, g, g, S * C] of images at locations, pixel by pixel."""
    floats = images / 255 if images.dtype == np.uint8 else images
    rollouts = len(locations) // len(images)
    pool = {"average": np.mean, "max": np.max}[pooling]
    rows = []
    for row, location in enumerate(locations):
        image = floats[row // rollouts]
        windows = []
        for scale in range(scales):
            factor = 2**scale
            cut = _window(image, location, size * factor)
            cells = cut.reshape(size, factor, size, factor, -1)
            windows.append(pool(cells, axis=(1, 3)))
        rows.append(np.concatenate(windows, axis=-1))
    return np.float32(rows)


def _window(image: np.ndarray, location: np.ndarray, side: int) -> np.ndarray:
    """Pixels [side, side, C] around a location, 0 outside the image."""
    seen = np.zeros((side, side, image.shape[-1]))
    starts = []
    for place, extent in zip(location, image.shape[:2], strict=True):
        far = np.float32(2.0**30)
        moved = np.clip(np.float32(place) * np.float32(extent), -far, far)
        centre = moved / np.float32(2) + np.float32(extent / 2)
        starts.append(int(np.clip(centre, -far, far) - np.float32(side / 2)))
    for y in range(side):
        for x in range(side):
            row, column = starts[0] + y, starts[1] + x
            inside = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
            if inside:
                seen[y, x] = image[row, column]
    return seen
