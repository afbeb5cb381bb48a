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
    see = trained.cell.glimpse_net.see.kernel
    head = trained.cell.location_policy
    ratio = head.location_range / model.cell.location_policy.location_range
    scaled = {id(weight): ratio for weight in head.dense.weights}
    return [
        _widened(weight.numpy(), trained, model)
        if weight is see
        else weight.numpy() * np.float32(scaled.get(id(weight), 1))
        for weight in trained.weights
    ]


def _widened(kernel: np.ndarray, trained, model) -> np.ndarray:
    """The first layer's, [g * g * S * C, units]; a pixel has S * C rows."""
    old, new = (m.cell.sensor.scales for m in (trained, model))
    windows = kernel.reshape(-1, old, trained.channels, kernel.shape[-1])
    gains = _gains(trained) / _gains(model)[:old]
    windows = windows * gains[:, None, None]
    added = ((0, 0), (0, new - old), (0, 0), (0, 0))
    return np.pad(windows, added).reshape(-1, kernel.shape[-1])


def _gains(model: RecurrentAttentionModel) -> np.ndarray:
    gains = model.cell.glimpse_net.gains
    return np.float32(gains or [1] * model.cell.sensor.scales)
