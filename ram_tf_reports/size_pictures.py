"""Pictures of a model of any size: its errors, and its searches."""

import pathlib

from matplotlib.figure import Figure

from ram_tf.pictures import paths as viz
from ram_tf.pictures import searches
from ram_tf.pretrained import load_pretrained
from ram_tf_data import sources
from ram_tf_data.batches import streamed
from ram_tf_data.canvas import Canvas
from ram_tf_reports import sizes
from ram_tf_reports.sizes import Row

PICTURE = "docs/results/sizes.png"
# Sides and patches of canvases whose paths are drawn; of the first a film, too.
_PICTURED = ((1024, 400), (4096, 64))


def write(root: pathlib.Path, folder: pathlib.Path) -> None:
    """Draws error against side."""
    seek = folder / "seek"
    if records := sizes.load(seek):
        rows = sizes.rows(seek, records)
        viz.save(_drawn(rows, records[0]["looks"]), root / PICTURE)


def write_paths(root: pathlib.Path, data_dir: str | None) -> None:
    """Draws the released model's first test canvases, and a film of one."""
    model, source = load_pretrained("seek"), sources.load("mnist", data_dir)
    for side, clutter in _PICTURED:
        (piece,) = streamed(source.test, Canvas(side, clutter), 1, 1)
        outputs = {
            name: value[0].numpy() for name, value in model(piece.image).items()
        }
        drawn = (piece.image[0], outputs)
        sensor = model.cell.sensor
        figure = searches.draw_searches(
            *([one] for one in drawn), sensor, labels=piece.label
        )
        viz.save(figure, root / f"docs/results/seek_{side}.png")
        if side == _PICTURED[0][0]:
            frames = searches.film(*drawn, sensor)
            searches.save_film(frames, root / "docs/results/seek.gif")


def _drawn(rows: list[Row], looks: int) -> Figure:
    figure = Figure((8, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    for dense, label in (
        (False, "64 patches"),
        (True, "a patch on 900 pixels"),
    ):
        chosen = [r for r in rows if r.is_dense == dense]
        chosen.sort(key=lambda row: row.canvas)
        sides = [row.canvas for row in chosen]
        errors = [row.error for row in chosen]
        axes.plot(sides, errors, marker="o", label=f"cells, {label}")
        randoms = [row.random for row in chosen]
        axes.plot(
            sides, randoms, ":", color="#888888", label="random fixations"
        )
    earlier = [(r.canvas, r.earlier) for r in rows if r.earlier is not None]
    if earlier:
        axes.plot(
            *zip(*earlier, strict=True),
            marker="s",
            label="Gaussian, 64 patches, trained on each",
        )
    axes.axvspan(128, 512, color="#1a7f37", alpha=0.08, label="trained on")
    axes.set_xscale("log", base=2)
    sides = sorted({row.canvas for row in rows})
    axes.set_xticks(sides, [str(side) for side in sides])
    axes.set(
        xlabel="side of the image in pixels",
        ylabel=f"% wrong after {looks} looks",
        ylim=(0, 100),
    )
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    figure.legend(
        once.values(),
        once.keys(),
        fontsize=9,
        loc="outside lower center",
        ncols=3,
    )
    axes.grid(alpha=0.3)
    return figure
