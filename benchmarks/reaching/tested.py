"""Reads the whole test set once, with the best weights of a checkpoint.

    python -m benchmarks.reaching.tested --workdir=DIR --checkpoints=DIR/kept

It prints the error in % as JSON. `benchmarks.time_to_error` calls it.
"""

import dataclasses
import json
import pathlib

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, group, setting
from ram_tf_runs.settings.options import Data


@dataclasses.dataclass(frozen=True)
class Tested(Settings):
    """What is tested."""

    workdir: str = setting("", "Directory of the run.", path=True)
    checkpoints: str = setting("", "Directory with a checkpoint.", path=True)
    data: Data = group(Data)


def main(options: Tested) -> None:
    from ram_tf.training.checkpoint import Checkpointer, RunState
    from ram_tf_runs.records.workdir import Workdir
    from ram_tf_runs.tasks.registry import task_of

    settings = Workdir(options.workdir).load_settings()
    # Only what is validated on may be a part.
    task = task_of(settings.replace(evaluation_cases=0), options.data.data_dir)
    steps, _ = task.length()
    model = task.make_model()
    state = RunState(task.make_agent(model, steps), task.counters)
    kept = pathlib.Path(options.checkpoints)
    if not Checkpointer(state, kept).restore():
        raise UserError(f"--checkpoints must hold one. Received: {kept}")
    state.use_best()
    evaluator = task.test(model)
    error = evaluator.answer_error(evaluator.rollouts())
    print(json.dumps({"test_error": error}))


COMMAND = Command(main, (Tested,))

if __name__ == "__main__":
    run(COMMAND)
