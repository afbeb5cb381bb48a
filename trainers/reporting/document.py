"""RESULTS.md: its sections, one after the other."""

import pathlib

from trainers.reporting import (
    catch,
    environments,
    invariance,
    large,
    numbers,
    others,
    pictures,
    prose,
    records,
    sources,
    stopping,
    tables,
    tasks,
)
from trainers.reporting.markdown import picture
from trainers.reporting.published import OTHERS, TASKS


def render(root: pathlib.Path, folder: pathlib.Path) -> str:
    """The whole text.

    Args:
        root: Where the text will stand; its pictures are in docs/results.
        folder: The records, TASK/RUN.json.

    Raises:
        UserError: On a bad record; it is named.
    """
    runs = {name: records.load(folder / name) for name in TASKS}
    sections = [
        [
            prose.INTRODUCTION,
            tables.summary(TASKS, runs),
            prose.SUMMARY,
            picture("Error after each glimpse, all tasks", pictures.OVERVIEW),
            prose.PROTOCOL,
        ],
        *(
            tasks.section(root, folder / name, task, runs[name])
            for name, task in TASKS.items()
        ),
        catch.section(folder / "catch"),
        environments.section(folder / "minatar"),
        invariance.section(folder / "invariance.json"),
        *(others.section(folder / name, OTHERS[name]) for name in OTHERS),
        stopping.section(folder / "stopping"),
        numbers.section(root, folder / "numbers"),
        large.section(root, folder),
        sources.section(),
    ]
    blocks = [block.strip() for section in sections for block in section]
    return "\n\n".join(blocks) + "\n"
