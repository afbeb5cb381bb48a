"""RESULTS.md: its sections, one after the other."""

import pathlib
from collections.abc import Iterator
from typing import Any

from ram_tf_reports import (
    catch,
    environments,
    lines,
    markdown,
    numbers,
    pictures,
    size_pictures,
    sizes,
    stopping,
)
from ram_tf_reports.published import TASKS, Task
from ram_tf_reports.records import Runs, load
from ram_tf_reports.run_files import notes, read, reading

# Not in the paper's tables; by flagfile and folder.
OTHERS = ("signs", "mnist_paper", "quickstart", "svhn_small", "video")
_LARGE = ("large", "large_512", "large_1024")
_INVARIANCE = ("models", "rows", "columns", "cases_per_place")
_BEYOND = ("model", "canvases", "trained_on", "reach", "test_cases")


def render(root: pathlib.Path, folder: pathlib.Path) -> str:
    """The whole text.

    Args:
        root: Where the text will stand; its pictures are in docs/results.
        folder: The records, TASK/RUN.json.

    Raises:
        UserError: On a bad record; file and key are named.
    """
    return "\n\n".join(_blocks(root, folder)) + "\n"


def _blocks(root: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    """Blocks of Markdown; a section without records has none."""
    names = (*TASKS, *OTHERS, *_LARGE, "numbers", "seek", sizes.FINDING)
    runs = {name: load(folder / name) for name in names}
    numbers.check(runs["numbers"])

    def section(template: str, name: str, **values: Any) -> list[str]:
        """One that is made of the records in the folder of this name."""
        with reading(folder / name):
            return markdown.render(
                template,
                name=name,
                lines=lines.of_runs(runs[name]),
                runs=runs[name].values(),
                notes=notes(folder / name),
                paths=pictures.glimpse_paths(root, name),
                **values,
            )

    counted = [_counted(task, runs[name]) for name, task in TASKS.items()]
    overview = pictures.OVERVIEW
    yield from markdown.render("start", tasks=counted, overview=overview)
    for name, task in TASKS.items():
        with reading(folder / name):
            facts = _task(name, task, runs[name])
        yield from section("task", name, **facts)
    with reading(folder / "catch"):
        yield from catch.section(folder / "catch")
    with reading(folder / "minatar"):
        yield from environments.section(folder / "minatar")
    with reading(path := folder / "invariance.json"):
        found = read(path, *_INVARIANCE)
        yield from markdown.render("invariance", found=found)
    for name in OTHERS:
        yield from section("others", name)
    with reading(folder / "stopping"):
        yield from stopping.section(folder / "stopping")
    yield from section("numbers", "numbers")
    curve = size_pictures.PICTURE
    curve = curve if (root / curve).exists() else None
    with reading(folder / "seek"):
        large = sizes.section(folder, curve, runs["seek"].values())
    large += [block for name in _LARGE for block in section("large", name)]
    with reading(path := folder / "larger_canvases.json"):
        large += markdown.render("beyond", found=read(path, *_BEYOND))
    with reading(folder / sizes.FINDING):
        picture = pictures.glimpse_paths(root, sizes.FINDING)
        found = runs[sizes.FINDING].values()
        large += sizes.finding(folder, picture, found)
    yield from ["## Large images", *large] if large else []
    yield from markdown.render("sources", tasks=TASKS.values())


def _counted(
    task: Task, runs: Runs
) -> tuple[Task, list[lines.Line], list[float]]:
    """What the summary tells: the lines that count, and the last by seed."""
    found = lines.counted(task, runs)
    return task, found, lines.by_each_seed(found[-1], runs)


def _task(name: str, task: Task, runs: Runs) -> dict[str, Any]:
    """What the section of a task of the paper shows beside its runs."""
    return {
        "task": task,
        "rows": list(lines.of_task(task, runs)),
        "networks": list(lines.of_networks(task, runs)),
        "repeats": list(lines.repeats(task, runs)),
        "curve": pictures.curves(runs) and pictures.CURVE.format(name),
    }
