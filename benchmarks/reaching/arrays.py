"""Writes the images that `torch_ram` learns from, and is measured on.

    python -m benchmarks.reaching.arrays --recipe=settings.json --out=data.npz

Training images are as they are in the source; those of validation and test are
composed, so that both implementations are measured on the same canvases.
"""

import dataclasses
import io
import json
import pathlib

import numpy as np

from ram_tf import files
from ram_tf_runs.command import Command, run
from ram_tf_runs.settings import run as runs
from ram_tf_runs.settings.fields import Settings, group, setting
from ram_tf_runs.settings.options import Data


@dataclasses.dataclass(frozen=True)
class Arrays(Settings):
    """What is written."""

    recipe: str = setting("", "JSON file of a run's settings.", path=True)
    out: str = setting("", "NPZ file for the arrays.", path=True)
    data: Data = group(Data)


def main(options: Arrays) -> None:
    from ram_tf_runs.tasks.registry import task_of

    record = json.loads(pathlib.Path(options.recipe).read_text("utf-8"))
    settings = runs.from_record(record)
    task = task_of(settings, options.data.data_dir)
    train = task.source.train
    arrays = {"train_image": train.image[..., 0], "train_label": train.label}
    whole = task_of(settings.replace(evaluation_cases=0), options.data.data_dir)
    # As `tested` does: only what is validated on may be a part.
    measured = {
        "validation": task.validation_data,
        "test": whole.final_data,
    }
    for name, data in measured.items():
        arrays[f"{name}_image"] = data["image"][..., 0]
        arrays[f"{name}_label"] = data["label"]
    content = io.BytesIO()
    np.savez(content, **arrays)
    files.write_bytes(options.out, content.getvalue())
    print(options.out)


COMMAND = Command(main, (Arrays,))

if __name__ == "__main__":
    run(COMMAND)
