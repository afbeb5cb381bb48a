"""What Keras calls `model.export`, of a model that looks."""

import os
from typing import Any

import keras

from ram_tf.errors import UserError
from ram_tf.served.saved_model import save_saved_model

FORMAT = "tf_saved_model"
_TAKEN = ("max_side", "pictures")
_INSTEAD = {
    "litert": "ram_tf.export.tflite.save_tflite writes files for LiteRT, "
    "of built-in operators only",
}


def export(
    model: keras.Model,
    filepath: str | os.PathLike,
    format: str = FORMAT,
    verbose: bool | None = None,
    input_signature: Any = None,
    **options: Any,
) -> None:
    """Writes a SavedModel with all signatures of `save_saved_model`.

    Args:
        model: A built RecurrentAttentionModel.
        filepath: The directory, best a new one.
        format: "tf_saved_model".
        verbose: Whether to say what was written; Keras says it by default.
        input_signature: None: the signatures take any batch and size.
        **options: `max_side` and `pictures`, as `save_saved_model` takes them.

    Raises:
        UserError: On other formats, signatures or options, and as
            `save_saved_model` does.
    """
    if format != FORMAT:
        instead = _INSTEAD.get(format, "its operators are TensorFlow's")
        raise UserError(
            f"A model that looks is exported as {FORMAT!r} alone: {instead}. "
            f"Received: format={format!r}"
        )
    if input_signature is not None:
        raise UserError(
            "`input_signature` must be None: the signatures take any batch of "
            f"images of any size. Received: {input_signature!r}"
        )
    for name in options.keys() - set(_TAKEN):
        raise UserError(
            f"`export` takes {', '.join(_TAKEN)} beside Keras' arguments. "
            f"Received: {name}={options[name]!r}"
        )
    save_saved_model(model, filepath, **options)
    if verbose is None or verbose:
        print(
            f"exported: {os.fspath(filepath)}, with the signatures "
            "serving_default (uint8 images) and serving_float32 (in [0, 1]), "
            "if it classifies; initial_state and step"
        )
