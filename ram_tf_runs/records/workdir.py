"""The directory of a run: its configuration, its model, its results."""

import hashlib
import json
import os
import pathlib
from typing import Any

import keras

from ram_tf import files, pretrained  # Registers the layers, too.
from ram_tf_data import regular
from ram_tf_runs import telling
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import json_files, model_file
from ram_tf_runs.records.changes import differences
from ram_tf_runs.settings.run import RunSettings, from_record


class Workdir:
    """Paths in a run's directory, and its small files.

    Args:
        path: The directory; it need not exist yet.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model.keras"
        self.picture = self.path / "glimpses.png"
        self.metrics = self.path / "metrics.jsonl"
        self.tensorboard = self.path / "tensorboard"
        self.curve = self.path / "curve.png"
        self.result = self.path / "result.json"
        self._config = self.path / "config.json"

    def check(self, settings: RunSettings) -> None:
        """Raises UserError if the directory holds another configuration."""
        if not self._config.exists():
            return
        before = self.load_settings().record()
        if changed := differences(before, settings.record()):
            raise UserError(
                f"--workdir={self.path} holds a run of another configuration: "
                f"{'; '.join(changed)}. Use another --workdir, or the same "
                "flags."
            )

    def tidy(self) -> None:
        """Removes what killed processes have left of files that were not whole.

        Whoever calls it holds the directory's lock.
        """
        for folder in (self.path, self.checkpoints):
            files.remove_drafts(folder)

    def claim(
        self,
        settings: RunSettings,
        machine: dict[str, Any],
        data: dict[str, Any] | None = None,
    ) -> list[str]:
        """Makes the directory this configuration's own.

        Args:
            settings: What is to be run.
            machine: What equality to the bit depends on, and the code.
            data: Which images it is run on.

        Returns:
            What has changed about the machine since the run began.

        Raises:
            UserError: If the directory holds another configuration, or a run
                on other images.
        """
        mine = {
            "config": settings.record(),
            "machine": machine,
            "data": data or {},
        }
        if not self._config.exists():
            self.path.mkdir(parents=True, exist_ok=True)
            run = _told_apart(mine["config"], mine["data"])
            write_json(self._config, mine | {"run": run})
            return []
        self.check(settings)
        record = self._record()
        # Older runs do not say which images they had.
        with json_files.reading(self._config):
            known = record.get("data", mine["data"])
            changed = differences(known, mine["data"])
        if changed:
            raise UserError(
                f"--workdir={self.path} holds a run on other images: "
                f"{'; '.join(changed)}. Use another --workdir."
            )
        with json_files.reading(self._config):
            return differences(record["machine"], machine)

    def load_settings(self) -> RunSettings:
        """The settings of the run, whichever command it is of.

        Raises:
            UserError: If there is no run here.
        """
        record = self._record()
        with json_files.reading(self._config):
            return from_record(record["config"])

    def load_data(self) -> dict[str, Any]:
        """Which images the run is on, as `claim` got it; {} if it is older.

        Raises:
            UserError: If there is no run here.
        """
        return self._record().get("data", {})

    def load_run(self) -> str:
        """What tells the run from others; "" if it is older than that.

        Raises:
            UserError: If there is no run here.
        """
        return str(self._record().get("run", ""))

    def _record(self) -> dict[str, Any]:
        if not self._config.exists():
            raise UserError(
                "--workdir must name the directory of a run, with a "
                f"config.json. Received: {self.path}"
            )
        return json_files.read(self._config, "config")

    def save_model(self, model: keras.Model) -> None:
        """Writes the trained model; the file is whole or not there."""
        with files.whole(self.model) as draft:
            model.save(draft)

    def load_model(self) -> keras.Model:
        """The trained model.

        Raises:
            UserError: If training has not finished, or the file is damaged or
                another one than the result is about.
        """
        _check_finished(self.model)
        regular.check(self.model)
        self._check_result()
        model_file.check(self.model)
        try:
            return keras.saving.load_model(self.model)
        except Exception as error:  # Its kind depends on the damage.
            if telling.is_raised_by_code(error) and not telling.is_told(
                telling.root(error)
            ):
                raise  # A layer's, ours or a plugin's: no damage of the file.
            lines = str(error).splitlines() or [""]
            raise UserError(
                f"{self.model} is not a model that can be read "
                f"({type(error).__name__}: {lines[0]})."
            ) from error

    def _check_result(self) -> None:
        """Raises UserError if the result is of another model, or run."""
        if not self.result.exists():
            return
        result = self.load_result()
        known = result.get(pretrained.DIGEST)
        files.check_digest(self.model, known, self.result)
        with json_files.reading(self.result):
            measured = from_record(result["config"]).record()
        mine = self.load_settings().record()
        if changed := differences(mine, measured):
            raise UserError(
                f"{self.result} must be the result of the run in "
                f"{self._config}. Received: that of another, with "
                f"{'; '.join(changed)}"
            )

    def load_result(self) -> dict[str, Any]:
        """The errors with their circumstances.

        Raises:
            UserError: If the run has not finished.
        """
        _check_finished(self.result)
        return json_files.read(self.result, "config")


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes JSON whole or not at all.

    What fits on a line stands on one: the file is to be read and committed.
    """
    files.write_text(path, f"{_to_json(value)}\n")


def _told_apart(*what: Any) -> str:
    """What tells a run from others: the SHA-256 of what it is to do."""
    text = json.dumps(what, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _check_finished(path: pathlib.Path) -> None:
    if not path.exists():
        raise UserError(
            f"There is no {path}: the run has not finished. "
            "Run its trainer again to resume it."
        )


def _to_json(value: Any, indent: str = "") -> str:
    """JSON in lines; a row of a learning curve fits on one."""
    line = json.dumps(value)
    if len(line) <= 140 or not isinstance(value, dict | list):
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(name)}: {_to_json(part, inner)}"
            for name, part in value.items()
        ]
    else:
        parts = [_to_json(part, inner) for part in value]
    start, end = "{}" if isinstance(value, dict) else "[]"
    body = f",\n{inner}".join(parts)
    return f"{start}\n{inner}{body}\n{indent}{end}"
