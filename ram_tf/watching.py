"""Watching a model look at images, for notebooks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from ram_tf import gate
from ram_tf.errors import UserError
from ram_tf.model import RecurrentAttentionModel

if TYPE_CHECKING:
    from ram_tf.pictures.watched import Watched

_MOST = 16  # Images in a picture.


def watch(
    model: RecurrentAttentionModel,
    images: Any,
    *,
    labels: Sequence[int] | None = None,
    class_names: Sequence[str] | None = None,
) -> "Watched":
    """Where a model looks at images, what it sees there, and what it answers.

    In a notebook the result shows itself, as a film of the looks and as a
    figure of all of them:

        eye = ram_tf.watch(model, image)
        eye.figure  # A matplotlib figure.
        eye.save("eye.gif")  # The film; "eye.png" is the figure.

    Args:
        model: One that answers, trained or not; it looks once, without noise.
        images: One image [H, W] or [H, W, C], or up to 16, [n, H, W, C]: uint8,
            or floats in [0, 1]. Large ones are drawn reduced.
        labels: The right classes, n integers.
        class_names: Names of the K classes; by default their numbers.

    Raises:
        UserError: On another kind of model or of images, or without
            matplotlib.
    """
    if not isinstance(model, RecurrentAttentionModel) or not model.num_classes:
        raise UserError(
            "`model` must be a RecurrentAttentionModel that answers, with "
            f"num_classes. Received: {type(model).__name__} with "
            f"num_classes={getattr(model, 'num_classes', None)}"
        )
    try:
        from ram_tf.pictures.watched import Watched
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise UserError(
            "`watch` draws with matplotlib: pip install 'ram_tf[reports]'"
        ) from error
    batch = _batch(model, images)
    outputs = {k: v.numpy() for k, v in model(tf.constant(batch)).items()}
    if not np.isfinite(outputs["probabilities"]).all():
        raise UserError(
            "The answers must be finite. Received: weights with which they are "
            "not"
        )
    return Watched(model, batch, outputs, labels, class_names)


def _batch(model: RecurrentAttentionModel, images: Any) -> np.ndarray:
    """Images [n, H, W, C] that the model's gate lets pass."""
    try:
        images = np.asarray(images)
    except ValueError as error:  # Of several sizes.
        raise UserError(
            f"`images` must be one array. Received: {error}"
        ) from error
    channels = (model.channels,) if model.built else (1, 3)
    if images.ndim == 2:
        images = images[..., None]
    if images.ndim == 3 and images.shape[-1] in channels:
        images = images[None]
    if images.ndim != 4:
        raise UserError(
            "`images` must be one image [H, W] or [H, W, C], with C of "
            f"{' or '.join(map(str, channels))}, or several, [n, H, W, C]. "
            f"Received: shape={images.shape}"
        )
    if len(images) > _MOST:
        raise UserError(
            f"`images` must be at most {_MOST}, to be seen in one picture. "
            f"Received: {len(images)}"
        )
    if images.dtype == np.float64:
        images = images.astype(np.float32)
    gate.check_arrays(images)
    return images
