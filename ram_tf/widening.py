"""Weights of a trained model for one that differs from it in some ways."""

from collections.abc import Sequence

import keras
import numpy as np

from ram_tf.errors import UserError

# Arguments of a model that the shapes of its weights, or what they mean, depend
# on; whatever else differs can be made up for, or is learned anew.
ARCHITECTURE = (
    "pooling",
    "core",
    "core_units",
    "glimpse_units",
    "location_units",
    "units",
    "glimpse_encoder",
    "location_policy",
    "policy_filters",
)


def adopt(trained: keras.Model, model: keras.Model) -> None:
    """Gives a model the weights of a trained one.

    Windows that only `model` has weigh nothing at first, and others gains of
    its windows are made up for; a grey image that is shown in all channels is
    to it what it was in one. So it answers alike. If the ranges of locations
    differ, mean locations near the centre stay what they were; where those of
    the trained model are near the end of its range, a longer range reaches
    further. Heads that are of another size, or new, stay as they are.

    Args:
        trained: A built RecurrentAttentionModel; its windows are the finest of
            `model`.
        model: Likewise, with the same ARCHITECTURE.

    Raises:
        UserError: If it differs in that, has fewer windows, or has other
            channels, neither number of which is one.
    """
    _check(trained, model)
    old, new = trained.cell, model.cell
    scales = old.encoded_scales, new.encoded_scales
    encoder = old.glimpse_net.weights_for(new.glimpse_net, scales)
    policy = old.location_policy.weights_for(new.location_policy)
    _set(new.glimpse_net, encoder)
    _set(new.location_policy, policy)
    _set(new.core, old.core.get_weights())
    _set(new.baseline, old.baseline.get_weights())
    for key, head in new.heads.items():
        values = old.heads[key].get_weights() if key in old.heads else []
        if _fit(head, values):
            head.set_weights(values)


def _check(trained: keras.Model, model: keras.Model) -> None:
    for name in ARCHITECTURE:
        old, new = getattr(trained, name), getattr(model, name)
        if old != new:
            raise UserError(
                f"A model with trained weights must have {name}={old!r}, with "
                f"which they were trained. Received: {name}={new!r}"
            )
    old, new = trained.cell.encoded_size, model.cell.encoded_size
    if old != new:
        raise UserError(
            "The encoder of a model with trained weights must be given "
            f"{old} x {old} pixels of each window, with which they were "
            "trained, by encoder_size or glimpse_size. Received: "
            f"{new} x {new}"
        )
    old, new = trained.cell.encoded_scales, model.cell.encoded_scales
    if new < old:
        raise UserError(
            f"A model with trained weights must have {old} windows or more, "
            f"with which they were trained. Received: {new}"
        )


def _set(part: keras.layers.Layer, values: Sequence[np.ndarray]) -> None:
    if not _fit(part, values):
        raise UserError(
            f"The weights of a {type(part).__name__} cannot be taken over by "
            "one of other channels or windows. Received: shapes "
            f"{[value.shape for value in values]} for "
            f"{[tuple(weight.shape) for weight in part.weights]}"
        )
    part.set_weights(values)


def _fit(part: keras.layers.Layer, values: Sequence[np.ndarray]) -> bool:
    shapes = [tuple(weight.shape) for weight in part.weights]
    return shapes == [value.shape for value in values]
