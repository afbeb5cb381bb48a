"""Writes RESULTS.md and its pictures from the committed run records.

    python -m trainers.report
    python -m trainers.report --pictures --data_dir=../shared/tfds

The first needs no data and trains nothing; --pictures also draws glimpse paths
of the released models on the test set.
"""

import pathlib

from absl import flags

from trainers.command import run
from ram_tf import pretrained
from trainers.reporting import (
    catch,
    document,
    paths,
    pictures,
    records,
    stopping,
)
from trainers.reporting.published import TASKS
from trainers.runs import workdir  # noqa: F401  Defines --data_dir.

flags.declare_key_flag("data_dir")
_RECORDS = flags.DEFINE_string("records", "results", "Folder of the records.")
_DOCUMENT = flags.DEFINE_string(
    "document",
    "RESULTS.md",
    "The text; its pictures go to docs/results beside it.",
)
_PICTURES = flags.DEFINE_bool(
    "pictures", False, "Whether to draw glimpse paths too; needs MNIST."
)


def main() -> None:
    folder, out = pathlib.Path(_RECORDS.value), pathlib.Path(_DOCUMENT.value)
    if not folder.is_dir():
        raise ValueError(
            "--records must name the folder of the run records. "
            f"Received: {_RECORDS.value!r}"
        )
    runs = {name: records.load(folder / name) for name in TASKS}
    pictures.write(out.parent, runs, catch.load(folder / "catch"))
    stopping.write(out.parent, folder / "stopping")
    if _PICTURES.value:
        for name in filter(TASKS.get, pretrained.NAMES):
            print(paths.write(out.parent, name, flags.FLAGS.data_dir))
    # After the pictures, because it names those that are there.
    out.write_text(document.render(out.parent, folder))
    print(out)


if __name__ == "__main__":
    run(main)
