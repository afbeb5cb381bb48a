"""What a model answers about a picture, held against what an answer must be.

It imports no TensorFlow: a device, or a server, may be what answers.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ram_tf_data.errors import UserError

_ROUNDING = 0.01


def check(
    path: str,
    outputs: Mapping[str, np.ndarray],
    needed: Sequence[str] = ("probabilities",),
) -> None:
    """Raises UserError unless they can be an answer about one picture.

    Args:
        path: The picture's file.
        outputs: By name, without an axis for the batch: `probabilities`
            [..., K], `class` if there is one, and whatever else.
        needed: Names that there must be.
    """
    if missing := set(needed) - set(outputs):
        raise UserError(
            f"The model's answer about {path!r} must have {sorted(missing)}. "
            f"Received: {sorted(outputs)}"
        )
    for name, value in outputs.items():
        if np.isnan(np.asarray(value, float)).any():
            raise UserError(
                f"The model's answer about {path!r} is none: its weights must "
                f"be damaged. Received: `{name}` with NaN"
            )
    shares = np.asarray(outputs["probabilities"], float)
    if shares.min() < -_ROUNDING or abs(shares.sum(-1) - 1).max() > _ROUNDING:
        raise UserError(
            f"The model's answer about {path!r} is none: `probabilities` must "
            f"be shares of 1. Received: {np.round(shares, 3).tolist()}"
        )
    best, classes = int(outputs.get("class", 0)), shares.shape[-1]
    if not 0 <= best < classes:
        raise UserError(
            f"The model's answer about {path!r} is none: `class` must lie in "
            f"[0, {classes}). Received: {best}"
        )
