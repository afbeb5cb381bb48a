"""The course of every run: resume, train, choose the weights, test once."""

from typing import Any

import ram_tf_runs.quiet  # noqa: F401  First.

from ram_tf import files, pretrained
from ram_tf.training.checkpoint import RunState
from ram_tf.training.interrupt import Interrupted, saved
from ram_tf.training.loop import TrainingLoop
from ram_tf.training.summaries import Summaries
from ram_tf_runs import leaving, start
from ram_tf_runs.records import json_files, lock
from ram_tf_runs.records.resume import resume
from ram_tf_runs.records.workdir import Workdir, write_json
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.tasks.registry import task_of
from ram_tf_runs.tasks.task import Task


def run(settings: RunSettings, directory: str, data_dir: str | None) -> int:
    """Runs, or resumes, and writes the results.

    Args:
        settings: Of the run.
        directory: Its work directory.
        data_dir: Where its data are.

    Returns:
        The exit code: 128 and the number of the signal if it was told to stop.

    Raises:
        UserError: If the directory holds another run, or another process works
            there.
    """
    leaving.watch()
    workdir = Workdir(directory)
    workdir.check(settings)
    with lock.of_workdir(workdir.path):
        workdir.tidy()
        return _run(settings, workdir, data_dir)


def _run(settings: RunSettings, workdir: Workdir, data_dir: str | None) -> int:
    task = task_of(settings, data_dir)
    task.prepare()
    steps, evaluations = task.length()
    model = start.make_model(task)
    agent = task.make_agent(model, steps)
    state = RunState(agent, task.counters)
    checkpointer = resume(state, settings, workdir, task.data_record())
    if state.step >= steps and workdir.result.exists():
        print(f"finished already, at step {steps}")
        result = workdir.load_result()
        with json_files.reading(workdir.result):
            print(task.table(result))
        return 0
    loop = TrainingLoop(
        task.make_steps(agent, state),
        task.validation(model),
        state,
        checkpointer,
        _summaries(settings, workdir, state),
        task.drawer(model),
    )
    try:
        with leaving.saying(lambda: saved(loop.saved_step)):
            loop.run(steps, evaluations)
    except Interrupted as interrupted:
        print(interrupted, flush=True)
        return leaving.code(interrupted.signal)
    state.use_best()
    _finish(task, state, loop.units_per_second, workdir)
    return 0


def _summaries(
    settings: RunSettings, workdir: Workdir, state: RunState
) -> Summaries:
    return Summaries(
        workdir.metrics, workdir.tensorboard, state.step, shown(settings)
    )


def shown(settings: RunSettings) -> dict[str, Any]:
    """Settings as TensorBoard takes them: no sequences."""
    return {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in settings.flat().items()
    }


def _finish(
    task: Task,
    state: RunState,
    units_per_second: float | None,
    workdir: Workdir,
) -> None:
    """Tests the weights that were best on validation, once.

    The result is written last: its being there says that the run has finished.
    """
    print(task.best(state), flush=True)
    workdir.save_model(state.model)
    digest = files.digest(workdir.model)
    evaluator = task.test(state.model)
    result = task.finish(evaluator, state, units_per_second, workdir) | {
        "best_step": int(state.best_step),
        "steps": state.step,
        "seconds": float(state.seconds),
        pretrained.DIGEST: digest,
    }
    write_json(workdir.result, result)
    print(task.table(result))
    print(f"results: {workdir.result}")
