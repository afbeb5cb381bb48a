"""Error against the place of the digit, as heat maps on one scale."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

# Numbers of more places than this would not be legible.
_NUMBERED = 12
_WHERE = {
    "anywhere": "anywhere",
    "left": "in the left half",
    "right": "in the right half",
}


def draw_heat_maps(result: dict[str, Any]) -> Figure:
    """Draws a map for each model, side by side, with a logarithmic scale.

    Args:
        result: What `trainers.invariance` measures.
    """
    models = result["models"]
    grids = {name: np.array(model["grid"]) for name, model in models.items()}
    # One case, in %, where there is no error.
    least = 100 / result["cases_per_place"]
    most = max(2 * least, *(grid.max() for grid in grids.values()))
    figure = Figure((5.2 * len(grids) + 1, 5.4), dpi=120, layout="compressed")
    panels = figure.subplots(1, len(grids), sharey=True, squeeze=False)[0]
    for axes, (name, grid) in zip(panels, grids.items(), strict=True):
        mesh = _draw_grid(axes, grid, result, LogNorm(least, most))
        left, right = models[name]["left"], models[name]["right"]
        axes.set_title(f"{name}\nleft {left:.2f}%, right {right:.2f}%", size=11)
    panels[0].invert_yaxis()  # Rows count from the top; the others share it.
    panels[0].set_ylabel("row of the digit's centre, pixels")
    bar = figure.colorbar(mesh, ax=panels, label="test error")
    percent = FuncFormatter(lambda error, _: f"{error:g}%")
    bar.ax.yaxis.set(major_locator=LogLocator(subs=(1, 3)))
    bar.ax.yaxis.set(major_formatter=percent, minor_formatter=NullFormatter())
    figure.suptitle(
        f"trained with digits {_WHERE[result['place']]}; "
        f"{result['cases_per_place']} test digits at each place"
    )
    return figure


def _draw_grid(axes: Axes, grid, result: dict[str, Any], norm: LogNorm):
    height, width = result["digit"]
    y = np.array(result["rows"]) + height / 2
    x = np.array(result["columns"]) + width / 2
    shown = np.maximum(grid, norm.vmin)
    mesh = axes.pcolormesh(x, y, shown, norm=norm, cmap="viridis")
    if len(x) <= _NUMBERED:
        for row, column in np.ndindex(grid.shape):
            bright = norm(shown[row, column]) > 0.6
            axes.text(
                x[column],
                y[row],
                f"{grid[row, column]:.1f}",
                size=7.5,
                color="black" if bright else "white",
                ha="center",
                va="center",
            )
    axes.axvline(result["canvas"] / 2, color="red", linewidth=2)
    axes.set(
        aspect="equal",
        xlabel="column of the digit's centre, pixels",
        xticks=x,
        yticks=y,
    )
    return mesh
