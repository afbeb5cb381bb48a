"""Pictures that hide a sign, as folders, and the flagfile for large ones."""

import json

import numpy as np
import pytest
from PIL import Image

from ram_tf_commands import classify, sign_pictures
from ram_tf_data import gtsrb
from ram_tf_runs.command import FLAGFILES
from ram_tf_runs.records import recipe
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.kinds.find import FindSettings
from tests.fixtures import small_gtsrb


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Flags for small signs and photographs."""
    root = tmp_path_factory.mktemp("given")
    (root / "photographs").mkdir()
    small_gtsrb.write_signs(root)
    small_gtsrb.write_photographs(root / "photographs", 12)
    flags = [f"--backgrounds={root}/photographs", f"--data_dir={root}"]
    return [*flags, "--canvas=64", "--distractors=2"]


@pytest.fixture(scope="module")
def folder(given, tmp_path_factory, run_command):
    path = tmp_path_factory.mktemp("pictures") / "signs"
    arguments = [*given, "--each=2", "--each_test=1", f"--out={path}"]
    assert run_command(sign_pictures, *arguments) == 0
    return path


def _pictures(folder):
    return {p.relative_to(folder): p for p in folder.rglob("*.png")}


@pytest.mark.slow
def test_a_folder_for_each_class(folder, given, tmp_path, run_command, capsys):
    names = [f"{k:02} {name}" for k, name in enumerate(gtsrb.NAMES)]
    for split, known, each in (("train", names, 2), ("test", names[:5], 1)):
        assert sorted(p.name for p in (folder / split).iterdir()) == known
        for own in (folder / split).iterdir():
            assert len(list(own.iterdir())) == each
    for path in _pictures(folder).values():
        with Image.open(path) as image:
            assert (image.size, image.mode) == ((64, 64), "RGB")
    shown = {np.asarray(Image.open(p)).tobytes() for p in folder.rglob("*.png")}
    assert len(shown) == 2 * 43 + 5
    # The same again; and a folder that holds something is left as it is.
    arguments = [*given, "--each=2", "--each_test=1"]
    assert run_command(sign_pictures, *arguments, f"--out={tmp_path}/2") == 0
    again = _pictures(tmp_path / "2")
    for name, path in _pictures(folder).items():
        assert again[name].read_bytes() == path.read_bytes()
    capsys.readouterr()
    assert run_command(sign_pictures, *arguments, f"--out={folder}") == 1
    assert "must name a new folder" in capsys.readouterr().err
    assert run_command(sign_pictures, *arguments) == 1
    assert "--out must name a folder" in capsys.readouterr().err


def test_the_flagfile_has_the_eye_of_find():
    own, known = (
        recipe.parse(kind, [f"--flagfile={FLAGFILES / name}"])
        for kind, name in (
            (ClassifySettings, "large_pictures.flags"),
            (FindSettings, "find.flags"),
        )
    )
    assert own.model == known.model
    assert (own.source, own.scene.canvas, own.grey) == ("folder", 512, False)
    assert own.any_size
    assert own.streams is None


@pytest.mark.slow
def test_a_streamed_run_is_the_same(folder, tmp_path, run_command, capsys):
    first = next((folder / "train").iterdir())
    damaged = first / "damaged.png"
    damaged.write_bytes(next(first.glob("0*.png")).read_bytes()[:200])
    found = {}
    for name in ("streamed", "kept"):
        arguments = [
            "--flagfile=large_pictures.flags",
            f"--train_dir={folder}/train",
            "--canvas=64",
            "--glimpses=2",
            "--core_units=8",
            "--units=8",
            "--glimpse_units=8",
            "--location_units=8",
            "--batch_size=8",
            "--epochs=1",
            f"--{'' if name == 'streamed' else 'no'}stream",
            f"--workdir={tmp_path / name}",
        ]
        assert run_command(classify, *arguments) == 0
        said = capsys.readouterr()
        read = "read from their files when they are needed" in said.out
        assert read == (name == "streamed")
        found[name] = tmp_path / name
    results = [
        json.loads((path / "result.json").read_text())
        for path in found.values()
    ]
    assert results[0]["validation_cases"] == 43
    different = ("config", "seconds", "images_per_second", "model_sha256")
    for result in results:
        for name in different:
            result.pop(name)
    assert results[0] == results[1]
    models = [Workdir(path).load_model() for path in found.values()]
    for one, other in zip(*(m.get_weights() for m in models), strict=True):
        np.testing.assert_array_equal(one, other)
    damaged.unlink()
