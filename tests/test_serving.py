"""The client and the warm-up records, against a gRPC server on loopback."""

import pathlib
import re
import shutil
import socket
import subprocess
import time

import grpc
import numpy as np
import prediction_server
import pytest
import tensorflow as tf
from google.protobuf import text_format
from PIL import Image
from tensorflow_serving.apis import (
    prediction_log_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from ram_tf import pretrained
from ram_tf.export.warmup import BATCH_SIZES
from ram_tf_commands import serving_client
from ram_tf_data.contrast import standardise
from ram_tf_serving.prediction_service import PredictionService
from ram_tf_serving.served_model import ServedModel
from ram_tf_serving.serving_connection import Connection

ROOT = pathlib.Path(__file__).parents[1]
IMAGE = np.full([1, 9, 11, 1], 100, np.uint8)
FLOATS = IMAGE / np.float32(255)
STATE = {
    "core": np.zeros([1, 6], np.float32),
    "location": np.zeros([1, 2], np.float32),
}


@pytest.fixture(scope="module")
def target(exported):
    service = PredictionService(ServedModel("small", exported[1]))
    with prediction_server.serve(service) as target:
        yield target


@pytest.fixture(scope="module")
def connection(target):
    with Connection(target, deadline=30) as connection:
        yield connection


@pytest.fixture
def digit(tmp_path, digits):
    path = tmp_path / "digit.png"
    Image.fromarray(digits.test.image[0, ..., 0]).save(path)
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize("signature", ["serving_default", "serving_float32"])
def test_the_client_prints_the_models_answer(
    exported, target, digit, digits, signature, capsys
):
    code = serving_client.main(
        [
            f"--target={target}",
            "--model=small",
            f"--signature={signature}",
            "--verbose",
            digit,
        ]
    )
    printed = capsys.readouterr()
    assert code == 0, printed.err
    outputs = exported[0](digits.test.image[:1])
    probabilities = outputs["probabilities"][0].numpy()
    best = probabilities[-1].argmax()
    lines = printed.out.splitlines()
    assert lines[0] == f"{digit}: {best} ({100 * probabilities[-1, best]:.1f}%)"
    assert len(lines) == 9
    y, x = outputs["locations"][0, 7].numpy()
    assert lines[8].startswith(f"  glimpse 8 at ({y:+.2f}, {x:+.2f}): {best} ")


@pytest.fixture
def sent(monkeypatch):
    """The images that the client sends, in the order of requests."""
    sent = []
    predict = Connection.predict

    def spy(self, model, signature, inputs):
        sent.append(inputs["image"])
        return predict(self, model, signature, inputs)

    monkeypatch.setattr(Connection, "predict", spy)
    return sent


@pytest.mark.parametrize("canvas", [[], ["--canvas=40"]])
def test_images_are_sent_as_they_are_or_on_a_canvas(
    target, digit, canvas, sent
):
    arguments = [f"--target={target}", "--model=small", *canvas, digit]
    assert serving_client.main(arguments) == 0
    side = 40 if canvas else 28
    assert [image.shape for image in sent] == [(1, side, side, 1)]


def test_images_are_sent_standardised(target, digit, digits, sent):
    arguments = [f"--target={target}", "--model=small", "--standardise", digit]
    assert serving_client.main(arguments) == 0
    np.testing.assert_array_equal(sent[0][0], standardise(digits.test.image[0]))


def _warmup_logs(directory):
    path = directory / "assets.extra" / "tf_serving_warmup_requests"
    for row in tf.data.TFRecordDataset(str(path)):
        log = prediction_log_pb2.PredictionLog()
        log.ParseFromString(row.numpy())
        yield log


def test_warm_up_records_are_answered(exported, target):
    seen = set()
    with grpc.insecure_channel(target) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for log in _warmup_logs(exported[1]):
            request = log.predict_log.request
            assert request.model_spec.name == "small"
            response = stub.Predict(request, timeout=60)
            rows = {
                v.tensor_shape.dim[0].size for v in response.outputs.values()
            }
            seen |= {(request.model_spec.signature_name, n) for n in rows}
    signatures = {"initial_state", "step"}
    signatures |= {f"serving_{n}" for n in ("default", "float32", "encoded")}
    assert seen == {(s, n) for s in signatures for n in BATCH_SIZES}


BAD = {
    "rank": ("serving_default", {"image": IMAGE[0]}, "must have rank 4"),
    "scalar": ("serving_default", {"image": IMAGE[0, 0, 0, 0]}, "rank 4"),
    "video": ("serving_default", {"image": IMAGE[None]}, "rank 4"),
    "dtype": ("serving_default", {"image": FLOATS}, "must be uint8"),
    "other dtype": ("serving_float32", {"image": IMAGE}, "must be float32"),
    "channels": (
        "serving_default",
        {"image": np.tile(IMAGE, 3)},
        r"must have 1 channels.*\[1 9 11 3\]",
    ),
    "empty batch": ("serving_default", {"image": IMAGE[:0]}, "batch .*empty"),
    "no pixels": ("serving_default", {"image": IMAGE[:, :0]}, "1 to 64 pixels"),
    "max_side": (
        "serving_default",
        {"image": np.zeros([1, 8, 65, 1], np.uint8)},
        r"1 to 64 pixels.*\[1 8 65 1\]",
    ),
    "NaN": ("serving_float32", {"image": FLOATS * np.nan}, "finite.*NaN"),
    "bytes as floats": (
        "serving_float32",
        {"image": 255 * FLOATS},
        r"lie in \[0, 1\]",
    ),
    "infinity": ("serving_float32", {"image": FLOATS + np.inf}, "finite.*Inf"),
    "name": ("serving_default", {"picture": IMAGE}, "picture"),
    "frame": ("step", {"frame": IMAGE[0], **STATE}, "rank 4"),
    "rows of state": (
        "step",
        {"frame": np.tile(IMAGE, [2, 1, 1, 1]), **STATE},
        "a row for each frame",
    ),
    "rank of state": (
        "step",
        {"frame": IMAGE, **STATE, "location": np.zeros([2], np.float32)},
        r"`location` must have shape \[batch, 2\]",
    ),
    "NaN in state": (
        "step",
        {"frame": IMAGE, **STATE, "core": STATE["core"] * np.nan},
        "`core` must be finite.*NaN",
    ),
    "streams": (
        "initial_state",
        {"stream": np.zeros([1, 1], np.int32)},
        "`stream` must be a vector",
    ),
    "no streams": (
        "initial_state",
        {"stream": np.zeros([0], np.int32)},
        "an entry for each stream",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_requests_and_the_server_lives_on(connection, kind):
    signature, inputs, words = BAD[kind]
    with pytest.raises(ConnectionError) as caught:
        connection.predict("small", signature, inputs)
    assert re.search(f"^INVALID_ARGUMENT: .*{words}", str(caught.value), re.S)
    good = connection.predict("small", "serving_default", {"image": IMAGE})
    assert good["class"].shape == (1,)


def test_a_message_above_grpcs_limit(connection):
    images = np.zeros([1025, 64, 64, 1], np.uint8)
    with pytest.raises(ConnectionError, match=r"RESOURCE_EXHAUSTED.*raise"):
        connection.predict("small", "serving_default", {"image": images})
    good = connection.predict("small", "serving_default", {"image": IMAGE})
    assert good["class"].shape == (1,)


def test_an_unknown_model(target, digit, capsys):
    arguments = [f"--target={target}", "--model=none", digit]
    assert serving_client.main(arguments) == 1
    assert "error: NOT_FOUND: Servable not found" in capsys.readouterr().err


def test_an_unknown_signature(connection):
    with pytest.raises(ConnectionError, match='key "none" not found'):
        connection.predict("small", "none", {"image": IMAGE})


def test_no_server(digit, capsys):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{unused.getsockname()[1]}"
        arguments = [f"--target={target}", "--deadline=1", digit]
        assert serving_client.main(arguments) == 1
    assert re.match(
        "error: (UNAVAILABLE: .*not ready|DEADLINE_EXCEEDED)",
        capsys.readouterr().err,
    )


def test_a_file_that_is_no_image(target, capsys):
    arguments = [f"--target={target}", "--model=small", "missing.png"]
    assert serving_client.main(arguments) == 1
    assert "error: There is no image file 'missing" in capsys.readouterr().err


def test_the_servers_models():
    text = (ROOT / "serving" / "models.config").read_text()
    config = text_format.Parse(
        text, model_server_config_pb2.ModelServerConfig()
    )
    for model in config.model_config_list.config:
        assert model.base_path == f"/models/{model.name}"
        assert model.model_platform == "tensorflow"
    names = {model.name for model in config.model_config_list.config}
    assert names == set(pretrained.NAMES)


def _docker_answers():
    if shutil.which("docker") is None:
        return False
    command = ["docker", "info"]
    return not subprocess.run(command, capture_output=True).returncode


@pytest.mark.slow
def test_the_official_image(exported, digits):
    if not _docker_answers():
        pytest.skip(
            "No Docker engine answers, so TensorFlow Serving itself was not "
            "tried."
        )
    model, directory = exported
    compose = (ROOT / "serving" / "compose.yaml").read_text()
    image = re.search(r"image: (\S+)", compose)[1]
    container = subprocess.run(
        [
            "docker",
            "run",
            "--detach",
            "--rm",
            "--publish=127.0.0.1::8500",
            f"--volume={directory.parent}:/models/small:ro",
            "--env=MODEL_NAME=small",
            image,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    try:
        port = subprocess.run(
            ["docker", "port", container, "8500"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[0]
        _check_the_image(model, port, digits.test.image[:2])
    finally:
        subprocess.run(["docker", "kill", container], capture_output=True)


def _check_the_image(model, target, images):
    started = time.monotonic()
    with Connection(target, deadline=30) as connection:
        while True:
            try:
                outputs = connection.predict(
                    "small", "serving_default", {"image": images}
                )
                break
            except ConnectionError:
                if time.monotonic() - started > 120:
                    raise
                time.sleep(1)
        expected = model(images)["probabilities"][:, -1]
        np.testing.assert_allclose(
            outputs["probabilities"], expected, rtol=1e-5, atol=1e-6
        )
        for kind in ("rank", "dtype", "channels", "NaN", "max_side"):
            signature, inputs, _ = BAD[kind]
            with pytest.raises(ConnectionError, match="INVALID_ARGUMENT"):
                connection.predict("small", signature, inputs)
