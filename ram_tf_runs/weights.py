"""How many weights a model has, from its sizes alone: nothing is built.

It knows the parts of `ram_tf`; those of plugins count as nothing. A test holds
the numbers against models. It imports no TensorFlow.
"""

from collections.abc import Iterable, Mapping
from typing import Any

_LEAST_SCALES = 3  # Of a model of any size (ram_tf.layers.glimpse_sensor).
# Numbers of a cell that are given, by policies over cells (ram_tf.layers), and
# how wide a square of cells a learnt one is made of.
_GIVEN = {"cells": 9, "colour_cells": 4, "directed_cells": 11}
_FIELD = 5
# Of those convolutions of `colour_cells`: side, and part of all filters.
_CONVOLUTIONS = ((4, 2 / 3), (3, 1.0), (3, 1.0))
_FILTERS = (24, 48)  # Of ram_tf.layers.conv_encoder.
# Of ram_tf.comparators: the paper's convolution; those that end in a maximum.
_SIDE, _STRIDE, _COUNT = 10, 5, 8
_POOLED = ((4, 16), (4, 32), (4, 64), (2, 64), (2, 64))


def of_settings(values: Mapping[str, Any]) -> int:
    """Of the model that settings make, in their flat form.

    What only the data tell, channels and classes, counts as one.
    """
    network = values.get("network", "ram")
    if network == "ram":
        if values.get("full_screen"):
            screen = {"glimpse_size": values["screen"], "scales": 1}
            values = {**values, **screen}
        return of_ram(values)
    side = values.get("canvas", 0)
    hidden, filters = [], 0
    if network == "conv":
        hidden, filters = [values.get("conv_units") or 1], _COUNT
    elif network.startswith("fc_"):
        hidden = [int(network.removeprefix("fc_"))] * 2
    pooled = not hidden
    return of_network(hidden, filters, pooled, 1, (side, side, 1))


def of_ram(values: Mapping[str, Any]) -> int:
    """Of a RecurrentAttentionModel, by its arguments and its `channels`."""
    core, units = values["core_units"], values["units"]
    gates = 4 if values["core"] == "lstm" else 1
    classes = values.get("num_classes") or 0
    heads = [1, classes, values.get("num_actions") or 0]
    return (
        _of_encoder(values)
        + gates * _dense(units + core, core)
        + _of_policy(values)
        + sum(_dense(core, outputs) for outputs in heads)
        + (_dense(core + bool(classes), 1) if values.get("stop") else 0)
    )


def of_network(
    hidden: Iterable[int],
    filters: int,
    pooled: bool,
    outputs: int,
    shape: tuple[int, int, int],
) -> int:
    """Of a Comparator for images [H, W, C], by its arguments."""
    height, width, channels = shape
    size, count = height * width * channels, 0
    if filters:
        places = ((side - _SIDE) // _STRIDE + 1 for side in (height, width))
        count += _dense(_SIDE**2 * channels, filters)
        size = next(places) * next(places) * filters
    elif pooled:
        for side, number in _POOLED:
            count += _dense(side**2 * channels, number)
            size = channels = number
    for number in (*hidden, outputs):
        count += _dense(size, number)
        size = number
    return count


def _of_encoder(values: Mapping[str, Any]) -> int:
    windows = values.get("encoder_scales") or values["scales"] or _LEAST_SCALES
    side = values.get("encoder_size") or values["glimpse_size"]
    channels = values.get("channels", 1)
    seen, place = values["glimpse_units"], values["location_units"]
    units, cells = values["units"], values.get("location_policy") in _GIVEN
    count = _dense(3 if cells else 2, place) + _dense(seen + place, units)
    kind = values.get("glimpse_encoder", "dense")
    if kind == "dense":
        return count + _dense(side**2 * windows * channels, seen)
    if kind != "conv":
        return 0
    first, last = _FILTERS
    count += _dense(16 * channels, first) + _dense(4 * first, last)
    places = max((side - 4) // 2, 0) ** 2
    return count + _dense(windows * places * last, seen)


def _of_policy(values: Mapping[str, Any]) -> int:
    kind, core = values.get("location_policy", "gaussian"), values["core_units"]
    if kind == "gaussian":
        return _dense(core, 2)
    if kind not in _GIVEN:
        return 0
    scales = values.get("policy_scales", 7)
    filters = values.get("policy_filters", 0)
    numbers = _GIVEN[kind] + filters
    count = numbers * (1 + scales + core) + _dense(core, scales)
    if kind != "colour_cells":
        return count + _dense(_FIELD**2, filters)
    channels = 2 * values.get("channels", 1)  # Colours, and their contrast.
    for side, part in _CONVOLUTIONS:
        found = max(1, round(filters * part))
        count += _dense(side**2 * channels, found)
        channels = found
    return count


def _dense(inputs: int, outputs: int) -> int:
    """Of a linear map with its biases."""
    return (inputs + 1) * outputs
