"""Measures a model for images of any size on canvases of many sizes.

    python -m trainers.sizes --pretrained=seek --out=results/seek/sizes.json \\
        --canvases=256x64,1024x64 --looks=12

A canvas is given as SIDExPATCHES. For a model that finds signs in photographs,
patches are pieces of other photographs, as in 1024x10, and --backgrounds may
name larger photographs of the same names.

For each canvas the command prints the error after each look, the share of
digits that were found by then, and the error with random fixations and with
random cells. For a model that stops by itself, it also prints how often the
model looked and the error at the stop. For a network that does not look around,
it prints the error alone. Canvases are composed as they are needed. Progress is
kept in --out, and the same command goes on from there.
"""

import dataclasses
import pathlib
import re
from typing import Any

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import (
    OTHER_FLAGS,
    Backgrounds,
    ModelOptions,
    Out,
)

_LARGE = 1024  # Larger canvases take a second each, and the like.
_POLICIES = {
    "": "deterministic",
    "_random_fixations": "random",
    "_random_choices": "random_choices",
}
_ANSWERS = {"": "deterministic"}  # Of a network that looks nowhere.


@dataclasses.dataclass(frozen=True)
class Sizes(Settings):
    """What a model is measured on."""

    canvases: tuple[str, ...] = setting(
        ("128x64", "256x64", "512x64", "1024x64"),
        "Canvases to measure on, as SIDExPATCHES between commas. The "
        "largest number of cases may follow, as in 4096x64:1000.",
    )
    looks: int = setting(12, "Number of looks at each canvas.", least=1)
    cases: int = setting(
        10_000,
        "Largest number of cases of each canvas. A narrow interval needs many.",
        least=1,
    )
    sensor: str | None = setting(
        None,
        "How the retina reads, in place of the sensor that the model "
        "was trained with. integral, for example, cuts wide windows "
        "exactly where they are wanted, and pyramid cuts them at the "
        "edge of a block.",
        choices=("gather", "integral", "pyramid"),
    )
    split: str = setting(
        "test",
        "Which digits to measure on: those of the test set or those of "
        "validation. Choose between recipes on validation.",
        choices=("test", "validation"),
    )

    def check(self):
        form = "[1-9][0-9]*x[0-9]+(:[1-9][0-9]*)?"
        for words in self.canvases:
            if not re.fullmatch(form, words):
                raise UserError(
                    "--canvases must be SIDExPATCHES or SIDExPATCHES:CASES, "
                    "between commas, such as 256x64,4096x64:1000. "
                    f"Received: {words!r}"
                )

    @property
    def wanted(self) -> list[tuple[int, int, int]]:
        """(side, patches, cases) of each."""
        found = []
        for words in self.canvases:
            canvas, _, cases = words.partition(":")
            side, patches = map(int, canvas.split("x"))
            found.append((side, patches, min(int(cases or 10**9), self.cases)))
        return found


def main(
    options: ModelOptions, sizes: Sizes, scenery: Backgrounds, out: Out
) -> None:
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    from ram_tf.evaluation.finding import Finder
    from ram_tf_runs import memory, model_source
    from ram_tf_runs.records import record
    from ram_tf_runs.records.workdir import write_json

    trained = model_source.load(options)
    _check(trained, sizes)
    if scenery.backgrounds:
        trained.look_in(scenery.backgrounds)
    for side, patches, _ in sizes.wanted:
        memory.check_use(
            trained.settings,
            canvas=(f"a side of {side} in --canvases", side),
            clutter=(f"{patches} patches in --canvases", patches),
            glimpses=(f"--looks={sizes.looks}", sizes.looks),
        )
    path = pathlib.Path(out.out) if out.out else None
    asked = {
        "model": trained.name,
        "looks": sizes.looks,
        "split": sizes.split,
        "sensor": sizes.sensor,
        **record.circumstances(),
    }
    rows = _known(path, asked)
    model = trained.model
    if sizes.sensor:
        model = model.read_by(sizes.sensor)
    finder = Finder(model, sizes.looks)
    looking = trained.task.settings.network.looks
    print(_HEAD if looking else _HEAD_OF_NETWORKS)
    for side, patches, cases in sizes.wanted:
        key = {"canvas": side, "clutter": patches, "cases": cases}
        row = next((row for row in rows if key.items() <= row.items()), None)
        if row is None:
            row = key | _measured(trained, finder, sizes.split, **key)
            rows.append(row)
            if path:
                write_json(path, asked | {"canvases": rows})
        print(_line(row), flush=True)


def _check(trained, sizes: Sizes) -> None:
    settings = trained.task.settings
    if not hasattr(settings, "any_size"):
        raise UserError(
            "The model must be one that classifies images. Received: one that "
            f"{trained.task.does}"
        )
    network = settings.network
    if not settings.any_size:
        raise UserError(
            "The model must be one of --scales=0, or a network on whole images "
            f"of any size. Received: {trained.name}, of "
            f"--network={network.network} --scales={settings.model.scales}"
        )
    if sizes.sensor and not network.looks:
        raise UserError(
            "--sensor is for models that look. Received: "
            f"--sensor={sizes.sensor} with --network={network.network}"
        )


def _known(path: pathlib.Path | None, asked: dict[str, Any]) -> list[Any]:
    """Rows that an earlier run of the same measurement has left."""
    from ram_tf_runs.records import json_files

    if path is None or not path.exists():
        return []
    found = json_files.read(path, "canvases")
    same = ("model", "looks", "split", "sensor")
    if {name: found.get(name) for name in same} != {
        name: asked[name] for name in same
    }:
        raise UserError(
            f"--out must name a new file, or one of the same measurement. "
            f"Received: --out={path}, of {found.get('model')}, "
            f"{found.get('looks')} looks, {found.get('split')}, "
            f"sensor={found.get('sensor')}"
        )
    with json_files.reading(path):
        for row in found["canvases"]:
            _line(row)
            _ = row["cases"]
        return list(found["canvases"])


def _measured(
    trained, finder, split: str, canvas: int, clutter: int, cases: int
) -> dict[str, Any]:
    from ram_tf.evaluation.finding import at_once

    together = at_once(canvas)
    looking, row = trained.task.settings.network.looks, {}
    for name, policy in (_POLICIES if looking else _ANSWERS).items():
        # The controls need no more than this to be told from the model.
        most = 1000 if canvas <= _LARGE else 200
        count = cases if policy == "deterministic" else min(cases, most)
        pieces = trained.task.streamed(split, canvas, clutter, count, together)
        found = finder.measure(pieces, count, policy)
        row |= {f"{key}{name}": values for key, values in found.items()}
    return row


_HEAD_OF_NETWORKS = "canvas  patches  cases   error"
_HEAD = (
    f"{_HEAD_OF_NETWORKS}   found  random  random cells  error after each look"
)


def _line(row: dict[str, Any]) -> str:
    error = row["error_by_glimpse"]
    line = (
        f"{row['canvas']:6}{row['clutter']:9}{row['cases']:7}{error[-1]:8.2f}"
    )
    if "found_by_glimpse" not in row:
        return line
    line += (
        f"{row['found_by_glimpse'][-1]:8.2f}"
        f"{row['error_by_glimpse_random_fixations'][-1]:8.2f}"
        f"{row['error_by_glimpse_random_choices'][-1]:14.2f}  "
        + " ".join(f"{after:.1f}" for after in error)
    )
    if "mean_glimpses" in row:
        line += (
            f"; stopped after {row['mean_glimpses']:.2f} looks, "
            f"{row['error_at_stop']:.2f}"
        )
    return line


COMMAND = Command(
    main, (ModelOptions, Sizes, Backgrounds, Out), others=OTHER_FLAGS
)


if __name__ == "__main__":
    run(COMMAND)
