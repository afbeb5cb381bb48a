"""The client alone: retries, deadlines, arguments, tensors."""

import pathlib
import re
import subprocess
import sys
import time

import grpc
import numpy as np
import prediction_server
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import (
    predict_pb2,
    prediction_service_pb2_grpc,
)

from ram_tf_commands import serving_client
from ram_tf_serving.serving_connection import Connection, to_array, to_tensor

ROOT = pathlib.Path(__file__).parents[1]


class _Flaky(prediction_service_pb2_grpc.PredictionServiceServicer):
    """UNAVAILABLE so many times, and then a number, after a delay."""

    def __init__(self, failures, seconds=0.0):
        self._failures = failures
        self._seconds = seconds
        self.calls = []

    def Predict(self, request, context):
        self.calls.append(time.monotonic())
        if len(self.calls) <= self._failures:
            context.abort(grpc.StatusCode.UNAVAILABLE, "still loading")
        time.sleep(self._seconds)
        response = predict_pb2.PredictResponse()
        response.outputs["answer"].CopyFrom(tf.make_tensor_proto([42]))
        return response


def test_a_server_that_is_not_ready_is_asked_again():
    service = _Flaky(failures=3)
    with prediction_server.serve(service) as target, Connection(target) as one:
        outputs = one.predict("any", "any", {})
    assert outputs["answer"] == [42]
    assert len(service.calls) == 4


def test_retries_end():
    service = _Flaky(failures=100)
    with (
        prediction_server.serve(service) as target,
        Connection(target) as one,
        pytest.raises(ConnectionError, match=r"UNAVAILABLE.*still loading"),
    ):
        one.predict("any", "any", {})
    assert len(service.calls) == 5


def test_an_answer_after_the_deadline():
    service = _Flaky(failures=0, seconds=2)
    with (
        prediction_server.serve(service) as target,
        Connection(target, deadline=0.3) as one,
        pytest.raises(ConnectionError, match=r"DEADLINE_EXCEEDED.*0\.3 s"),
    ):
        one.predict("any", "any", {})


class _Answers(prediction_service_pb2_grpc.PredictionServiceServicer):
    """These outputs, whatever is asked; what was asked is kept."""

    def __init__(self, **outputs):
        self._outputs = outputs
        self.tensors = {}  # Beside these, as they are.
        self.image = None

    def Predict(self, request, context):
        self.image = tf.make_ndarray(request.inputs["image"])
        response = predict_pb2.PredictResponse()
        for name, value in self._outputs.items():
            response.outputs[name].CopyFrom(to_tensor(value))
        for name, tensor in self.tensors.items():
            response.outputs[name].CopyFrom(tensor)
        return response


def _answers(best, *probabilities):
    return _Answers(
        **{
            "class": np.array([best], np.int32),
            "probabilities": np.array([probabilities], np.float32),
        }
    )


def _ask(service, path, *flags):
    with prediction_server.serve(service) as target:
        return serving_client.main([f"--target={target}", *flags, str(path)])


@pytest.fixture
def dot(tmp_path):
    path = tmp_path / "dot.png"
    Image.fromarray(np.eye(8, dtype=np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (_answers(0, np.nan, 0.5), "`probabilities` with NaN"),
        (_answers(0, np.inf, 0), "shares of 1. Received: .inf"),
        (_answers(-1, 0.1, 0.9), r"must lie in .0, 2.*Received: -1"),
        (_answers(2, 0.1, 0.9), r"must lie in .0, 2.*Received: 2"),
        (_answers(0, 0.1, 0.1), "shares of 1. Received"),
        (_answers(0, 0.1, 0.9), "largest share.*Received: 0 with .* of 0.100"),
        (_Answers(), "must have .'class', 'probabilities'"),
    ],
)
def test_an_answer_that_is_none(service, words, dot, capsys):
    assert _ask(service, dot) == 1
    captured = capsys.readouterr()
    assert re.search(rf"error: .*dot\.png.*{words}", captured.err)
    assert not captured.out


def test_looks_that_are_not_answered(dot, capsys):
    assert _ask(_answers(1, 0.1, 0.9), dot, "--verbose") == 1
    assert "must have ['locations'" in capsys.readouterr().err


def test_an_output_that_is_no_array(dot, capsys):
    service = _answers(1, 0.1, 0.9)
    odd = tf.make_tensor_proto(["text"])
    service.tensors["more"] = odd
    assert _ask(service, dot) == 1
    assert "error: the output `more` cannot be" in capsys.readouterr().err


def test_an_answer_that_is_one(dot, capsys):
    assert _ask(_answers(1, 0.1, 0.9), dot) == 0
    assert capsys.readouterr().out == f"{dot}: 1 (90.0%)\n"


def test_what_is_blank_is_not_asked(tmp_path, capsys):
    path = tmp_path / "empty.png"
    Image.fromarray(np.full((8, 8), 7, np.uint8)).save(path)
    service = _answers(1, 0.1, 0.9)
    assert _ask(service, path) == 1
    assert "empty.png' is blank" in capsys.readouterr().err
    assert service.image is None


def test_ink_is_found_for_a_server(tmp_path):
    path = tmp_path / "photo.png"
    paper = np.full((300, 300), 220, np.uint8)
    paper[50:250, 135:165] = 40
    Image.fromarray(paper).save(path)
    service = _answers(1, 0.1, 0.9)
    assert _ask(service, path, "--canvas=60", "--find_ink") == 0
    image = service.image[0, ..., 0]
    assert image.shape == (60, 60)
    # 3 by 20 pixels around the middle.
    assert image[21:39, 29:31].min() > 250
    assert image.sum() / 255 == pytest.approx(60, abs=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x.png"], "--target"),
        (["--target=a:1"], "image"),
        (["--target=a:1", "--deadline=0", "x.png"], "positive number.*0"),
        (["--target=a:1", "--deadline=nan", "x.png"], "positive number.*nan"),
        (["--target=a:1", "--canvas=0", "x.png"], "at least one pixel.*0"),
        (["--target=a:1", "--channels=2", "x.png"], "channels"),
    ],
)
def test_bad_arguments_of_the_client(arguments, words, capsys):
    with pytest.raises(SystemExit):
        serving_client.main(arguments)
    assert re.search(words, capsys.readouterr().err)


def test_the_client_starts_without_tensorflow():
    check = (
        "import sys, trainers.serving_client as client; "
        "print('tensorflow' in sys.modules, 'tensorflow.python' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", check],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32"])
def test_tensors_there_and_back(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    ours = to_tensor(array)
    np.testing.assert_array_equal(tf.make_ndarray(ours), array)
    for sent in (ours, tf.make_tensor_proto(array)):
        back = to_array(sent)
        assert back.dtype == dtype
        np.testing.assert_array_equal(back, array)
    one = to_array(tf.make_tensor_proto(7, dtype, shape=[2, 2]))
    np.testing.assert_array_equal(one, np.full([2, 2], 7, dtype))
