"""Warm-up requests, which TensorFlow Serving plays before it answers."""

import os
import pathlib
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from ram_tf.model import RecurrentAttentionModel
from ram_tf.served import signatures

BATCH_SIZES = (1, 4, 16)  # Images in a request.


def write_warmup(
    model: RecurrentAttentionModel,
    directory: str | os.PathLike,
    name: str,
    side: int,
    encoded: bool = False,
) -> pathlib.Path:
    """Writes requests for every signature beside a SavedModel.

    Args:
        model: The model that was saved.
        directory: That of the SavedModel.
        name: The model's on the server.
        side: Pixels along a side of the images that are expected.
        encoded: Whether it takes encoded pictures, too.

    Returns:
        The file: a TFRecord of PredictionLog, where the server looks for it.
    """
    path = pathlib.Path(directory, "assets.extra/tf_serving_warmup_requests")
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(os.fspath(path)) as writer:
        for batch_size in BATCH_SIZES:
            for signature, inputs in _inputs(model, batch_size, side, encoded):
                log = prediction_log_pb2.PredictionLog()
                log.predict_log.request.CopyFrom(
                    predict_request(name, signature, inputs)
                )
                writer.write(log.SerializeToString())
    return path


def predict_request(
    name: str, signature: str, inputs: dict[str, np.ndarray]
) -> predict_pb2.PredictRequest:
    """A request of TensorFlow Serving's Predict call."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return request


def _inputs(
    model, batch_size, side, encoded
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Pairs of a signature and its inputs."""
    images = np.zeros([batch_size, side, side, model.cell.channels], np.uint8)
    state = signatures.initial_state(model, batch_size)
    state = {key: value.numpy() for key, value in state.items()}
    if model.num_classes:
        yield "serving_default", {"image": images}
        yield "serving_float32", {"image": images.astype(np.float32)}
        if encoded:
            yield "serving_encoded", {"image_bytes": _files(images)}
    yield "initial_state", {"stream": np.zeros([batch_size], np.int32)}
    yield "step", {"frame": images, **state}


def _files(images: np.ndarray) -> np.ndarray:
    """As PNG files, each with a dot: what is blank is refused."""
    images = images.copy()
    images[:, 0, 0] = 255
    files = [tf.io.encode_png(image).numpy() for image in images]
    return np.array(files, object)
