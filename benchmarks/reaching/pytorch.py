"""The PyTorch RAM, with the same recipe, in an environment of its own."""

import json
import pathlib
import shutil
import sys
from typing import Any

from benchmarks.reaching import process
from ram_tf import files
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings import flags
from ram_tf_runs.settings.kinds.classify import ClassifySettings

# Settings that `torch_ram.recipe.Recipe` has, too.
SHARED = (
    *("canvas", "clutter", "clutter_size", "distort", "grow"),
    *("glimpses", "glimpse_size", "scales"),
    *("core_units", "glimpse_units", "location_units", "units"),
    *("location_std", "location_range"),
    *("rollouts", "baseline", "policy_weight", "baseline_weight"),
    *("reward", "intermediate_weight"),
    *("learning_rate", "clip_norm", "ema"),
    *("batch_size", "epochs", "evaluate_every", "evaluation_cases"),
)
# Settings that change nothing of what is computed there.
_OF_NO_MATTER = ("source", "sensor", "seed", "strict_splits", "test_draws")
_VERSIONS = "import json, numpy, torch; print(json.dumps({'torch': "
_VERSIONS += "torch.__version__, 'torch_numpy': numpy.__version__}))"


class PyTorch:
    """`benchmarks/torch_ram` with the recipe of a flagfile.

    Args:
        settings: The recipe.
        data_dir: TFDS's.
        python: That of an environment with torch and NumPy.

    Raises:
        UserError: On a recipe that it does not know, or a Python without torch.
    """

    name = "torch"

    def __init__(
        self, settings: ClassifySettings, data_dir: str | None, python: str
    ):
        _check_known(settings)
        self._settings = settings
        self._data_dir = data_dir
        self._python = python
        try:
            line = process.answer([python, "-c", _VERSIONS], self._env())
        except (UserError, OSError) as error:
            raise UserError(
                "--python must be that of an environment with torch and "
                f"NumPy. Received: --python={python} ({error})"
            ) from error
        self.packages: dict[str, str] = json.loads(line)

    def prepare(self, place: pathlib.Path) -> None:
        """Writes recipe and images, before any clock runs."""
        self._recipe, self._data = place / "recipe.json", place / "data.npz"
        values = self._settings.flat()
        shared = {name: values[name] for name in SHARED}
        files.write_text(self._recipe, json.dumps(shared, indent=1))
        record = json.dumps(self._settings.record())
        files.write_text(place / "settings.json", record)
        command = [sys.executable, "-m", "benchmarks.reaching.arrays"]
        command.append(f"--recipe={place / 'settings.json'}")
        command.append(f"--out={self._data}")
        if self._data_dir:
            command.append(f"--data_dir={self._data_dir}")
        process.answer(command, process.environment())

    def command(self, seed: int, workdir: pathlib.Path) -> list[str]:
        return [*self._run(), f"--workdir={workdir}", f"--seed={seed}"]

    def environment(self, workdir: pathlib.Path) -> dict[str, str]:
        """What it compiles is compiled anew in each run, as ours is."""
        return self._env() | {"TORCHINDUCTOR_CACHE_DIR": str(workdir / "made")}

    def keep(
        self, workdir: pathlib.Path, row: dict[str, Any], kept: pathlib.Path
    ) -> None:
        """Copies the best weights until a row, which are there before it."""
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(
            workdir / f"weights-{row['best_step']}.pt", kept / "best.pt"
        )

    def test(self, workdir: pathlib.Path, kept: pathlib.Path) -> float:
        del workdir
        command = [*self._run(), f"--test={kept / 'best.pt'}"]
        return json.loads(process.answer(command, self._env()))["test_error"]

    def _run(self) -> list[str]:
        own = [f"--recipe={self._recipe}", f"--data={self._data}"]
        return [self._python, "-m", "torch_ram.run", *own]

    @staticmethod
    def _env() -> dict[str, str]:
        """It needs none of our packages, and must not find them."""
        benchmarks = process.ROOT / "benchmarks"
        return process.environment(PYTHONPATH=str(benchmarks))


def _check_known(settings: ClassifySettings) -> None:
    """Raises UserError if a recipe has what the script does not know."""
    if settings.source not in ("mnist", "fashion_mnist", "digits"):
        raise UserError(
            "--implementation=torch knows grey images of ten classes: mnist, "
            "fashion_mnist or digits. Received: "
            f"--source={settings.source}"
        )
    values, others = settings.flat(), {*SHARED, *_OF_NO_MATTER}
    strange = [
        flags.argument(leaf.name, values[leaf.name])
        for leaf in settings.leaves()
        if leaf.name not in others and values[leaf.name] != leaf.default
    ]
    if strange:
        raise UserError(
            "--implementation=torch has the paper's policy and Adam, and "
            f"knows no {strange[0].partition('=')[0]} of another value than "
            f"the default. Received: {' '.join(strange)}"
        )
