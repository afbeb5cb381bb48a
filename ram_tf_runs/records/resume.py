"""Takes a run up where its directory has left it."""

import sys
from typing import Any

from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf_runs.records import record
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings.run import RunSettings


def resume(
    state: RunState,
    settings: RunSettings,
    workdir: Workdir,
    data: dict[str, Any] | None = None,
    workers: int = 1,
) -> Checkpointer:
    """Claims the directory, then reads the newest sound checkpoint in it.

    Args:
        state: Of the run; a checkpoint replaces it.
        settings: Of the run.
        workdir: Its directory.
        data: Which images it is on, as `record.data` says it, if any.
        workers: How many processes train together.

    Raises:
        UserError: If the directory is that of another run.
    """
    surroundings = {**record.machine(), "git_revision": record.git_revision()}
    if workers > 1:
        surroundings["workers"] = workers
    for change in workdir.claim(settings, surroundings, data):
        print(
            f"warning: {change}: the last bits of the result may differ from "
            "an uninterrupted run's",
            file=sys.stderr,
        )
    checkpointer = Checkpointer(state, workdir.checkpoints, workdir.load_run())
    if checkpointer.restore():
        print(f"resuming from step {state.step}", flush=True)
    return checkpointer
