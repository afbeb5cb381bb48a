"""Measures a trained model on its test set again.

python -m trainers.evaluate --workdir=runs/cluttered --out=result.json
python -m trainers.evaluate --pretrained=cluttered
"""

import pathlib

from absl import flags

from trainers.command import run
from data import sources
from trainers import model_source, results, setup, workdir
from trainers.output_flags import OUT

flags.adopt_module_key_flags(model_source)
flags.declare_key_flag("out")


def main() -> None:
    settings, model, _ = model_source.load()
    source = sources.load(settings.source, flags.FLAGS.data_dir)
    test = setup.test_data(settings, source)
    result = results.measure(setup.make_evaluator(model, test), settings)
    print(results.table(result))
    if OUT.value:
        workdir.write_json(pathlib.Path(OUT.value), result)


if __name__ == "__main__":
    run(main)
