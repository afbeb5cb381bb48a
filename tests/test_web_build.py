"""The web command without a browser: its server, and what it refuses."""

import http.client
import pathlib
import socket

import browser
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import pretrained
from ram_tf.comparators import make_comparator
from ram_tf_commands import web
from ram_tf_data.canvas import Canvas, compose
from ram_tf_data.shrink import shrink
from ram_tf_data.sources import Split
from ram_tf_runs import model_source
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.kinds.numbers import NumbersSettings
from ram_tf_runs.tasks.kinds.classify import ClassifyTask
from ram_tf_runs.tasks.kinds.numbers import NumbersTask
from ram_tf_web import web_build, web_scenes, web_server


def test_shrink():
    image = np.full([2, 28, 28, 1], 200, np.uint8)
    image[1] = 7
    small = shrink(Split(image, np.array([3, 4])))
    assert small.label.tolist() == [3, 4]
    assert small.image.dtype == np.uint8
    expected = np.zeros_like(image)
    expected[:, 4:24, 4:24] = [[[[200]]], [[[7]]]]
    np.testing.assert_array_equal(small.image, expected)


@pytest.mark.parametrize(
    "shape", [(1, 28, 28, 3), (1, 19, 28, 1), (1, 28, 19, 1)]
)
def test_shrink_refuses(shape):
    split = Split(np.zeros(shape, np.uint8), np.array([0]))
    with pytest.raises(ValueError, match=r"grey images.*Received: images \(1"):
        shrink(split)


def _get(host, path):
    connection = http.client.HTTPConnection(host)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def test_server(tmp_path):
    for name in ("index.html", "a.js", "a.wasm", "a.json", "a.tflite"):
        (tmp_path / name).write_text("x")
    with browser.serving(web_server.make_server(tmp_path, 0)) as host:
        assert host.startswith("127.0.0.1:")
        for path, kind in [
            ("/", "text/html; charset=utf-8"),
            ("/a.js", "text/javascript"),
            ("/a.wasm", "application/wasm"),
            ("/a.json", "application/json"),
            ("/a.tflite", "application/octet-stream"),
        ]:
            response = _get(host, path)
            assert response.status == 200
            assert response.headers["Content-Type"] == kind
            embedder = response.headers["Cross-Origin-Embedder-Policy"]
            assert embedder == "require-corp"
        assert _get(host, "/missing").status == 404


def test_a_port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"--port.*Received: {port}"):
            web_server.make_server(".", port)


def test_only_models_that_look_at_grey_images(make_model):
    task = ClassifyTask(ClassifySettings.build({"network": "conv"}))
    for model, channels in [
        (make_comparator("conv", 28), 1),
        (make_model(3), 3),
    ]:
        trained = model_source.Trained("x", task, model, pathlib.Path())
        with pytest.raises(ValueError, match=f"=conv, {channels} channels"):
            web_build.check(trained)


@pytest.mark.parametrize(
    ("flag", "value"), [("frames", 8), ("standardise", True)]
)
def test_only_models_of_one_answer_to_a_still_image(make_model, flag, value):
    task = ClassifyTask(ClassifySettings.build({flag: value}))
    trained = model_source.Trained("x", task, make_model(), pathlib.Path())
    message = f"one answer to a still image.*--{flag}={value}"
    with pytest.raises(ValueError, match=message):
        web_build.check(trained)


def test_only_models_that_classify(make_model):
    task = NumbersTask(NumbersSettings())
    trained = model_source.Trained("x", task, make_model(), pathlib.Path())
    with pytest.raises(ValueError, match=r"images.*that reads numbers"):
        web_build.check(trained)


def test_out_is_needed(run_command, capsys):
    assert run_command(web, "--pretrained=cluttered") == 1
    assert "--out must name a directory" in capsys.readouterr().err


def test_litert_is_needed(run_command, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(web_build, "PAGE", pathlib.Path(tmp_path))
    assert run_command(web, "--pretrained=cluttered", "--out=x") == 1
    assert f"npm ci --prefix {tmp_path}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.fixture
def finder():
    """Builds a model whose windows follow the image; and its run's meaning."""

    def make(**changes):
        settings = ClassifySettings.build(
            {
                "source": "digits",
                "canvas": 64,
                "scales": 0,
                "encoder_scales": 2,
                "glimpse_size": 12,
                "sensor": "pyramid",
                "location_policy": "cells",
                "first_fixation": "centre",
                "core_units": 8,
                **changes,
            }
        )
        task = ClassifyTask(settings)
        return model_source.Trained(
            "finder", task, task.make_model(), pathlib.Path()
        )

    return make


def test_what_the_large_image_is_for(finder):
    fixed = finder(scales=3, encoder_scales=None)
    web_build.check(fixed)
    with pytest.raises(ValueError, match=r"follow the image.*finder.*has 3"):
        web_build.check_large(fixed)
    web_build.check_large(finder())
    with pytest.raises(ValueError, match=r"--large is for.*finder.*scales=0"):
        web_build.check(finder())
    with pytest.raises(ValueError, match=r"--standardise=True"):
        web_build.check_large(finder(standardise=True))


def test_the_released_model_is_taken_where_it_is(monkeypatch):
    names, taken = [], []
    monkeypatch.setattr(pretrained, "NAMES", names)
    monkeypatch.setattr(
        model_source, "named", lambda *given: taken.append(given) or "model"
    )
    assert web_build.large_model(None, "data") is None
    names.append("seek")
    assert web_build.large_model("", "data") is None
    assert not taken
    assert web_build.large_model(None, "data") == "model"
    web_build.large_model("runs/x/model.keras", "data")
    assert taken == [("seek", "data"), ("runs/x/model.keras", "data")]


def test_an_unknown_model_of_the_large_image_is_refused(
    run_command, capsys, tmp_path, monkeypatch
):
    monkeypatch.setattr(web_build, "litert", lambda: tmp_path)
    flags = ("--pretrained=cluttered", "--large=nothing", f"--out={tmp_path}/x")
    assert run_command(web, *flags) == 1
    assert "released model" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_scattered_scenes_are_canvases(digits):
    canvas = Canvas(300, clutter=40)
    split = shrink(digits.test)
    scenes = web_scenes.scatter_scenes(canvas, split, 1, seed=5)
    assert scenes.label.tolist() == list(range(10))
    expected = compose(
        canvas,
        tf.constant(split.image),
        tf.constant([list(split.label).index(k) for k in range(10)], tf.int32),
        tf.constant([5, 0]),
        tf.constant(scenes.corner, tf.int32),
    )
    for scene, image in zip(
        zip(*scenes, strict=True), expected[..., 0].numpy(), strict=True
    ):
        _, digit, corner, patches, patch_corners = scene
        total = np.zeros([300, 300], int)
        for part, (row, column) in [
            (digit, corner),
            *zip(patches, patch_corners, strict=True),
        ]:
            total[row:, column:][: len(part), : len(part)] += part
        np.testing.assert_array_equal(np.minimum(total, 255), image)
