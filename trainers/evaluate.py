"""Measures a trained model again: on its test set, or on what it plays.

python -m trainers.evaluate --workdir=runs/cluttered --out=result.json
python -m trainers.evaluate --pretrained=catch

Without a test set (--test_dir) it is measured on validation.
"""

import pathlib

from absl import flags

from trainers.command import run
from trainers.configs import settings
from trainers.configs.output_flags import OUT
from trainers.runs import (
    catch_results,
    catch_setup,
    data_setup,
    model_source,
    play_results,
    play_setup,
    results,
    setup,
    workdir,
)

flags.adopt_module_key_flags(model_source)
flags.declare_key_flag("out")


def main() -> None:
    trained = model_source.load(may_play_environment=True)
    if settings.plays_catch(trained.config):
        evaluator = catch_setup.test(trained.config, trained.model)
        result = catch_results.measure(evaluator, trained.config)
        print(catch_results.table(result))
    elif settings.plays_environment(trained.config):
        episodes = play_setup.make_episodes(trained.config)
        evaluator = play_setup.test(trained.config, trained.model, episodes)
        result = play_results.measure(evaluator, trained.config)
        print(play_results.table(result))
    else:
        source = data_setup.load_source(trained.config, flags.FLAGS.data_dir)
        split, data = data_setup.final_data(trained.config, source)
        evaluator = setup.make_evaluator(trained.model, data)
        result = results.measure(evaluator, trained.config, split)
        print(results.table(result))
    if OUT.value:
        workdir.write_json(pathlib.Path(OUT.value), result)


if __name__ == "__main__":
    run(main)
