"""Compares learned stops with a fixed number of glimpses and a threshold.

    for cost in 0.0001 0.001 0.01; do
      python -m trainers.mnist --flagfile=cluttered.flags \\
          --pretrained=cluttered --stop --train_only_stop --reward=accuracy \\
          --glimpse_cost=$cost --learning_rate=1e-4 --epochs=2 \\
          --evaluate_every=0.5 --workdir=runs/stop_$cost
    done
    python -m trainers.stopping \\
        --workdirs=runs/stop_0.0001,runs/stop_0.001,runs/stop_0.01 \\
        --out=results/stopping.json --picture=docs/stopping.png

Each model is measured on its test set in three ways: when it stops by itself,
after each fixed number of glimpses, and when it stops as soon as its highest
probability exceeds a threshold. They are compared at the same mean number of
glimpses.
"""

import pathlib
from typing import TYPE_CHECKING, Any

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.options import ComparedRuns

if TYPE_CHECKING:
    import numpy as np

    from ram_tf_runs.compared import Run


def main(options: ComparedRuns) -> None:
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    from ram_tf_reports import stop_curves
    from ram_tf_runs import compared
    from ram_tf_runs.records import record

    models = compared.load(options, _name, _check)
    test = next(iter(models.values())).task.evaluated("test")
    result = {
        "models": {name: _measure(m, test) for name, m in models.items()},
        "test_cases": len(test["label"]),
        "published": stop_curves.PUBLISHED,
        **record.circumstances(),
    }
    print(stop_curves.table(result))
    compared.save(options, result, stop_curves.draw)


def _name(model: "Run") -> str:
    return model.directory.resolve().name


def _check(directory: pathlib.Path, settings: ClassifySettings) -> None:
    if not settings.stop:
        raise UserError(
            f"--workdirs must name runs made with --stop. Received: {directory}"
        )


def _measure(model: "Run", test: "dict[str, np.ndarray]") -> dict[str, Any]:
    from ram_tf_reports import stop_curves

    rollouts = model.task.make_evaluator(model.model, test).rollouts()
    measured = stop_curves.measure(rollouts, test["label"])
    return {**measured, "config": model.settings.record()}


COMMAND = Command(main, (ComparedRuns,))


if __name__ == "__main__":
    run(COMMAND)
