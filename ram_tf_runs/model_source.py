"""The trained model that a command reads: a run's, or a released one."""

import pathlib
from typing import Any

import ram_tf_runs.quiet  # noqa: F401  First.

import keras
import numpy as np

from ram_tf import pretrained
from ram_tf_runs import memory
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings.options import ModelOptions
from ram_tf_runs.settings.run import RunSettings, from_record
from ram_tf_runs.tasks.registry import task_of
from ram_tf_runs.tasks.task import Task


class Trained:
    """A trained model and where it is from.

    Raises:
        UserError: If its weights are not all finite.

    Attributes:
        name: Of the released model, or of the run's directory.
        task: What the settings of its run mean.
        model: The model.
        directory: Where a command leaves what it makes of it.
        result: Of the run; None if there is none.
        data: Which images the run was on, as its record has it.
    """

    def __init__(
        self,
        name: str,
        task: Task,
        model: keras.Model,
        directory: pathlib.Path,
        result: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
    ):
        _check_weights(name, model)
        self.name = name
        self.task = task
        self.model = model
        self.directory = directory
        self.result = result
        self.data = data or {}

    @property
    def settings(self) -> RunSettings:
        """The settings of the run that trained it."""
        return self.task.settings

    @property
    def class_names(self) -> list[str] | None:
        """Of its source's classes; None if they are just numbers."""
        return self.data.get("class_names")

    def look_in(self, folder: str) -> None:
        """Takes photographs from another folder than the run did.

        Raises:
            UserError: If the model looks at none, or has been trained on some
                that it would be measured on: a folder of other names is
                divided in another way.
        """
        if not hasattr(self.settings, "hidden"):
            raise UserError(
                "--backgrounds is for models that find signs in photographs. "
                f"Received: one that {self.task.does}"
            )
        settings = self.settings.replace(backgrounds=folder)
        task = task_of(settings, self.task.data_dir)
        trained_on = self.data.get("photographs_names", {}).get("train", ())
        for split in ("validation", "test"):
            names = {file.name for file in task.files[split]}
            if seen := sorted(names.intersection(trained_on)):
                raise UserError(
                    "--backgrounds must have the photographs of the training "
                    "under the same names, all or none, because the names "
                    f"divide them. Received: {folder}, which puts {seen[0]} "
                    f"into the {split} set; {self.name} was trained on it"
                )
        self.task = task


def _check_weights(name: str, model: keras.Model) -> None:
    """Whatever answers are made of NaN: an activation can hide it."""
    for weight in model.weights:
        values = np.asarray(weight)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            count = np.sum(~np.isfinite(values))
            raise UserError(
                f"The weights of {name} must be finite numbers. Received: "
                f"{weight.path} with {count} of {values.size} NaN or infinite"
            )


def load(options: ModelOptions) -> Trained:
    """What --workdir or --pretrained names.

    Raises:
        UserError: On both, or on neither a run nor a released model there.
    """
    workdir, name = options.place.workdir, options.pretrained
    if workdir is not None and name is not None:
        raise UserError(
            "Only one of --workdir and --pretrained can name the model. "
            f"Received: --workdir={workdir} --pretrained={name}"
        )
    data_dir = options.data.data_dir
    if name is not None:
        return named(name, data_dir)
    if workdir is not None:
        return of_run(workdir, data_dir)
    raise UserError(
        "--workdir must name the directory of a finished run, or --pretrained "
        "a released model. Received: neither"
    )


def named(name: str, data_dir: str | None = None) -> Trained:
    """What --pretrained names: a file of a finished run, or a released model.

    Raises:
        UserError: On neither.
    """
    path = pathlib.Path(name)
    if path.suffix != ".keras":
        result = pretrained.record(name)
        settings = from_record(result["config"])
        memory.check_use(settings)
        return Trained(
            name,
            task_of(settings, data_dir),
            pretrained.load_pretrained(name),
            pathlib.Path(),
            result,
            result.get("data"),
        )
    if path.name != "model.keras":
        raise UserError(
            "--pretrained must be the name of a released model, or the file "
            f"model.keras in a run's directory. Received: {name}"
        )
    return of_run(path.parent, data_dir)


def of_run(
    directory: str | pathlib.Path, data_dir: str | None = None
) -> Trained:
    """The model of a finished run.

    Raises:
        UserError: If there is none in the directory.
    """
    run = Workdir(directory)
    settings = run.load_settings()
    memory.check_use(settings)
    return Trained(
        run.path.resolve().name,
        task_of(settings, data_dir),
        run.load_model(),
        run.path,
        run.load_result() if run.result.exists() else None,
        run.load_data(),
    )
