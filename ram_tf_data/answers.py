"""What a model answers about a picture, held against what an answer must be.

It imports no TensorFlow: a device, or a server, may be what answers.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ram_tf_data.errors import UserError

_ROUNDING = 0.01
# Of outputs about one picture: dimensions, and the kinds of their numbers.
_FORMS = {
    "class": (0, "iu"),
    "probabilities": (1, "f"),
    "locations": (2, "f"),
    "probabilities_by_glimpse": (2, "f"),
    "glimpses_used": (0, "iu"),
}


def of_one(
    path: str, outputs: Mapping[str, np.ndarray], needed: Sequence[str]
) -> dict[str, np.ndarray]:
    """The answer about a picture, of what somebody else's program gave.

    Args:
        path: The picture's file.
        outputs: By name, with an axis of one for the batch. What no model of
            ours gives is left out.
        needed: Names that there must be.

    Returns:
        The same without that axis.

    Raises:
        UserError: On other shapes than a model's, or as `check`.
    """
    one = {}
    for name, value in outputs.items():
        if name not in _FORMS:
            continue
        rank, kinds = _FORMS[name]
        sound = value.ndim == rank + 1 and value.dtype.kind in kinds
        if not sound or len(value) != 1 or not value.size:
            raise _odd(path, f"`{name}`", value)
        one[name] = value[0]
    check(path, one, needed)
    classes = len(one["probabilities"])
    by_glimpse = one.get("probabilities_by_glimpse")
    if by_glimpse is not None and by_glimpse.shape[1] != classes:
        raise _odd(path, "`probabilities_by_glimpse`", by_glimpse)
    looks = one.get("locations")
    if looks is not None and (
        looks.shape[1] != 2
        or not np.isfinite(looks).all()
        or (by_glimpse is not None and len(looks) != len(by_glimpse))
    ):
        raise _odd(path, "`locations`", looks)
    return one


def _odd(path: str, what: str, value: np.ndarray) -> UserError:
    return UserError(
        f"The model's answer about {path!r} is none: {what} must have the "
        f"shape of a model's. Received: {value.dtype} {list(value.shape)}"
    )


def _numbers(path: str, name: str, value: np.ndarray) -> np.ndarray:
    """What may be an array, as floats."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise UserError(
            f"The model's answer about {path!r} is none: `{name}` must be "
            f"numbers. Received: {value!r}"
        )
    return array.astype(float)


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
        numbers = _numbers(path, name, value)
        if np.isnan(numbers).any():
            raise UserError(
                f"The model's answer about {path!r} is none: its weights must "
                f"be damaged. Received: `{name}` with NaN"
            )
    shares = np.asarray(outputs["probabilities"], float)
    if not shares.ndim or not shares.size:
        raise _odd(path, "`probabilities`", shares)
    if shares.min() < -_ROUNDING or abs(shares.sum(-1) - 1).max() > _ROUNDING:
        raise UserError(
            f"The model's answer about {path!r} is none: `probabilities` must "
            f"be shares of 1. Received: {np.round(shares, 3).tolist()}"
        )
    best, classes = np.asarray(outputs.get("class", 0)), shares.shape[-1]
    if best.ndim or best.dtype.kind not in "iu":
        raise _odd(path, "`class`", best)
    if not 0 <= best < classes:
        raise UserError(
            f"The model's answer about {path!r} is none: `class` must lie in "
            f"[0, {classes}). Received: {best}"
        )
    one = shares.ndim == 1 and "class" in outputs
    if one and shares[best] < shares.max() - _ROUNDING:
        raise UserError(
            f"The model's answer about {path!r} is none: `class` must be the "
            f"one of the largest share. Received: {best} with a share of "
            f"{shares[best]:.3f}, of which the largest is {shares.max():.3f}"
        )
