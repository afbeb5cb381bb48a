"""Catch in RESULTS.md: records, tables, curve and words."""

import pathlib
import statistics
from collections.abc import Iterator

from matplotlib.figure import Figure

from trainers.reporting import run_files
from trainers.reporting.markdown import (
    NONE,
    bold,
    paragraph,
    percent,
    picture,
    table,
)
from trainers.reporting.run_files import RUN, Run

PICTURE = "docs/results/catch.png"
_PLAYERS = "players.json"
_NEEDED = ("catch_rate", "test_games", "frames", "curve", *RUN)
# Published shares of balls caught in %, and frames in millions.
_PAPER = ("the paper", 85.0, 20)
_PUBLIC = ("best public code (samrudhdhirangrej)", 89.0, 360)
_INTRODUCTION = """\
A ball falls on a 24×24 screen, and the model, which sees it through glimpses
only, must have the paddle of two cells under it. It is told nothing but
whether it was. Share of 10,000 fresh games caught, in %, with the likeliest
actions at the mean fixations; every step of every rollout is a frame of
training. Angles are uniform in 45 to 135 degrees where nothing else is said;
the paper does not say what its were.
"""
_FIXATIONS = {
    "learned": "RAM",
    "random": "trained with random fixations",
    "centre": "trained with centre only",
}


class CatchRun(Run):
    """A run of `trainers.catch`."""

    @property
    def kind(self) -> str:
        """What was trained, in words."""
        settings = self.settings
        words = _FIXATIONS[settings.acting.fixations]
        if settings.full_screen:
            words = "trained on the full screen"
        if settings.game.extremes_only:
            words += ", dx -1 or +1"
        return words

    @property
    def rate(self) -> float:
        """Balls caught, in %."""
        return 100 * self.values["catch_rate"]


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
    return sorted(run_files.by_seed(runs), key=lambda group: _order(group[0]))


def section(folder: pathlib.Path) -> Iterator[str]:
    """The blocks of the section; none without records.

    Raises:
        UserError: As `load`.
    """
    groups, players = load(folder), _players(folder)
    if not groups and not players:
        return
    yield "## Catch"
    yield paragraph(_INTRODUCTION)
    yield table([*_published(), *map(_row, groups), *players])
    controls = [group for group in groups if _has_controls(group)]
    if controls:
        yield "The same weights with other fixations:"
        yield table([_controls(group) for group in controls])
    if groups:
        yield picture("Balls caught against frames", PICTURE)
    yield from run_files.notes(folder)
    if groups:
        yield "### Runs"
        runs = [run for group in groups for run in group]
        yield "\n".join(map(_listed, runs))


def draw(groups: list[list[CatchRun]]) -> Figure:
    """Share caught on validation games against frames, beside the published."""
    figure = Figure(figsize=(8, 4.5), layout="constrained", dpi=110)
    axes = figure.subplots()
    for i, group in enumerate(groups):
        for run in group:
            frames, rates = zip(*run.values["curve"], strict=True)
            millions = [frame / 1e6 for frame in frames]
            label = group[0].kind if run is group[0] else None
            shares = [100 * rate for rate in rates]
            axes.plot(millions, shares, color=f"C{i}", label=label)
    name, rate, frames = _PAPER
    axes.plot(frames, rate, "kD", label=f"{name}, {rate:.0f}%")
    name, rate, _ = _PUBLIC
    label = f"{name}, {rate:.0f}% at more frames"
    axes.axhline(rate, color="#d1495b", linestyle=":", label=label)
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


def _order(run: CatchRun) -> tuple:
    settings = run.settings
    fixations = list(_FIXATIONS).index(settings.acting.fixations)
    return (
        settings.game.extremes_only,
        settings.full_screen,
        fixations,
        run.values["frames"],
    )


def _line(player: str, frames: str, n: str, caught: str, *others: str):
    deviation, each = others or (NONE, NONE)
    return {
        "player": player,
        "million frames": frames,
        "*n*": n,
        "caught": caught,
        "standard deviation": deviation,
        "each": each,
    }


def _published() -> list[dict[str, str]]:
    return [
        _line(name, str(frames), NONE, f"~{rate:.0f}")
        for name, rate, frames in (_PAPER, _PUBLIC)
    ]


def _row(group: list[CatchRun]) -> dict[str, str]:
    rates = [run.rate for run in group]
    deviation = statistics.stdev(rates) if len(rates) > 1 else None
    return _line(
        group[0].kind,
        _millions(group[0]),
        str(len(rates)),
        bold(percent(statistics.mean(rates))),
        percent(deviation),
        ", ".join(map(percent, rates)),
    )


def _millions(run: CatchRun) -> str:
    return f"{run.values['frames'] / 1e6:.1f}"


def _players(folder: pathlib.Path) -> list[dict[str, str]]:
    path = folder / _PLAYERS
    if not path.exists():
        return []
    found = run_files.read(path, "catch_rate")["catch_rate"]
    return [
        _line(
            f"player: {player.replace('_', ' ')}, {rules}",
            NONE,
            NONE,
            percent(100 * rate),
        )
        for rules, rates in found.items()
        for player, rate in rates.items()
    ]


def _has_controls(group: list[CatchRun]) -> bool:
    return "catch_rate_random_fixations" in group[0].values


def _controls(group: list[CatchRun]) -> dict[str, str]:
    columns = {
        "as learned": "catch_rate",
        "sampled": "catch_rate_stochastic",
        "random fixations": "catch_rate_random_fixations",
        "centre only": "catch_rate_centre_only",
    }
    return {"model": group[0].kind, "million frames": _millions(group[0])} | {
        column: percent(
            100 * statistics.mean(run.values[name] for run in group)
        )
        for column, name in columns.items()
    }


def _listed(run: CatchRun) -> str:
    caught = f"caught {percent(run.rate)}"
    return run.line("frames", caught, f"{run.minutes} minutes")
