"""Measures trained models with the digit at each place of a grid.

    python -m trainers.mnist --flagfile=cluttered.flags --clutter=0 \\
        --place=left --epochs=25 --workdir=runs/left_ram
    python -m trainers.mnist --flagfile=cluttered.flags --clutter=0 \\
        --place=left --epochs=25 --network=conv --workdir=runs/left_conv
    python -m trainers.invariance --workdirs=runs/left_ram,runs/left_conv \\
        --out=results/invariance.json --picture=docs/invariance.png

The paper's abstract says that RAM "has a degree of translation invariance
built-in". This command shows digits in both halves of the canvas to models that
were trained with digits in one half only. The same test digits are shown at
each place.
"""

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.options import ComparedRuns

if TYPE_CHECKING:
    from ram_tf_data.splits import Split


@dataclasses.dataclass(frozen=True)
class Grid(Settings):
    """Where digits are put, and how many."""

    cases: int = setting(500, "Number of test digits at each place.", least=1)
    places: int = setting(
        10, "Number of places along a side of the canvas.", least=2
    )


def main(options: ComparedRuns, grid: Grid) -> None:
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    from ram_tf_reports import place_errors
    from ram_tf_reports.heat_maps import draw_heat_maps
    from ram_tf_runs import compared

    runs = compared.load(options, lambda r: r.settings.network.network, _check)
    source = next(iter(runs.values())).task.source
    split = _first_cases(source.test, grid.cases)
    result = place_errors.measure(runs, split, grid.places)
    print(table(result))
    compared.save(options, result, draw_heat_maps)


def table(result: dict[str, Any]) -> str:
    """The mean error in each half as a few lines of text."""
    lines = [
        f"test error, % of {result['cases_per_place']} digits at each place; "
        f"trained with digits {result['place']}",
        f"{'':12}{'left half':>12}{'right half':>12}",
    ]
    for name, model in result["models"].items():
        lines.append(f"{name:12}{model['left']:12.2f}{model['right']:12.2f}")
    return "\n".join(lines)


def _check(directory: pathlib.Path, settings: ClassifySettings) -> None:
    if settings.scene.frames:
        raise UserError(
            "--workdirs must name runs on one digit that stands still: others "
            f"have no one place. Received: {directory}"
        )


def _first_cases(split: "Split", count: int) -> "Split":
    if count > len(split.label):
        raise UserError(
            f"--cases must be at most {len(split.label)}, the test digits that "
            f"there are. Received: {count}"
        )
    return split.take(slice(count))


COMMAND = Command(main, (ComparedRuns, Grid))


if __name__ == "__main__":
    run(COMMAND)
