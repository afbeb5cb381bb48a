"""The model that a run starts with: a new one, or a trained one's weights."""

from typing import Any

import keras

from ram_tf import widening
from ram_tf_runs import model_source
from ram_tf_runs.errors import UserError
from ram_tf_runs.tasks.task import Task

# What the weights' shapes and meaning depend on; the rest may change.
_ARCHITECTURE = (
    "network",
    "full_screen",
    "max_digits",
    *widening.ARCHITECTURE,
)
# With --train_only_stop these, too: the model must look as it did.
_WAY_OF_LOOKING = ("location_range", "location_unit", "first_fixation")


def make_model(task: Task) -> keras.Model:
    """A model of the task, with the weights of its pretrained one, if any.

    Raises:
        UserError: As `copy_pretrained`.
    """
    model = task.make_model()
    if task.pretrained is not None:
        copy_pretrained(task, model)
    return model


def copy_pretrained(task: Task, model: keras.Model) -> None:
    """Gives a new model the weights of the trained one that settings name.

    Args:
        task: Of the run that is to start; `pretrained` is the name.
        model: Made with it; its weights are replaced, but for those of a
            stop head that the trained one does not have, and of a classifier
            of another number of classes. See `widening` for what may differ.

    Raises:
        UserError: On an unknown name, a model of another kind of task or
            another architecture, or data of channels or classes that do not
            fit the weights.
    """
    name = task.pretrained
    source = model_source.named(name)
    if source.settings.kind != task.settings.kind:
        raise UserError(
            f"--pretrained={name} must be a model of the same kind of task. "
            f"Received: one that {source.task.does}, for one that {task.does}"
        )
    _check_settings(name, source.settings.flat(), task.settings.flat())
    old, new = source.model, model
    if old.channels != new.channels and 1 not in (old.channels, new.channels):
        raise UserError(
            f"--pretrained={name} needs images with {old.channels} channels, "
            f"or grey ones (--grey). Received: {new.channels} channels"
        )
    if old.num_classes != new.num_classes:
        _check_classifier(name, old, task.settings.flat())
        print(
            f"--pretrained={name}: the classifier starts with new weights, for "
            f"{new.num_classes} classes instead of {old.num_classes}",
            flush=True,
        )
    widening.adopt(old, new)


def _check_classifier(name: str, old: keras.Model, settings: dict[str, Any]):
    if settings.get("train_only_stop"):
        raise UserError(
            f"--train_only_stop needs data with the {old.num_classes} classes "
            f"of --pretrained={name}: without it, the classifier is trained, "
            "too. Received: --train_only_stop with another number of classes"
        )


def _read(settings: dict[str, Any]) -> int | None:
    """The side of the square that the encoder reads of each window."""
    return settings.get("encoder_size") or settings.get("glimpse_size")


def _check_settings(name: str, old: dict[str, Any], new: dict[str, Any]):
    same = _ARCHITECTURE
    if new.get("train_only_stop"):
        same += _WAY_OF_LOOKING
    other = [
        (f"--{flag}={old.get(flag)}", f"--{flag}={new.get(flag)}")
        for flag in same
        if old.get(flag) != new.get(flag)
    ]
    if _read(old) != _read(new):
        sizes = old.get("encoder_size"), new.get("encoder_size")
        flag = "encoder_size" if any(sizes) else "glimpse_size"
        other.append((f"--{flag}={_read(old)}", f"--{flag}={_read(new)}"))
    if other:
        needed, received = (
            ", ".join(flags) for flags in zip(*other, strict=True)
        )
        raise UserError(
            f"--pretrained={name} needs {needed}, with which it was trained. "
            f"Received: {received}"
        )
    if old.get("scales", 0) > new.get("scales", 0):
        raise UserError(
            f"--pretrained={name} needs --scales={old['scales']} or more, "
            f"with which it was trained. Received: --scales={new['scales']}"
        )
    if old.get("stop") and not new.get("stop"):
        raise UserError(
            f"--pretrained={name} needs --stop, with which it was trained. "
            "Received: --nostop"
        )
