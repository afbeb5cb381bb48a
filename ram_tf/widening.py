"""Weights of a trained model for one that sees and reaches further."""

import numpy as np

from ram_tf.model import RecurrentAttentionModel


def weights(
    trained: RecurrentAttentionModel, model: RecurrentAttentionModel
) -> list[np.ndarray]:
    """The trained model's weights as `model` is to have them.

    Windows that only `model` has weigh nothing at first, and others gains of
    its windows are made up for: it answers alike. If the ranges of locations
    differ, mean locations near the centre stay what they were; where those of
    the trained model are near the end of its range, a longer range reaches
    further.

    Args:
        trained: Its windows are the finest of `model`.
        model: With the same channels and units.

    Returns:
        As `trained.get_weights()`, in its order.
    """
    old, new = trained.cell, model.cell
    scales = old.encoded_scales, new.encoded_scales
    changed = {
        old.glimpse_net: old.glimpse_net.weights_for(new.glimpse_net, scales),
        old.location_policy: old.location_policy.weights_for(
            new.location_policy
        ),
    }
    values = {
        id(weight): value
        for part, weights in changed.items()
        for weight, value in zip(part.weights, weights, strict=True)
    }
    return [values.get(id(w), w.numpy()) for w in trained.weights]
