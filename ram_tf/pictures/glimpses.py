"""The picture of where a model looked, at images or at videos."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ram_tf.model import RecurrentAttentionModel
from ram_tf.pictures import paths as viz
from ram_tf.pictures.film_strips import draw_film_strips
from ram_tf.pictures.searches import draw_searches


def draw(
    model: RecurrentAttentionModel,
    images: np.ndarray,
    outputs: Mapping[str, np.ndarray],
    labels: np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Draws each image with its path, or each video frame by frame.

    Args:
        model: Whose retina it was.
        images: [n, H, W, C] or [n, T, H, W, C]; where the number of windows
            follows the image, also n images of different sizes.
        outputs: "locations" [n, T, 2] and "probabilities" [n, T, K].
        labels: Right classes, [n], or of numbers [n, L].
        class_names: Names of the classes; by default their numbers.
    """
    is_video = np.ndim(images[0]) == 4
    if model.scales is None and not is_video:
        rows = range(len(images))
        each = [{name: v[row] for name, v in outputs.items()} for row in rows]
        return draw_searches(
            list(images),
            each,
            model.cell.sensor,
            labels=None if labels is None else list(labels),
            class_names=class_names,
        )
    draw_them = draw_film_strips if is_video else viz.draw_paths
    return draw_them(
        images,
        outputs,
        model.cell.sensor,
        labels=labels,
        class_names=class_names,
        location_unit=model.cell.location_unit,
    )
