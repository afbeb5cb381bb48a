"""The section of translation invariance, from `trainers.invariance`."""

import pathlib
from collections.abc import Iterator

from trainers.records import recipe
from trainers.reporting import run_files
from trainers.reporting.markdown import (
    count,
    paragraph,
    percent,
    picture,
    table,
)
from trainers.settings.run import from_record

_NEEDED = ("models", "rows", "columns", "cases_per_place")


def section(path: pathlib.Path) -> Iterator[str]:
    """The blocks of the section; none without the record.

    Raises:
        UserError: On a bad record; file and key are named.
    """
    if not path.exists():
        return
    found = run_files.read(path, *_NEEDED)
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
    commands = [
        recipe.command(from_record(model["config"]))
        for model in found["models"].values()
    ]
    yield "Trained by:"
    yield "\n".join(f"- `{command}`" for command in commands)
