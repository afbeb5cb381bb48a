"""Runs that differ in the seed alone: what became of them, in one record."""

import pathlib
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ram_tf_runs.errors import UserError
from ram_tf_runs.records import json_files
from ram_tf_runs.settings.run import RunSettings, from_record


class Seed(NamedTuple):
    """A run of one seed, and its work directory."""

    settings: RunSettings
    workdir: pathlib.Path

    @property
    def name(self) -> str:
        return f"seed {self.settings.seed}"

    def result(self) -> dict[str, Any] | None:
        """Its result.json; None unless this very run has finished."""
        try:
            with json_files.reading(self.workdir / "config.json"):
                before = from_record(self._record()["config"])
            result = json_files.read(self.workdir / "result.json")
        except UserError:  # Its trainer will say what is wrong.
            return None
        return result if before == self.settings else None

    def data(self) -> dict[str, Any]:
        """Which images a run that has finished was on, if it says so."""
        return self._record().get("data", {})

    def _record(self) -> dict[str, Any]:
        return json_files.read(self.workdir / "config.json", "config")


def summarise(
    command: str, seeds: Sequence[Seed], failed: Mapping[str, str]
) -> dict[str, Any]:
    """Mean, standard deviation and each of all figures of the results.

    Figures are the numbers of a result that need not be whole. The deviation is
    that of a sample, None for one seed.

    Args:
        command: What trained them.
        seeds: All that were to be trained.
        failed: Why some were not, in a line, by name.

    Raises:
        UserError: If the runs that have finished had different images.
    """
    results = {seed: seed.result() for seed in seeds}
    done = {seed: r for seed, r in results.items() if r is not None}
    first = next(iter(done), None)
    for seed in done:
        if seed.data() != first.data():
            raise UserError(
                "All seeds must be trained on the same images. Received: "
                f"others in {seed.workdir} than in {first.workdir}"
            )
    config = seeds[0].settings.record()
    return {
        "command": command,
        "seeds": [seed.settings.seed for seed in done],
        "figures": _figures(list(done.values())),
        "failed": dict(failed),
        "workdirs": [str(seed.workdir) for seed in done],
        "config": {n: v for n, v in config.items() if n != "seed"},
    }


def table(summary: dict[str, Any]) -> str:
    """What a summary says, as lines of text."""
    lines = [f"finished: seeds {', '.join(map(str, summary['seeds'])) or None}"]
    if summary["figures"]:
        lines.append(f"{'':<32}{'mean':>10}{'deviation':>11}   each")
    for name, figure in summary["figures"].items():
        deviation = figure["standard_deviation"]
        shown = "-" if deviation is None else f"{deviation:.4g}"
        each = " ".join(f"{value:.4g}" for value in figure["each"])
        lines.append(f"{name:<32}{figure['mean']:>10.4g}{shown:>11}   {each}")
    lines += [f"{n} failed: {why}" for n, why in summary["failed"].items()]
    return "\n".join(lines)


def _figures(results: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    figures = {}
    for name in results[0] if results else ():
        each = [result.get(name) for result in results]
        if all(isinstance(value, float) for value in each):
            figures[name] = {
                "mean": statistics.fmean(each),
                "standard_deviation": (
                    statistics.stdev(each) if len(each) > 1 else None
                ),
                "each": each,
            }
    return figures
