"""Writes RESULTS.md and its pictures from the committed run records.

    python -m trainers.report
    python -m trainers.report --pictures --data_dir=../shared/tfds

The first command needs no data and trains nothing. The second also draws the
glimpse paths of the released models on the test set.
"""

import dataclasses
import pathlib

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import Data


@dataclasses.dataclass(frozen=True)
class Report(Settings):
    """What is read and written."""

    records: str = setting("results", "Folder of the records.", path=True)
    document: str = setting(
        "RESULTS.md",
        "File for the text. Its pictures go to docs/results beside it.",
        path=True,
    )
    pictures: bool = setting(
        False, "Whether to draw glimpse paths, too, which needs MNIST."
    )


def main(options: Report, data: Data) -> None:
    folder, out = pathlib.Path(options.records), pathlib.Path(options.document)
    if not folder.is_dir():
        raise UserError(
            "--records must name the folder of the run records. "
            f"Received: {options.records!r}"
        )
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    from ram_tf import files, pretrained
    from ram_tf_reports import (
        catch,
        document,
        paths,
        pictures,
        records,
        run_files,
        size_pictures,
        stopping,
    )
    from ram_tf_reports.published import TASKS

    runs = {name: records.load(folder / name) for name in TASKS}
    with run_files.reading(folder):
        pictures.write(out.parent, runs, catch.load(folder / "catch"))
    with run_files.reading(folder / "stopping"):
        stopping.write(out.parent, folder / "stopping")
    with run_files.reading(folder / "seek"):
        size_pictures.write(out.parent, folder)
    if options.pictures:
        for name in filter(TASKS.get, pretrained.NAMES):
            print(paths.write(out.parent, name, data.data_dir))
        size_pictures.write_paths(out.parent, data.data_dir)
    # After the pictures, because it names those that are there.
    files.write_text(out, document.render(out.parent, folder))
    print(out)


COMMAND = Command(main, (Report, Data))


if __name__ == "__main__":
    run(COMMAND)
