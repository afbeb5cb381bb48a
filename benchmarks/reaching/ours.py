"""Our own training command, as users run it."""

import json
import pathlib
import shutil
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.reaching import process
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings import flags
from ram_tf_runs.settings.kinds.classify import ClassifySettings

_PATIENCE = 120.0  # Seconds until the checkpoint of an evaluation is there.


class Ours:
    """`python -m trainers.mnist` with the flags of a recipe.

    Args:
        settings: The recipe; each run has its own seed.
        data_dir: TFDS's.
        more: Further flags of the command.
    """

    name = "ram_tf"

    def __init__(
        self,
        settings: ClassifySettings,
        data_dir: str | None,
        more: Sequence[str] = (),
    ):
        self._settings = settings
        self._more = more
        self._data_dir = data_dir
        # Beside those of every record.
        self.packages: dict[str, str] = {}

    def prepare(self, place: pathlib.Path) -> None:
        """It loads and composes by itself, while the clock runs."""
        del place

    def command(self, seed: int, workdir: pathlib.Path) -> list[str]:
        program = self._settings.program.split()
        given = flags.arguments(self._settings.replace(seed=seed))
        command = [sys.executable, "-m", *program, *given, *self._more]
        return [*command, f"--workdir={workdir}", *self._data()]

    def environment(self, workdir: pathlib.Path) -> dict[str, str]:
        del workdir
        return process.environment()

    def keep(
        self, workdir: pathlib.Path, row: dict[str, Any], kept: pathlib.Path
    ) -> None:
        """Copies the checkpoint of a row, which comes right after it."""
        name = f"ckpt-{row['step']}"
        index = workdir / "checkpoints" / f"{name}.index"
        limit = time.monotonic() + _PATIENCE
        while not index.exists():
            if time.monotonic() > limit:
                raise UserError(f"There is no {index}: nothing to test.")
            time.sleep(0.05)
        kept.mkdir(parents=True, exist_ok=True)
        for path in index.parent.glob(f"{name}.*"):
            shutil.copy(path, kept)

    def test(self, workdir: pathlib.Path, kept: pathlib.Path) -> float:
        """The test error of the weights that were best until a checkpoint."""
        command = [sys.executable, "-m", "benchmarks.reaching.tested"]
        command += [f"--workdir={workdir}", f"--checkpoints={kept}"]
        line = process.answer([*command, *self._data()], process.environment())
        return json.loads(line)["test_error"]

    def _data(self) -> list[str]:
        return [f"--data_dir={self._data_dir}"] if self._data_dir else []
