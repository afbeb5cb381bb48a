"""The course of every run: it may be finished already; trains; then ends."""

from collections.abc import Callable
from typing import Any, Protocol

from ram_tf.training.checkpoint import RunState
from ram_tf.training.interrupt import Interrupted
from trainers.runs.workdir import Workdir, write_json

Table = Callable[[dict[str, Any]], str]


class Loop(Protocol):
    """TrainingLoop and PlayLoop are such."""

    def run(self, steps: int, evaluations: int) -> None: ...


def is_finished(
    state: RunState, steps: int, workdir: Workdir, table: Table
) -> bool:
    """Whether nothing is left to do; then it prints the result.

    Args:
        state: Of the run, resumed.
        steps: Its length.
        workdir: Its directory.
        table: Makes text of a result.
    """
    if state.step < steps or not workdir.result.exists():
        return False
    print(f"finished already, at step {steps}")
    print(table(workdir.load_result()))
    return True


def train(loop: Loop, steps: int, evaluations: int, state: RunState) -> bool:
    """Trains to the end, and takes the best weights; False if interrupted.

    Args:
        loop: Of the run.
        steps: Its length.
        evaluations: On the way.
        state: Of the run.
    """
    try:
        loop.run(steps, evaluations)
    except Interrupted as interrupted:
        print(interrupted)
        return False
    state.use_best()
    return True


def end(
    state: RunState, measured: dict[str, Any], workdir: Workdir, table: Table
) -> None:
    """Writes the result, last: its being there says that the run has finished.

    Args:
        state: Of the run, with the weights that were measured.
        measured: What they reach, and what is particular to the run.
        workdir: Its directory.
        table: Makes text of a result.
    """
    result = measured | {
        "best_step": int(state.best_step),
        "steps": state.step,
        "seconds": float(state.seconds),
    }
    write_json(workdir.result, result)
    print(table(result))
    print(f"results: {workdir.result}")
