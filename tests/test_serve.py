"""`serve` as a process of its own: REST, gRPC, and what is no request."""

import base64
import contextlib
import io
import json
import pathlib
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from ram_tf_commands import serving_client
from ram_tf_runs.errors import UserError
from ram_tf_serving import rest_service, served_model
from ram_tf_serving.serving_connection import Connection

ROOT = pathlib.Path(__file__).parents[1]
CLOSE = {"rtol": 1e-5, "atol": 1e-6}
PATH = "/v1/models/small"


@contextlib.contextmanager
def _serving(*flags):
    """A server's process, and what it says first; it is killed at the end."""
    command = [sys.executable, "-m", "trainers.serve", *flags]
    ports = ("--grpc_port=0", "--rest_port=0")
    with subprocess.Popen(
        [*command, *ports],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            said = ""
            while "Ctrl-C ends" not in said:
                line = process.stdout.readline()
                assert line, process.stderr.read()
                said += line
            yield process, said
        finally:
            process.kill()


class _Server:
    def __init__(self, process, said):
        self.process = process
        self.said = said
        self.target = re.search(r"gRPC: (\S+),", said)[1]
        self.base = re.search(r"REST: (http://[^/]+)", said)[1]

    def ask(self, path, body=None, **headers):
        """The status, and the body of the answer as JSON."""
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture(scope="module")
def server(exported):
    with _serving(f"--saved_model={exported[1].parent}") as (process, said):
        yield _Server(process, said)
        assert process.poll() is None  # It lives on, whatever it was asked.


@pytest.fixture(scope="module")
def files(digits, tmp_path_factory):
    """Two digits as files."""
    path = tmp_path_factory.mktemp("files")
    for row, image in enumerate(digits.test.image[:2]):
        Image.fromarray(image[..., 0]).save(path / f"{row}.png")
    return [path / f"{row}.png" for row in range(2)]


@pytest.fixture(scope="module")
def expected(exported, digits):
    """What Keras says of them."""
    return exported[0].predict(digits.test.image[:2], verbose=0)


def _coded(content):
    return {"b64": base64.b64encode(content).decode()}


def _check(outputs, expected):
    by_glimpse = expected["probabilities"]
    for name, value in (
        ("probabilities_by_glimpse", by_glimpse),
        ("probabilities", by_glimpse[:, -1]),
        ("locations", expected["locations"]),
    ):
        np.testing.assert_allclose(outputs[name], value, **CLOSE)
    assert list(outputs["class"]) == by_glimpse[:, -1].argmax(-1).tolist()


@pytest.mark.slow
def test_it_says_where_it_is_and_what_for(server):
    assert server.target.startswith("127.0.0.1:")
    assert f"{server.base}{PATH}" in server.said
    assert "for trying out only" in server.said


@pytest.mark.slow
def test_png_files_by_rest(server, files, expected):
    coded = [_coded(file.read_bytes()) for file in files]
    name = "serving_encoded"
    for instances in (coded, [{"image_bytes": one} for one in coded]):
        body = {"signature_name": name, "instances": instances}
        status, answer = server.ask(f"{PATH}:predict", body)
        assert status == 200
        rows = answer["predictions"]
        _check({key: [row[key] for row in rows] for key in rows[0]}, expected)
    body = {"signature_name": name, "inputs": {"image_bytes": coded}}
    status, answer = server.ask(f"{PATH}/versions/1:predict", body)
    assert status == 200
    _check(answer["outputs"], expected)


def test_arrays_by_rest(server, digits, expected):
    images = digits.test.image[:2]
    for name, values in (
        ("serving_default", images),
        ("serving_float32", images / 255),
    ):
        body = {"signature_name": name, "inputs": values.tolist()}
        status, answer = server.ask(f"{PATH}:predict", body)
        assert status == 200
        _check(answer["outputs"], expected)


def test_png_files_by_grpc(server, files, expected):
    contents = np.array([file.read_bytes() for file in files], object)
    with Connection(server.target, deadline=60) as connection:
        outputs = connection.predict(
            "small", "serving_encoded", {"image_bytes": contents}
        )
    _check(outputs, expected)


def test_the_client_works_against_it(server, files, expected, capsys):
    flags = [f"--target={server.target}", "--model=small", *map(str, files)]
    assert serving_client.main(flags) == 0
    last = expected["probabilities"][:, -1]
    assert capsys.readouterr().out.splitlines() == [
        f"{file}: {row.argmax()} ({100 * row.max():.1f}%)"
        for file, row in zip(files, last, strict=True)
    ]


def test_what_a_model_takes_is_said(server):
    status, answer = server.ask(PATH)
    assert status == 200
    assert answer["model_version_status"][0]["state"] == "AVAILABLE"
    status, answer = server.ask(f"{PATH}/metadata")
    assert status == 200
    assert answer["model_spec"]["version"] == "1"
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    files = signatures["serving_encoded"]["inputs"]["image_bytes"]
    assert files["dtype"] == "DT_STRING"


def _file(image, form="png"):
    file = io.BytesIO()
    image.save(file, form)
    return _coded(file.getvalue())


def _encoded(value):
    return {"signature_name": "serving_encoded", "instances": [value]}


def _floats(value):
    return {"signature_name": "serving_float32", "instances": [[[[value]]]]}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "must be JSON"),
        (b'{"instances": [', 400, "must be JSON"),
        (b"[" * 20_000, 400, "must be JSON"),
        (b"[]", 400, "must be a JSON object"),
        ({}, 400, 'one of "instances" and "inputs"'),
        ({"instances": [1], "inputs": [1]}, 400, 'one of "instances" and'),
        ({"instances": []}, 400, "at least one entry"),
        ({"instances": [1], "signature_name": 5}, 400, "must be text"),
        ({"instances": [1], "signature_name": "x"}, 400, '"x" not found'),
        ({"instances": [{"picture": 1}]}, 400, r"Inputs must be \['image'\]"),
        ({"instances": [[[[1]]], {"a": 1}]}, 400, "same inputs"),
        ({"instances": [[[[1], [2]], [[3]]]]}, 400, "array of numbers"),
        ({"instances": [[[[300]]]]}, 400, "`image` must lie in 0 to 255"),
        ({"instances": [[[[10**30]]]]}, 400, "array of uint8"),
        ({"instances": [[[[0.5]]]]}, 400, "`image` must be an array of uint8"),
        ({"instances": ["abc"]}, 400, "`image` must be an array of uint8"),
        ({"instances": [[1, 2]]}, 400, "must have rank 4.*1 2"),
        ({"instances": [[[[1, 2, 3]]]]}, 400, "must have 1 channels"),
        ({"inputs": np.zeros([1, 1, 65, 1], int).tolist()}, 400, "1 to 64 pix"),
        (_floats(np.nan), 400, "must be finite.*NaN"),
        (_floats(1e300), 400, "must be finite.*Inf"),
        (_floats(7.5), 400, r"must lie in \[0, 1\]"),
        (_encoded({"b64": "***"}), 400, "must be base64"),
        (_encoded({"b64": 5}), 400, "must be base64"),
        (_encoded(5), 400, 'must be text or {"b64"'),
        (_encoded("no picture"), 400, "^picture 0 is not an image that can be"),
        (_encoded(_file(Image.new("L", (9, 9), 3), "gif")), 400, "PNG or JPEG"),
        (
            _encoded(_file(Image.new("L", (9, 9), 3))),
            400,
            "^picture 0 is blank:",
        ),
        (_encoded(_file(Image.new("L", (65, 9), 3))), 400, "must be 1 to 64"),
    ],
)
def test_bad_requests_by_rest(server, body, status, words):
    found, answer = server.ask(f"{PATH}:predict", body)
    assert found == status
    assert re.search(words, answer["error"], re.S)
    for mark in ("Traceback", "node", "{{", "__inference"):
        assert mark not in answer["error"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/", None, "Malformed request: GET /"),
        ("/v1/models/none", None, "Servable not found.*none"),
        ("/v1/models/none:predict", {}, "Servable not found.*none"),
        (f"{PATH}/versions/2", None, "Servable not found.*small, 2"),
        (f"{PATH}:predict", None, "Malformed request"),
        (f"{PATH}:classify", {}, "Malformed request"),
        (f"{PATH}/versions/x", None, "Malformed request"),
    ],
)
def test_what_there_is_not(server, path, body, words):
    status, answer = server.ask(path, body)
    assert status == 404
    assert re.search(words, answer["error"])


def test_requests_have_a_size(server):
    length = str(rest_service.LIMIT + 1)
    headers = {"Content-Length": length}
    status, answer = server.ask(f"{PATH}:predict", b"{}", **headers)
    assert status == 413
    assert "67,108,864 bytes" in answer["error"]
    headers = {"Content-Length": "-5"}
    status, answer = server.ask(f"{PATH}:predict", b"{}", **headers)
    assert status == 400
    assert "Content-Length" in answer["error"]


def test_bad_files_by_grpc(server):
    blank = base64.b64decode(_file(Image.new("L", (9, 9), 3))["b64"])
    with Connection(server.target, deadline=60) as connection:
        for content, words in (
            (blank, "^INVALID_ARGUMENT: picture 0 is blank"),
            (b"GIF89a", "^INVALID_ARGUMENT: picture 0 is not an image"),
        ):
            files = {"image_bytes": np.array([content], object)}
            with pytest.raises(ConnectionError, match=words):
                connection.predict("small", "serving_encoded", files)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told(exported, number):
    with _serving(f"--saved_model={exported[1]}") as (process, _):
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert out.endswith("stopped\n")
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_released_model_is_served_as_predict_sees_files(files, run_command):
    """Its canvas is its run's: 60x60, where these files have 28x28."""
    from ram_tf import load_pretrained
    from ram_tf_data.files import read_image

    images = np.stack([read_image(str(file), 60, 1) for file in files])
    expected = load_pretrained("cluttered").predict(images, verbose=0)
    with _serving("--pretrained=cluttered") as (process, said):
        server = _Server(process, said)
        coded = [_coded(file.read_bytes()) for file in files]
        body = {"signature_name": "serving_encoded", "inputs": coded}
        status, answer = server.ask("/v1/models/cluttered:predict", body)
    assert status == 200
    _check(answer["outputs"], expected)


@pytest.mark.slow
def test_saved_model_cli_takes_files(exported, files, expected, tmp_path):
    contents = np.array([file.read_bytes() for file in files])
    np.save(tmp_path / "files.npy", contents)
    subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("saved_model_cli"),
            "run",
            f"--dir={exported[1]}",
            "--tag_set=serve",
            "--signature_def=serving_encoded",
            f"--inputs=image_bytes={tmp_path / 'files.npy'}",
            f"--outdir={tmp_path}",
        ],
        capture_output=True,
        check=True,
        timeout=300,
    )
    names = ("class", "locations", "probabilities", "probabilities_by_glimpse")
    _check(
        {name: np.load(tmp_path / f"{name}.npy") for name in names}, expected
    )


def test_a_port_that_is_taken(exported, run_command, server, capsys):
    from ram_tf_commands import serve

    for kind, place in (("grpc", server.target), ("rest", server.base)):
        port = place.rpartition(":")[2]
        other = "rest" if kind == "grpc" else "grpc"
        flags = [f"--{kind}_port={port}", f"--{other}_port=0"]
        assert run_command(serve, f"--saved_model={exported[1]}", *flags) == 1
        assert f"error: --{kind}_port must be free" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "--workdir must name .* Received: neither"),
        (
            ["--saved_model=x", "--pretrained=mnist"],
            "Only one of --saved_model",
        ),
        (["--saved_model=missing"], "--saved_model must name .*missing"),
        (["--rest_port=70000"], "rest_port=70000"),
    ],
)
def test_bad_flags(run_command, flags, words, capsys):
    from ram_tf_commands import serve

    assert run_command(serve, *flags) == 1
    assert re.search(words, capsys.readouterr().err)


def test_the_highest_version_is_found(tmp_path):
    for version in ("2", "10", "11", "x"):
        (tmp_path / "m" / version).mkdir(parents=True)
    for version in ("2", "10", "x"):
        (tmp_path / "m" / version / "saved_model.pb").touch()
    base = tmp_path / "m"
    assert served_model.find(str(base)) == (base / "10", "m", 10)
    assert served_model.find(str(base / "2")) == (base / "2", "m", 2)
    assert served_model.find(str(base / "x")) == (base / "x", "x", 1)
    with pytest.raises(UserError, match="numbered version"):
        served_model.find(str(base / "11"))


def test_a_damaged_model_is_refused(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\xff no model")
    with pytest.raises(UserError, match=r"saved_model\.pb cannot be read"):
        served_model.ServedModel("x", tmp_path)
