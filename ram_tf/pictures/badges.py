"""Numbers of the looks beside the places that were looked at."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes

HALO = [patheffects.withStroke(linewidth=2.6, foreground="black")]
_TEXT: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
# Unlike the way of the eye, which is drawn through in the looks' colours.
_LEADER: dict[str, Any] = {
    "color": "#9a9a9a",
    "linewidth": 0.8,
    "linestyle": ":",
}
_SAME = 0.01  # Of the longer side: fixations as close have one badge.
_LETTER = 0.42  # Width of a letter, in badges.


def draw_badges(
    axes: Axes,
    points: np.ndarray,
    colours: np.ndarray,
    room: float,
    clear: float,
    size: float,
) -> None:
    """Draws the numbers, with dotted lines to what they are about.

    The badge of the first look is white and square.

    Args:
        axes: Of an image, with its limits.
        points: Fixations, [T, 2] in pixels.
        colours: Of the looks, [T, 4].
        room: Width of a badge of one letter, in pixels.
        clear: Pixels from every fixation that are kept free, as far as there
            is room for it.
        size: Of the type, in points.
    """
    sides = np.array([axes.get_ylim()[0], axes.get_xlim()[1]])
    groups = together(points, _SAME * max(sides))
    names = [numbers(group) for group in groups]
    widths = room * np.array([max(1, _LETTER * len(n)) for n in names])
    middles = points[[group[0] for group in groups]]
    places = spread(middles, sides, widths, clear + (widths - room) / 2)
    for middle, place in zip(middles, places, strict=True):
        axes.plot(*np.stack([middle, place])[:, ::-1].T, **_LEADER)
    for group, name, place in zip(groups, names, places, strict=True):
        colour = colours[group[0]]
        shape = "circle" if len(name) < 3 else "round"
        box = {"boxstyle": f"{shape},pad=.15", "fc": colour}
        if group[0] == 0:
            box = {"boxstyle": "square,pad=.2", "fc": "white", "ec": colour}
        y, x = place
        axes.text(x, y, name, bbox=box, size=size, **_TEXT)


def together(points: np.ndarray, near: float) -> list[list[int]]:
    """Looks [T] in groups, each within `near` of its first one."""
    groups: list[list[int]] = []
    for look, point in enumerate(points):
        for group in groups:
            if np.linalg.norm(point - points[group[0]]) <= near:
                group.append(look)
                break
        else:
            groups.append([look])
    return groups


def numbers(looks: Sequence[int]) -> str:
    """What looks, counted from 0, are called: "3", "3, 5–12"."""
    runs: list[list[int]] = []
    for look in looks:
        if runs and look == runs[-1][-1] + 1:
            runs[-1].append(look)
        else:
            runs.append([look])
    words = [
        f"{run[0] + 1}" + (f"\N{EN DASH}{run[-1] + 1}" if run[1:] else "")
        for run in runs
    ]
    return ", ".join(words)


def spread(
    points: np.ndarray,
    sides: np.ndarray,
    room: float | np.ndarray,
    clear: float | np.ndarray,
) -> np.ndarray:
    """Places for badges that neither overlap nor hide what was looked at.

    Args:
        points: Fixations, [n, 2] in pixels.
        sides: Height and width of the image.
        room: Widths of the badges in pixels, [n] or one for all.
        clear: Pixels from every fixation that are kept free by each, likewise,
            as far as there is room for it.

    Returns:
        [n, 2].
    """
    room, clear = (
        np.broadcast_to(value, len(points))[:, None] for value in (room, clear)
    )
    turns = np.arange(len(points)) * 2.4  # Tells equal points apart.
    ties = 0.01 * room * np.stack([np.sin(turns), np.cos(turns)], 1)
    apart = (room + room.T) / 2
    places = points
    for _ in range(400):
        push = _push(places + ties, places + ties, apart)
        push += _push(places + ties, points, clear)
        places = np.clip(places + 0.3 * push, room / 2, sides - room / 2)
    return places


def _push(
    places: np.ndarray, others: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """How far each place is to go to be `room` away from the others, [n, 2]."""
    gaps = places[:, None] - others
    away = np.linalg.norm(gaps, axis=-1) + 1e-6
    strength = np.maximum(room - away, 0) / away
    return (gaps * strength[..., None]).sum(axis=1)
