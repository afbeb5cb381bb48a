"""Catch in RESULTS.md: its records, and their curves."""

import pathlib

from matplotlib.figure import Figure

from ram_tf_reports import run_files
from ram_tf_reports.markdown import render
from ram_tf_reports.published import CATCH

PICTURE = "docs/results/catch.png"
_PLAYERS = "players.json"
_NEEDED = ("catch_rate", "test_games", "frames", "curve", *run_files.RUN)
_FIXATIONS = {
    "learned": "RAM",
    "random": "trained with random fixations",
    "centre": "trained with centre only",
}


class CatchRun(run_files.Run):
    """A run of `trainers.catch`."""

    @property
    def kind(self) -> str:
        """What was trained, in words."""
        words = _FIXATIONS[self.settings.acting.fixations]
        if self.settings.full_screen:
            words = "trained on the full screen"
        if self.settings.game.extremes_only:
            words += ", dx -1 or +1"
        return words

    @property
    def rate(self) -> float:
        """Balls caught, in %."""
        return 100 * self.values["catch_rate"]

    @property
    def place(self) -> tuple:
        """The key by which runs are sorted."""
        fixations = list(_FIXATIONS).index(self.settings.acting.fixations)
        easy = (self.settings.game.extremes_only, self.settings.full_screen)
        return *easy, fixations, self.values["frames"]


def load(folder: pathlib.Path) -> list[list[CatchRun]]:
    """The runs in a folder, in groups that differ in the seed alone.

    Raises:
        UserError: On a bad record; file and key are named.
    """
    runs = [
        CatchRun(path, run_files.read(path, *_NEEDED))
        for path in sorted(folder.glob("*.json"))
        if path.name != _PLAYERS
    ]
    return sorted(run_files.by_seed(runs), key=lambda group: group[0].place)


def section(folder: pathlib.Path) -> list[str]:
    """The blocks of the section; none without records."""
    return render(
        "catch",
        groups=load(folder),
        players=run_files.read(folder / _PLAYERS, "catch_rate"),
        published=CATCH,
        picture=PICTURE,
        notes=run_files.notes(folder),
    )


def draw(groups: list[list[CatchRun]]) -> Figure:
    """Share caught on validation games against frames, beside the published."""
    figure = Figure(figsize=(8, 4.5), layout="constrained", dpi=110)
    axes = figure.subplots()
    for i, group in enumerate(groups):
        for run in group:
            frames, rates = zip(*run.values["curve"], strict=True)
            axes.plot(
                [frame / 1e6 for frame in frames],
                [100 * rate for rate in rates],
                color=f"C{i}",
                label=run.kind if run is group[0] else None,
            )
    (paper, (rate, millions)), (code, (best, _)) = CATCH.items()
    axes.plot(millions, rate, "kD", label=f"{paper}, {rate:.0f}%")
    label = f"{code}, {best:.0f}% at more frames"
    axes.axhline(best, color="#d1495b", linestyle=":", label=label)
    axes.set(
        xlabel="million frames",
        ylabel="balls caught on validation games, %",
        xlim=(0, None),
        ylim=(0, 100),
    )
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, loc="center right")
    return figure
