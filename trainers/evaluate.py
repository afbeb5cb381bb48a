"""Measures a trained model again: on its test set, or on what it plays.

python -m trainers.evaluate --workdir=runs/cluttered --out=result.json
python -m trainers.evaluate --pretrained=catch

Without a test set (--test_dir) it is measured on validation.
"""

import pathlib

import trainers.quiet  # noqa: F401  First.

from trainers.command import Command, run
from trainers.records.workdir import write_json
from trainers.runs import model_source
from trainers.settings.options import ModelOptions, Out


def main(options: ModelOptions, out: Out) -> None:
    trained = model_source.load(options)
    task = trained.task
    result = task.measure(task.test(trained.model))
    print(task.table(result))
    if out.out:
        write_json(pathlib.Path(out.out), result)


COMMAND = Command(main, (ModelOptions, Out), others=model_source.OTHER_FLAGS)

if __name__ == "__main__":
    run(COMMAND)
