"""A model of any size in RESULTS.md, from the records of `trainers.sizes`."""

import pathlib
import statistics
from collections.abc import Iterable
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from ram_tf.pictures import paths as viz
from ram_tf.pictures import searches
from ram_tf.pretrained import load_pretrained
from ram_tf_data import sources
from ram_tf_data.batches import streamed
from ram_tf_data.canvas import Canvas
from ram_tf_reports import run_files
from ram_tf_reports.markdown import render

PICTURE = "docs/results/sizes.png"
# Sides and patches of canvases whose paths are drawn; of the first a film, too.
_PICTURED = ((1024, 400), (4096, 64))
# The paper's policy, trained on each canvas for itself.
_EARLIER = ("large", "large_512", "large_1024")


class Row(NamedTuple):
    """One canvas; errors are means over the seeds, in %.

    Attributes:
        canvas: Its side in pixels.
        clutter: Patches on it.
        cases: How many canvases were measured.
        by_seed: The error after the last look of each seed.
        by_look: After each look.
        found: Digits that were found, in %.
        random: The error with random fixations.
        random_choices: That with random cells.
        earlier: The error of the paper's policy there, if it was measured.
    """

    canvas: int
    clutter: int
    cases: int
    by_seed: list[float]
    by_look: list[float]
    found: float
    random: float
    random_choices: float
    earlier: float | None

    @property
    def error(self) -> float:
        """After the last look."""
        return statistics.mean(self.by_seed)


def section(
    folder: pathlib.Path, picture: str | None, runs: Iterable[Any]
) -> list[str]:
    """The blocks of the section; none without records.

    Args:
        folder: `results`.
        picture: The link to the curve, if there is one.
        runs: Those that trained the models.
    """
    records = _load(folder)
    return render(
        "sizes",
        records=records,
        rows=_rows(folder, records) if records else [],
        picture=picture,
        runs=runs,
        notes=run_files.notes(folder / "seek"),
    )


def write(root: pathlib.Path, folder: pathlib.Path) -> None:
    """Draws error against side."""
    if records := _load(folder):
        rows = _rows(folder, records)
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


def _load(folder: pathlib.Path) -> list[dict[str, Any]]:
    """A record a seed."""
    needed = ("model", "looks", "split", "canvases")
    found = sorted((folder / "seek" / "sizes").glob("*.json"))
    return [run_files.read(path, *needed) for path in found]


def _rows(folder: pathlib.Path, records: list[dict[str, Any]]) -> list[Row]:
    """Of the canvases that all seeds were measured on."""
    earlier = dict(_earlier(folder))
    by_canvas = [
        {(row["canvas"], row["clutter"]): row for row in record["canvases"]}
        for record in records
    ]
    shared = set.intersection(*map(set, by_canvas))
    # The sparse ones first, each kind by its size.
    order = sorted(shared, key=lambda key: (_is_dense(*key), key))
    return [
        _row([rows[key] for rows in by_canvas], earlier.get(key))
        for key in order
    ]


def _row(seeds: list[dict[str, Any]], earlier: float | None) -> Row:
    def mean(name: str) -> list[float]:
        columns = zip(*(seed[name] for seed in seeds), strict=True)
        return [statistics.mean(column) for column in columns]

    by_look = mean("error_by_glimpse")
    return Row(
        canvas=seeds[0]["canvas"],
        clutter=seeds[0]["clutter"],
        cases=seeds[0]["cases"],
        by_seed=[seed["error_by_glimpse"][-1] for seed in seeds],
        by_look=by_look,
        found=mean("found_by_glimpse")[-1],
        random=mean("error_by_glimpse_random_fixations")[-1],
        random_choices=mean("error_by_glimpse_random_choices")[-1],
        earlier=earlier,
    )


def _earlier(folder: pathlib.Path) -> Iterable[tuple[tuple[int, int], float]]:
    for name in _EARLIER:
        record = run_files.read(folder / name / "ram.json", *run_files.RUN)
        if record:
            config = record["config"]
            yield (config["canvas"], config["clutter"]), record["test_error"]


def _is_dense(side: int, clutter: int) -> bool:
    """As dense as eight patches of 8 x 8 on 85 x 85: one on 900 pixels."""
    return abs(clutter - side**2 / 900) <= 1


def _drawn(rows: list[Row], looks: int) -> Figure:
    figure = Figure((8, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    for dense, label in (
        (False, "64 patches"),
        (True, "a patch on 900 pixels"),
    ):
        chosen = [r for r in rows if _is_dense(r.canvas, r.clutter) == dense]
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
    axes.legend(once.values(), once.keys(), fontsize=9)
    axes.grid(alpha=0.3)
    return figure
