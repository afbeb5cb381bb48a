"""Models of any size in RESULTS.md, from the records of `trainers.sizes`.

In `results/seek` and `results/find`: `sizes` has a record a seed; `networks`
those of networks on whole images, by their names; `stops` those of models that
stop by themselves; and `sensors` those of one model whose retina reads in
several ways.
"""

import pathlib
import statistics
from collections.abc import Iterable
from typing import Any, NamedTuple

from ram_tf_reports import run_files
from ram_tf_reports.markdown import render

# The paper's policy, trained on each canvas for itself.
_EARLIER = ("large", "large_512", "large_1024")
NETWORKS = ("conv_any", "conv_128")
FINDING = "find"


class Row(NamedTuple):
    """One canvas; errors are means over the seeds, in %.

    Attributes:
        canvas: Its side in pixels.
        clutter: Patches on it.
        cases: How many canvases were measured.
        by_seed: The error after the last look of each seed.
        by_look: After each look.
        found: Digits that were found by each look, in %.
        random: The error with random fixations.
        random_choices: That with random cells.
        earlier: The error of the paper's policy there, if it was measured.
        networks: The error of each network on whole images, if it was measured.
    """

    canvas: int
    clutter: int
    cases: int
    by_seed: list[float]
    by_look: list[float]
    found: list[float]
    random: float
    random_choices: float
    earlier: float | None
    networks: dict[str, float | None]

    @property
    def error(self) -> float:
        """After the last look."""
        return statistics.mean(self.by_seed)

    @property
    def is_dense(self) -> bool:
        """As dense as eight patches of 8 x 8 on 85 x 85: one on 900 pixels."""
        return _is_dense(self.canvas, self.clutter)


def section(
    folder: pathlib.Path, picture: str | None, runs: Iterable[Any]
) -> list[str]:
    """The blocks of the section; none without records.

    Args:
        folder: `results`.
        picture: The link to the curve, if there is one.
        runs: Those that trained the models.
    """
    seek = folder / "seek"
    return render(
        "sizes",
        stops=_load(seek, "stops"),
        sensors=_by_sensor(_load(seek, "sensors")),
        picture=picture,
        runs=runs,
        **_tables(seek),
    )


def finding(
    folder: pathlib.Path, picture: str | None, runs: Iterable[Any]
) -> list[str]:
    """The same of the model that finds signs in photographs."""
    find = folder / FINDING
    return render(FINDING, picture=picture, runs=runs, **_tables(find))


def _tables(task: pathlib.Path) -> dict[str, Any]:
    records, networks = load(task), _load(task, "networks")
    return {
        "records": records,
        "rows": rows(task, records) if records else [],
        "networks": [name for name in NETWORKS if name in networks],
        "notes": run_files.notes(task),
    }


def load(task: pathlib.Path) -> list[dict[str, Any]]:
    """A record a seed, from the folder of a task."""
    return list(_load(task, "sizes").values())


def rows(task: pathlib.Path, records: list[dict[str, Any]]) -> list[Row]:
    """Of the canvases that all seeds were measured on."""
    earlier = dict(_earlier(task.parent)) if task.name == "seek" else {}
    networks = {
        name: {key: row["error_by_glimpse"][-1] for key, row in found.items()}
        for name, found in map(_named, _load(task, "networks").items())
    }
    seeds = list(map(_by_canvas, records))
    # The sparse ones first, each kind by its size.
    order = sorted(
        set.intersection(*map(set, seeds)),
        key=lambda key: (_is_dense(*key), key),
    )
    return [
        _row(
            [by_canvas[key] for by_canvas in seeds],
            earlier=earlier.get(key),
            networks={n: networks.get(n, {}).get(key) for n in NETWORKS},
        )
        for key in order
    ]


def _load(task: pathlib.Path, kind: str) -> dict[str, dict[str, Any]]:
    """Records of a task, by the names of their files."""
    needed = ("model", "looks", "split", "canvases")
    paths = sorted((task / kind).glob("*.json"))
    return {path.stem: run_files.read(path, *needed) for path in paths}


def _by_canvas(record: dict[str, Any]) -> dict[tuple[int, int], Any]:
    return {(row["canvas"], row["clutter"]): row for row in record["canvases"]}


def _named(item: tuple[str, dict[str, Any]]) -> tuple[str, Any]:
    name, record = item
    return name, _by_canvas(record)


def _row(seeds: list[dict[str, Any]], **others: Any) -> Row:
    def mean(name: str) -> list[float]:
        columns = zip(*(seed[name] for seed in seeds), strict=True)
        return [statistics.mean(column) for column in columns]

    return Row(
        canvas=seeds[0]["canvas"],
        clutter=seeds[0]["clutter"],
        cases=seeds[0]["cases"],
        by_seed=[seed["error_by_glimpse"][-1] for seed in seeds],
        by_look=mean("error_by_glimpse"),
        found=mean("found_by_glimpse"),
        random=mean("error_by_glimpse_random_fixations")[-1],
        random_choices=mean("error_by_glimpse_random_choices")[-1],
        **others,
    )


def _by_sensor(records: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a canvas that all were measured on, with the error of each."""
    found = dict(map(_named, records.items()))
    shared = set.intersection(*map(set, found.values())) if found else set()
    return [
        {
            "canvas": canvas,
            "clutter": clutter,
            "cases": next(iter(found.values()))[canvas, clutter]["cases"],
            "errors": {
                name: by_canvas[canvas, clutter]["error_by_glimpse"][-1]
                for name, by_canvas in found.items()
            },
        }
        for canvas, clutter in sorted(shared)
    ]


def _earlier(folder: pathlib.Path) -> Iterable[tuple[tuple[int, int], float]]:
    for name in _EARLIER:
        record = run_files.read(folder / name / "ram.json", *run_files.RUN)
        if record:
            config = record["config"]
            yield (config["canvas"], config["clutter"]), record["test_error"]


def _is_dense(side: int, clutter: int) -> bool:
    return abs(clutter - side**2 / 900) <= 1
