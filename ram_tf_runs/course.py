"""The course of every run: resume, train, choose the weights, test once."""

import json
import zlib
from typing import Any

import ram_tf_runs.quiet  # noqa: F401  First.

from ram_tf import files, pretrained
from ram_tf.share import Share
from ram_tf.training.checkpoint import RunState
from ram_tf.training.goals import GoalLoop
from ram_tf.training.interrupt import Interrupted, saved
from ram_tf.training.loop import TrainingLoop
from ram_tf.training.steps import Steps
from ram_tf.training.summaries import Summaries
from ram_tf.training.team import Team
from ram_tf_runs import cluster, leaving, start
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import json_files, lock
from ram_tf_runs.records.resume import resume
from ram_tf_runs.records.workdir import Workdir, write_json
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.tasks.registry import task_of
from ram_tf_runs.tasks.task import Task


def run(
    settings: RunSettings,
    directory: str,
    data_dir: str | None,
    place: cluster.Place = cluster.ALONE,
    timeout: float = 600.0,
) -> int:
    """Runs, or resumes, and writes the results.

    Args:
        settings: Of the run.
        directory: Its work directory; only the chief of a team has one.
        data_dir: Where its data are.
        place: Of this process in the team that trains together.
        timeout: Seconds after which one of the team that does not answer is
            lost.

    Returns:
        The exit code: 128 and the number of the signal if it was told to stop.

    Raises:
        UserError: If the directory holds another run, or another process works
            there.
        LostError: If another process of the team is lost.
    """
    leaving.watch()
    if place.index:
        return _follow(settings, data_dir, _team(place, timeout))
    workdir = Workdir(directory)
    workdir.check(settings)
    with lock.of_workdir(workdir.path):
        workdir.tidy()
        return _run(settings, workdir, data_dir, _team(place, timeout))


def _team(place: cluster.Place, timeout: float) -> Team:
    """Before anything else is done with TensorFlow, as tf.distribute needs."""
    if place.count == 1:
        return Team()
    from ram_tf.training.workers import Workers

    print(
        f"waiting for {place.count} workers, at most {timeout:g} seconds",
        flush=True,
    )
    with leaving.deaf(timeout):
        return Workers(Share(*place), timeout)


def _run(
    settings: RunSettings, workdir: Workdir, data_dir: str | None, team: Team
) -> int:
    task = task_of(settings, data_dir)
    state, steps, evaluations = _made(task, team)
    checkpointer = resume(
        state, settings, workdir, task.data_record(), team.share.count
    )
    team.hand_on(state.shared)
    if state.step >= steps and workdir.result.exists():
        print(f"finished already, at step {steps}")
        result = workdir.load_result()
        with json_files.reading(workdir.result):
            print(task.table(result))
        return 0
    loop = TrainingLoop(
        _steps(task, state, team),
        task.validation(state.model),
        state,
        checkpointer,
        _summaries(settings, workdir, state),
        task.drawer(state.model),
        team=team,
    )
    try:
        with leaving.saying(lambda: saved(loop.saved_step)):
            loop.run(steps, evaluations)
    except Interrupted as interrupted:
        print(interrupted, flush=True)
        return leaving.code(interrupted.signal)
    state.use_best()
    _finish(task, state, loop.units_per_second, workdir, team.share.count)
    return 0


def _follow(settings: RunSettings, data_dir: str | None, team: Team) -> int:
    """What a process does that is not the chief: it trains, and no more."""
    task = task_of(settings, data_dir)
    state, steps, evaluations = _made(task, team)
    team.hand_on(state.shared)
    try:
        GoalLoop(_steps(task, state, team), state, team).run(steps, evaluations)
    except Interrupted as interrupted:
        return leaving.code(interrupted.signal)
    return 0


def _made(task: Task, team: Team) -> tuple[RunState, int, int]:
    """A new state, steps and evaluations; all of a team have the same."""
    task.prepare()
    _check_alike(task, team)
    steps, evaluations = task.length()
    model = start.make_model(task)
    agent = task.make_agent(model, steps)
    return RunState(agent, task.counters), steps, evaluations


def _steps(task: Task, state: RunState, team: Team) -> Steps:
    steps = task.make_steps(state.agent, state)
    steps.join(team)
    return steps


def _check_alike(task: Task, team: Team) -> None:
    """Raises UserError unless all of a team have the same settings and data."""
    if team.share.count == 1:
        return
    parts = {"settings": task.settings.record(), "data": task.data_record()}
    for name, part in parts.items():
        text = json.dumps(part, sort_keys=True).encode()
        said = team.told([zlib.crc32(text) >> 1])[:, 0]
        if (said != said[0]).any():
            others = [i for i, number in enumerate(said) if number != said[0]]
            raise UserError(
                f"All workers must have the same {name}. Received: others for "
                f"{', '.join(map(cluster.name, others))} than for "
                f"{cluster.name(0)}"
            )


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
    workers: int,
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
    if workers > 1:  # Each with the threads of its machine.
        result["workers"] = workers
    write_json(workdir.result, result)
    print(task.table(result))
    print(f"results: {workdir.result}")
