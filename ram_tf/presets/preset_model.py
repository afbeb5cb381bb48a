"""Models that are made from presets, and saved as such."""

import dataclasses
import hashlib
import inspect
import os
import pathlib
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf

from ram_tf import pretrained, widening
from ram_tf.errors import DamagedError, UserError
from ram_tf.keras_training import FittedModel
from ram_tf.presets import folder
from ram_tf.presets.card import Card
from ram_tf.validation import check_positive_int

_BYTES = 4  # Of a weight, at most.
# Arguments whose square, or whose value, is at most the number of weights.
_SQUARES, _SIDES = (
    ("core_units", "glimpse_size"),
    (
        *("glimpse_units", "location_units", "units"),
        *("num_classes", "num_actions"),
        *("scales", "encoder_scales", "encoder_size"),
        *("policy_scales", "policy_filters"),
    ),
)


@dataclasses.dataclass(frozen=True)
class _Origin:
    """Where a model's weights are from.

    Attributes:
        name: Of the preset.
        digest: Of the weights, as the files know them; "" if they do not.
        files: The preset's card and what it refers to, by name.
    """

    name: str
    digest: str
    files: Mapping[str, bytes]


class PresetModel(FittedModel):
    """A model with `from_preset` and `save_to_preset`, as KerasHub has them.

    A preset is the name of a released model, or a folder of a few files with
    the names and meanings that KerasHub gives them; `ram_tf.presets.folder`
    says which.
    """

    _origin: ClassVar[_Origin | None] = None

    @classmethod
    def from_preset(
        cls,
        preset: str | os.PathLike[str],
        load_weights: bool = True,
        channels: int | None = None,
        **changes: Any,
    ) -> Self:
        """A model with the configuration and the weights of a preset.

        `channels` and `changes` make another model of it, to be trained
        further, which keeps what it can of the weights: with other
        `num_classes` the classifier is new, with more `scales` or other
        `channels` the model looks and answers as before, to a grey image that
        is shown in all channels. `ram_tf.widening` says what must stay.

        Args:
            preset: A released model's name, of `ram_tf.pretrained.NAMES`; or a
                folder that `save_to_preset` wrote ("./seek" for one that is
                called like a released model).
            load_weights: Whether the weights are the preset's; else they are
                new, and any argument may be changed.
            channels: C, of the images that it is to be trained on; None for
                those of the preset.
            **changes: Arguments of the model that are to be other ones.

        Raises:
            UserError: On an unknown name or argument, an address of a hub, or
                a change that trained weights do not allow.
            DamagedError: On a folder that is not what `save_to_preset` wrote;
                it names the file.
        """
        _check_changes(cls, changes)
        preset = os.fspath(preset)
        if preset in pretrained.NAMES:
            model, origin = pretrained.load_pretrained(preset), preset
            carried = {
                folder.CARD: pretrained.path(preset, ".md").read_bytes(),
                f"{preset}.json": pretrained.path(preset, ".json").read_bytes(),
            }
        else:
            path = _local(preset)
            model, origin = _load(cls, path), path.resolve().name
            carried = folder.texts(path)
        if changes or channels is not None or not load_weights:
            model = _changed(cls, model, load_weights, channels, changes)
            carried = {}  # They are not about this model.
        if load_weights:
            digest = _digest(model) if carried else ""
            model._origin = _Origin(origin, digest, carried)
        return model

    def save_to_preset(
        self,
        preset_dir: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        card: Card | None = None,
    ) -> None:
        """Writes the model into a folder that `from_preset` reads.

        A new folder is there whole or not at all. In one that holds something,
        `overwrite` replaces files of the same names and leaves all others, such
        as a clone's `.git`; if that cannot be done, nothing is replaced.

        Args:
            preset_dir: The folder; made if need be.
            overwrite: Whether it may hold something.
            card: What README.md is to say; None for what the model itself
                tells. A model as it came from a preset keeps that one's card.

        Raises:
            UserError: On a model that is not built or whose weights are not
                finite, or a folder that holds something.
            FileError: If it cannot be written.
        """
        if not self.built:
            raise UserError(
                "`model` must be built before it is saved: call "
                "model.build((None, H, W, C)). Received: a model without "
                "weights"
            )
        path = pathlib.Path(preset_dir)
        _check_finite(self, path / folder.WEIGHTS)
        origin = self._origin
        if card is None and origin and origin.digest == _digest(self):
            others = dict(origin.files)
        else:
            name = path.resolve().name
            named = origin.name if origin else None
            page = (card or Card()).page(self, name, named)
            others = {folder.CARD: page.encode(errors="replace")}
        folder.write(path, self, others, overwrite)


def _check_changes(cls, changes: Mapping[str, Any]) -> None:
    for name in changes.keys() - _arguments(cls):
        raise UserError(
            f"`from_preset` of a {cls.__name__} takes arguments of the model, "
            f"{sorted(_arguments(cls))}. Received: {name}={changes[name]!r}"
        )


def _arguments(cls) -> set[str]:
    own = set(inspect.signature(cls.__init__).parameters)
    return own - {"self", "kwargs"} | {"name", "trainable", "dtype"}


def _local(preset: str) -> pathlib.Path:
    scheme, found, address = preset.partition("://")
    if found:
        advice = ""
        if scheme == "hf":
            advice = (
                "; huggingface_hub.snapshot_download"
                f"({address!r}) downloads one and returns its folder"
            )
        raise UserError(
            "A preset must be in a folder of this machine: ram_tf downloads "
            f"nothing. Received: {preset}{advice}"
        )
    path = pathlib.Path(preset)
    if not path.is_dir():
        raise UserError(
            f"A preset must be one of {list(pretrained.NAMES)}, or a folder "
            f"that save_to_preset wrote. Received: {preset!r}"
        )
    return path


def _load(cls, path: pathlib.Path) -> "PresetModel":
    config, weights = path / folder.CONFIG, path / folder.WEIGHTS
    content = folder.read(path)
    known = keras.saving.get_registered_name(cls)
    values, shape = folder.arguments(config, content, known, _arguments(cls))
    _check_sizes(config, values, weights.stat().st_size)
    try:
        model = cls(**values)
        model.build(tuple(shape))
    except (ValueError, TypeError, MemoryError, tf.errors.OpError) as error:
        raise DamagedError(
            f"{config} makes no model: {_line(error)}"
        ) from error
    try:
        model.load_weights(weights)
    # Whatever a damaged file makes HDF5 or Keras raise.
    except Exception as error:
        raise DamagedError(
            f"{weights} does not hold the weights of the model in "
            f"{folder.CONFIG}: {_line(error)}"
        ) from error
    _check_finite(model, weights)
    return model


def _check_sizes(path, values: Mapping[str, Any], size: int) -> None:
    """Refuses, before memory is taken, what the weights cannot be those of."""
    most = size // _BYTES
    for names, power in ((_SQUARES, 2), (_SIDES, 1)):
        for name in names:
            value = values.get(name) or 0
            if not isinstance(value, int) or value**power > most:
                raise DamagedError(
                    f"{path} must hold sizes of a model with the weights in "
                    f"{folder.WEIGHTS}. Received: {name}={str(value)[:80]}"
                )


def _check_finite(model: keras.Model, path: pathlib.Path) -> None:
    for weight in model.weights:
        if not np.isfinite(weight.numpy()).all():
            raise UserError(
                f"{path} must hold finite numbers. Received: {weight.path} "
                "with NaN or infinite ones"
            )


def _changed(cls, model, load_weights: bool, channels, changes) -> keras.Model:
    shape = model.get_build_config()["input_shape"]
    if channels is not None:
        check_positive_int("channels", channels)
        shape = (*shape[:-1], channels)
    changed = cls.from_config({**model.get_config(), **changes})
    changed.build(tuple(shape))
    if load_weights:
        widening.adopt(model, changed)
    return changed


def _digest(model: keras.Model) -> str:
    """Of its weights."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()


def _line(error: BaseException) -> str:
    """An error's first line that says something, without the rest."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip()[:200] if lines else type(error).__name__
