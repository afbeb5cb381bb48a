"""RESULTS.md: the words around the tables."""

import pathlib
from collections.abc import Iterator

from trainers.reporting import (
    catch,
    environments,
    large,
    numbers,
    pictures,
    prose,
    records,
    run_files,
    stopping,
    tables,
)
from trainers.reporting.markdown import (
    count,
    paragraph,
    percent,
    picture,
    table,
)
from trainers.reporting.published import (
    LEFT_OUT,
    OTHERS,
    SOURCES,
    TASKS,
    Task,
)
from trainers.reporting.records import Runs


def render(root: pathlib.Path, folder: pathlib.Path) -> str:
    """The whole text.

    Args:
        root: Where the text will stand; its pictures are in docs/results.
        folder: The records, TASK/RUN.json.

    Raises:
        ValueError: On a bad record; it is named.
    """
    runs = {name: records.load(folder / name) for name in (*TASKS, *OTHERS)}
    blocks = [
        prose.INTRODUCTION,
        tables.summary(TASKS, runs),
        prose.SUMMARY,
        picture("Error after each glimpse, all tasks", pictures.OVERVIEW),
        prose.PROTOCOL,
    ]
    for name, task in TASKS.items():
        blocks += _task(root, folder, name, task, runs[name])
    blocks += catch.section(folder / "catch")
    blocks += environments.section(folder / "minatar")
    blocks += _invariance(folder / "invariance.json")
    blocks += _others(folder, runs)
    blocks += stopping.section(folder / "stopping")
    blocks += _numbers(root, folder)
    blocks += _large(root, folder)
    blocks += ["## Sources", *_sources()]
    return "\n\n".join(block.strip() for block in blocks) + "\n"


def _task(
    root: pathlib.Path, folder: pathlib.Path, name: str, task: Task, runs: Runs
) -> Iterator[str]:
    yield f"## {task.title[0].upper()}{task.title[1:]}"
    yield paragraph(
        f"Data: {task.data}. Retina {task.retina}; with {task.glimpses} "
        f"glimpses the paper's model senses {count(task.pixels)} pixels."
    )
    yield tables.errors(task, runs)
    yield "The same weights with other fixations, and the cost of an image:"
    yield tables.controls(task, runs)
    if task.random_fixations is not None:
        yield (
            f"The paper's RAM with {task.glimpses} random glimpses: "
            f"{percent(task.random_fixations)} (NIPS)."
        )
    yield "Networks without attention, under the same protocol:"
    yield tables.networks(task, runs)
    yield from _seeds(task, runs)
    yield from run_files.notes(folder / name)
    yield from _pictures(root, name, task, runs)
    yield from _list(name, runs)


def _seeds(task: Task, runs: Runs) -> Iterator[str]:
    found = tables.repeats(task, runs)
    if found:
        yield "### Seeds"
        yield "Runs that differ in the seed alone, *n* of them:"
        yield found


def _pictures(
    root: pathlib.Path, name: str, task: Task, runs: Runs
) -> Iterator[str]:
    if pictures.curves(runs):
        yield picture(
            f"Learning curves, {task.title}", pictures.CURVE.format(name)
        )
    paths = pictures.PATHS.format(name)
    if (root / paths).exists():
        yield paragraph(prose.PATHS)
        yield picture(f"Glimpse paths, {task.title}", paths)


def _list(name: str, runs: Runs) -> Iterator[str]:
    yield "### Runs"
    yield (
        tables.listed(runs)
        or f"None yet: `python -m trainers.mnist --flagfile={name}.flags`"
    )


def _others(folder: pathlib.Path, runs: dict[str, Runs]) -> Iterator[str]:
    for name, words in OTHERS.items():
        if runs[name].all:
            yield f"## Beside the paper's tables: `{name}.flags`"
            yield paragraph(words)
            yield tables.others(runs[name])
            yield from run_files.notes(folder / name)
            yield from _list(name, runs[name])


def _numbers(root: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    runs = records.load(folder / "numbers")
    if runs.all:
        yield "## Whole numbers, digit by digit"
        yield paragraph(numbers.describe(runs))
        yield numbers.errors(runs)
        yield "All lengths, and the same weights with other fixations:"
        yield numbers.controls(runs)
        yield from run_files.notes(folder / "numbers")
        paths = pictures.PATHS.format("numbers")
        if (root / paths).exists():
            yield picture("Glimpse paths, numbers", paths)
        yield from _list("numbers", runs)


def _large(root: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    tasks = {name: records.load(folder / name) for name in large.TASKS}
    further = list(large.larger_canvases(folder / large.LARGER_CANVASES))
    if further or any(runs.all for runs in tasks.values()):
        yield "## Large images"
    for name, runs in tasks.items():
        if not runs.all:
            continue
        side = runs.all[0].settings.canvas
        yield f"### {side}×{side}"
        yield large.describe(runs)
        yield large.results(runs)
        yield from run_files.notes(folder / name)
        paths = pictures.PATHS.format(name)
        if (root / paths).exists():
            yield picture(f"Glimpse paths, {side}×{side}", paths)
        yield from _list(name, runs)
    if further:
        yield "### A model beyond its canvas"
        yield from further


def _invariance(path: pathlib.Path) -> Iterator[str]:
    if not path.exists():
        return
    needed = ("models", "rows", "columns", "cases_per_place")
    found = run_files.read(path, *needed)
    yield "## Translation invariance"
    places = f"{len(found['rows'])}×{len(found['columns'])}"
    yield paragraph(
        "Trained with digits in the left half of the canvas only. Error by the "
        f"digit's place, {places} places with "
        f"{count(found['cases_per_place'])} test cases each:"
    )
    yield table(
        [
            {
                "network": "RAM" if name == "ram" else name,
                "left half, trained on": percent(model["left"]),
                "right half, never seen": percent(model["right"]),
            }
            for name, model in found["models"].items()
        ]
    )
    yield picture("Error by the place of the digit", "docs/invariance.png")


def _sources() -> Iterator[str]:
    yield "\n".join(f"- {name}: {words}." for name, words in SOURCES.items())
    yield table(
        [
            {
                "public figure": f"{task.title}, {glimpses} glimpses",
                "error": percent(public.error),
                "with glimpses": str(public.glimpses or glimpses),
                "source": public.source,
            }
            for task in TASKS.values()
            for glimpses, row in task.rows.items()
            for public in row.public
        ]
    )
    yield paragraph(
        "Public figures of networks without attention are tfRAM's. " + LEFT_OUT
    )
