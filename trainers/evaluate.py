"""Measures a trained model on its test set again.

python -m trainers.evaluate --workdir=runs/cluttered --out=result.json
python -m trainers.evaluate --pretrained=cluttered
"""

import pathlib

from absl import flags

from trainers.command import run
from data import sources
from trainers import (  # noqa: F401
    model_source,
    outputs,
    results,
    setup,
    workdir,
)

flags.adopt_module_key_flags(model_source)
flags.declare_key_flag("out")


def main() -> None:
    settings, model, _ = model_source.load()
    source = sources.load(settings.source, flags.FLAGS.data_dir)
    test = setup.test_data(settings, source)
    result = results.measure(setup.make_evaluator(model, test), settings)
    print(results.table(result))
    if flags.FLAGS.out:
        workdir.write_json(pathlib.Path(flags.FLAGS.out), result)


if __name__ == "__main__":
    run(main)
