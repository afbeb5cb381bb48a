"""Measures a trained model on its test set again.

python -m trainers.evaluate --workdir=runs/cluttered --out=result.json
"""

import pathlib

from absl import flags

from trainers.command import run
from data import sources
from trainers import results, setup, workdir

flags.adopt_module_key_flags(workdir)
_OUT = flags.DEFINE_string("out", None, "JSON file for the result.")


def main() -> None:
    run_dir = workdir.Workdir(flags.FLAGS.workdir)
    settings = run_dir.load_config()
    model = run_dir.load_model()
    source = sources.load(settings.source, flags.FLAGS.data_dir)
    test = setup.test_data(settings, source)
    result = results.measure(setup.make_evaluator(model, test), settings)
    print(results.table(result))
    if _OUT.value:
        workdir.write_json(pathlib.Path(_OUT.value), result)


if __name__ == "__main__":
    run(main)
