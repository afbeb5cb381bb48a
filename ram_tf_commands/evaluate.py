"""Measures a trained model again, on its test set or on the game it plays.

    python -m trainers.evaluate --workdir=runs/cluttered --out=result.json
    python -m trainers.evaluate --pretrained=catch
    python -m trainers.evaluate --pretrained=find --backgrounds=PHOTOGRAPHS \\
        --data_dir=FOLDER_OF_SIGNS

A model that was trained on pictures in folders without a test set (--test_dir)
is measured on its validation data.
"""

import pathlib

from ram_tf_runs.command import Command, run
from ram_tf_runs.settings.options import (
    OTHER_FLAGS,
    Backgrounds,
    ModelOptions,
    Out,
)


def main(options: ModelOptions, scenery: Backgrounds, out: Out) -> None:
    # TensorFlow comes with these; --help does without.
    from ram_tf_runs import model_source
    from ram_tf_runs.records.workdir import write_json

    trained = model_source.load(options)
    if scenery.backgrounds:
        trained.look_in(scenery.backgrounds)
    task = trained.task
    result = task.measure(task.test(trained.model))
    print(task.table(result))
    if out.out:
        write_json(pathlib.Path(out.out), result)


COMMAND = Command(main, (ModelOptions, Backgrounds, Out), others=OTHER_FLAGS)


if __name__ == "__main__":
    run(COMMAND)
