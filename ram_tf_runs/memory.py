"""What settings need of memory, before anything is made: the one estimate.

It counts what cannot be less: weights, canvases, and what is kept of each look.
Whatever is really run needs more, so that nothing is refused that could be run.
It imports no TensorFlow.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ram_tf_data import memory
from ram_tf_runs import weights
from ram_tf_runs.settings.run import RunSettings

_NUMBER = 4  # Bytes of a float32 or int32.
# In training: weights, their gradient, two means of it, and the best so far.
_COPIES = 5
_PIXEL = 5  # Bytes while a canvas is composed: a sum, and what comes of it.
# Of the operations of a look, since all steps of a rollout are written out:
# 1.2 MB were measured, without gradients.
_LOOK = 10**6
_DRAWN = 20  # Of a patch of clutter: which it is, where from, and where to.
_PLAYED = 12  # Of a frame of a game that is measured: an action, a location.
_MOST_TWICE = 64  # Wider than any image, and no number of a million digits.

Values = Mapping[str, Any]


def check(settings: RunSettings) -> None:
    """Raises UserError if no training with these settings fits this machine."""
    _check("A run with these settings", settings, settings.flat(), training)


def check_use(settings: RunSettings, **asked: tuple[str, Any]) -> None:
    """Raises UserError if a trained model and one image do not fit.

    Args:
        settings: Of the run that trained it.
        asked: What a command asks for in place of settings, by their names: the
            flag as it was given, and the value.
    """
    values = settings.flat() | {
        name: value for name, (_, value) in asked.items()
    }
    words = {name: flag for name, (flag, _) in asked.items()}
    _check("What this model is asked", settings, values, use, words)


def training(values: Values) -> int:
    """Bytes of a step of training with settings, in their flat form."""
    images = values.get("batch_size") or values.get("games") or 1
    rows = images * values.get("rollouts", 1)
    played = max(values.get("validation_games", 0), values.get("test_games", 0))
    if "episodes" in values:  # Of Gymnasium, whose frames are not known.
        rows = values["episodes"]
    if not _looks_about(values):
        rows = 0
    return (
        _COPIES * _NUMBER * weights.of_settings(values)
        + images * max(_canvas(values, *scene) for scene in _trained(values))
        + looking(values, rows)
        + played * _looks(values) * _PLAYED
    )


def use(values: Values) -> int:
    """Bytes of one image that a trained model looks at."""
    side, clutter = values.get("canvas", 0), values.get("clutter", 0)
    needed = _NUMBER * weights.of_settings(values)
    needed += _canvas(values, side, clutter)
    return needed + looking(values) if _looks_about(values) else needed


def looking(values: Values, rows: int = 1) -> int:
    """Bytes of rollouts of a model that looks, beside weights and images."""
    each = _window(values) + _looks(values) * _kept(values)
    # Recorded episodes are replayed in a loop.
    written = 0 if "episodes" in values else _LOOK * _looks(values)
    return rows * each + written


def _check(
    what: str,
    settings: RunSettings,
    values: Values,
    needed: Callable[[Values], int],
    words: Mapping[str, str] | None = None,
) -> None:
    """Names the setting that would save most if it had its default."""
    if needed(values) <= memory.machine():
        return
    most = min(
        (leaf for leaf in settings.leaves() if not _is_name(leaf.default)),
        key=lambda leaf: needed({**values, leaf.name: leaf.default}),
    ).name
    value = values[most]
    shown = ",".join(value) if isinstance(value, tuple) else value
    received = (words or {}).get(most, f"--{most}={shown}")
    memory.check(what, needed(values), received)


def _is_name(value: Any) -> bool:
    """Whether it says which, and not how much."""
    return isinstance(value, str | bool)


def _trained(values: Values) -> list[tuple[int, int]]:
    """(side, patches) of all canvases that are trained on."""
    mixed = [tuple(map(int, w.split("x"))) for w in values.get("mixed", ())]
    side = values.get("canvas") or values.get("screen") or 0
    return mixed or [(side, values.get("clutter", 0))]


def _canvas(values: Values, side: int, clutter: int) -> int:
    frames = values.get("frames") or 1
    patch = values.get("clutter_size", 0) ** 2 + _DRAWN
    return _PIXEL * frames * side**2 + clutter * patch


def _looks_about(values: Values) -> bool:
    return values.get("network", "ram") == "ram"


def _looks(values: Values) -> int:
    """Glimpses of an episode."""
    if "screen" in values:  # The ball falls a row a frame.
        return values["screen"]
    if "episodes" in values:
        return values["steps"]
    return values.get("frames") or values.get("glimpses", 1)


def _kept(values: Values) -> int:
    """Bytes that are kept of a glimpse at least."""
    return _NUMBER * (values.get("core_units", 0) + 8)


def _window(values: Values) -> int:
    """Bytes of the widest window, where its pixels are read one by one."""
    if values.get("sensor") not in ("gather", "extract_glimpse"):
        return 0
    wider = min((values.get("scales") or 1) - 1, _MOST_TWICE)
    return (values.get("glimpse_size", 0) * 2**wider) ** 2
