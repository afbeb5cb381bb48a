"""Presets: what is saved is loaded, and what is damaged is named."""

import dataclasses
import hashlib
import json
import os
import pathlib
import re

import h5py
import keras
import numpy as np
import pytest
import yaml

import ram_tf
from ram_tf import Card, RecurrentAttentionModel, UserError, pretrained
from ram_tf.errors import DamagedError, FileError
from ram_tf.presets import folder

ROOT = pathlib.Path(__file__).parents[1]
FILES = {"config.json", "model.weights.h5", "metadata.json", "README.md"}


def _same(model, other):
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(one, same) for one, same in pairs)


def _head(path):
    """The YAML of a card."""
    text = (path / "README.md").read_text(encoding="utf-8")
    before, head, page = text.split("---\n", 2)
    assert before == ""
    return yaml.safe_load(head), page


@pytest.fixture
def saved(make_model, tmp_path):
    """A small model's folder."""
    make_model(stop=True).save_to_preset(tmp_path / "small")
    return tmp_path / "small"


def _load(path):
    return RecurrentAttentionModel.from_preset(path)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stop": True, "core": "lstm", "dtype": "mixed_bfloat16"},
        {
            "num_actions": 4,
            "num_classes": None,
            "location_policy": "gaussian",
            "channels": 3,
        },
    ],
)
def test_a_model_is_loaded_as_it_was_saved(make_model, tmp_path, changes):
    model = make_model(**changes)
    model.save_to_preset(tmp_path / "small")
    assert {path.name for path in (tmp_path / "small").iterdir()} == FILES
    assert os.listdir(tmp_path) == ["small"]
    again = _load(tmp_path / "small")
    assert {**again.get_config(), "name": 0} == {
        **model.get_config(),
        "name": 0,
    }
    assert again.channels == model.channels
    assert _same(again, model)


@pytest.mark.parametrize("name", ["cluttered", "seek", "catch"])
def test_a_released_model_by_its_name_or_from_a_folder(name, tmp_path):
    model = RecurrentAttentionModel.from_preset(name)
    assert _same(model, ram_tf.load_pretrained(name))
    model.save_to_preset(tmp_path / "one")
    again = _load(tmp_path / "one")
    again.save_to_preset(tmp_path / "two")
    for path in (tmp_path / "one", tmp_path / "two"):
        # A model as it was released keeps its card, and what the card names.
        card, record = (pretrained.path(name, s) for s in (".md", ".json"))
        assert (path / "README.md").read_bytes() == card.read_bytes()
        assert (path / f"{name}.json").read_bytes() == record.read_bytes()
    assert _same(_load(tmp_path / "two"), model)


def test_keras_reads_a_preset(make_model, saved):
    """By the file format that it has in common with KerasHub."""
    assert _same(keras.saving.load_model(saved), make_model(stop=True))


def test_no_optimizer_is_saved(make_model, tmp_path):
    model = make_model()
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    model.save_to_preset(tmp_path / "small")
    with h5py.File(tmp_path / "small" / "model.weights.h5") as file:
        assert set(file) <= {"cell", "vars"}
    assert not _load(tmp_path / "small").compiled


def test_the_heads_of_the_released_cards_are_what_hubs_read(tmp_path):
    for name in pretrained.NAMES:
        (tmp_path / "README.md").write_bytes(
            pretrained.path(name, ".md").read_bytes()
        )
        head, page = _head(tmp_path)
        record = pretrained.record(name)
        (model,) = head["model-index"]
        (result,) = model["results"]
        (metric,) = result["metrics"]
        assert (model["name"], metric["type"]) == (name, head["metrics"][0])
        error = record.get("test_error")
        value = record["catch_rate"] if error is None else 1 - error / 100
        assert metric["value"] == pytest.approx(value)
        assert head["license"] == "apache-2.0"
        assert head["library_name"] == "keras"
        assert result["task"]["type"] == head["pipeline_tag"]
        assert page.lstrip().startswith(f"# Released model `{name}`")


def test_a_card_of_ones_own(make_model, tmp_path):
    names = ["a: b", '"c"\n', "é 𝄞 \u2028"]
    make_model().save_to_preset(
        tmp_path / "mine",
        card=Card(
            title=names[1],
            text="Reads *coins*.",
            license="mit",
            datasets=names,
            metrics={"accuracy": np.float32(0.75)},
            measured_on=names[2],
            class_names=["one", "two", "three"],
        ),
    )
    head, page = _head(tmp_path / "mine")
    assert head["datasets"] == names
    assert head["pipeline_tag"] == "image-classification"
    assert head["model-index"] == [
        {
            "name": names[1],
            "results": [
                {
                    "task": {"type": "image-classification"},
                    "dataset": {"name": names[2], "type": names[0]},
                    "metrics": [{"type": "accuracy", "value": 0.75}],
                }
            ],
        }
    ]
    for words in ("Reads *coins*.", "accuracy: 0.75", "1. two"):
        assert words in page


@pytest.mark.parametrize(
    "card", [Card(class_names=["a"]), Card(metrics={"accuracy": np.nan})]
)
def test_a_card_that_cannot_be_right(make_model, tmp_path, card):
    with pytest.raises(UserError, match=r"Received: .*(nan|\(1,\))"):
        make_model().save_to_preset(tmp_path / "mine", card=card)
    assert os.listdir(tmp_path) == []


def test_a_model_trained_further_has_a_card_of_its_own(saved, tmp_path):
    model = _load(saved)
    model.cell.baseline.bias.assign([7.0])
    model.save_to_preset(tmp_path / "tuned")
    _, page = _head(tmp_path / "tuned")
    assert "Training started from the preset `small`" in page


def test_what_is_there_is_not_replaced_unasked(make_model, saved):
    (saved / "notes.txt").write_text("mine")
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    model = make_model()
    with pytest.raises(UserError, match=r"small must be .* overwrite=True"):
        model.save_to_preset(saved)
    assert before == {path.name: path.read_bytes() for path in saved.iterdir()}
    model.save_to_preset(saved, overwrite=True)
    assert (saved / "notes.txt").read_text() == "mine"
    assert {path.name for path in saved.iterdir()} == {*FILES, "notes.txt"}
    assert _same(_load(saved), model)


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_is_left_of_what_could_not_be_written(
    make_model, saved, monkeypatch, overwrite
):
    place = saved if overwrite else saved.parent / "new"
    before = {path.name: path.read_bytes() for path in saved.iterdir()}

    def fail(model, path, **others):
        pathlib.Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RecurrentAttentionModel, "save_weights", fail)
    with pytest.raises(FileError, match=f"{place} cannot be written: No space"):
        make_model().save_to_preset(place, overwrite=overwrite)
    assert before == {path.name: path.read_bytes() for path in saved.iterdir()}
    assert os.listdir(saved.parent) == ["small"]


def test_a_file_where_the_folder_should_be(make_model, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileError, match="file cannot be written: Not a dir"):
        make_model().save_to_preset(tmp_path / "file", overwrite=True)


def test_what_cannot_be_saved(make_model, tmp_path):
    with pytest.raises(UserError, match="must be built before it is saved"):
        RecurrentAttentionModel().save_to_preset(tmp_path / "new")
    model = make_model()
    model.cell.baseline.bias.assign([np.nan])
    with pytest.raises(UserError, match=r"weights\.h5 must hold finite"):
        model.save_to_preset(tmp_path / "new")
    assert os.listdir(tmp_path) == []


def _edit(path, change):
    """Changes a file of JSON, and the digest of config.json."""
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    _sign(path.parent)


def _sign(path):
    """As somebody would who changes a folder on purpose."""
    metadata = json.loads((path / "metadata.json").read_text())
    for name in ("config.json", "model.weights.h5"):
        content = (path / name).read_bytes()
        metadata["sha256"][name] = hashlib.sha256(content).hexdigest()
    (path / "metadata.json").write_text(json.dumps(metadata))


def _refused(path, name):
    """The one line that a folder is refused with, which names the file."""
    with pytest.raises(UserError) as told:
        _load(path)
    line = str(told.value)
    assert "\n" not in line
    assert line.startswith(str(path / name)), line
    assert len(line) < 600 + len(str(path))
    return line


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
@pytest.mark.parametrize("how", ["missing", "cut", "other", "pipe"])
def test_a_damaged_file_is_named(saved, name, how):
    path = saved / name
    content = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(content[:-1])
    elif how == "other":
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif how == "pipe":
        os.mkfifo(path)
    _refused(saved, name)


def test_values_that_changed_are_noticed(saved):
    """In files that can be read as they are."""
    path = saved / "config.json"
    content = path.read_text()
    path.write_text(content.replace('"glimpses": 3', '"glimpses": 4'))
    assert "damaged or changed" in _refused(saved, "config.json")
    path.write_text(content)
    with h5py.File(saved / "model.weights.h5", "a") as file:
        file["cell/baseline/vars/1"][...] = 7.0
    assert "damaged or changed" in _refused(saved, "model.weights.h5")


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"sha256": 3}', "{}", "[" * 100_000, "\udcff"]
)
def test_metadata_that_is_not_ours(saved, content):
    data = content.encode(errors="surrogateescape")
    (saved / "metadata.json").write_bytes(data)
    _refused(saved, "metadata.json")


_LAMBDA = {"class_name": "Lambda", "config": {"function": "os.system"}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["registered_name"], "Lambda"),
        (["config", "core"], _LAMBDA),
        (["config", "dtype"], _LAMBDA),
        (["config", "dtype"], "float99"),
        (["config", "unknown"], 3),
        (["config", "core_units"], 2**40),
        (["config", "glimpse_units"], 2**50),
        (["config", "core_units"], 500),  # Which there is memory for.
        (["config", "core_units"], -6),
        (["config", "glimpse_encoder"], "of a plugin"),
        (["config"], None),
        (["build_config"], {}),
        (["build_config", "input_shape"], [None, 9, 11, 2**60]),
        (["build_config", "input_shape"], [None, 9, 11, None]),
    ],
)
def test_a_configuration_that_is_refused(saved, path, value):
    def change(values):
        for name in path[:-1]:
            values = values[name]
        values[path[-1]] = value

    _edit(saved / "config.json", change)
    _refused(saved, "config.json")


def test_a_configuration_without_end(saved):
    with (saved / "config.json").open("a") as file:
        file.write(" " * 2_000_000)
    _sign(saved)
    assert "larger than" in _refused(saved, "config.json")


@pytest.mark.parametrize("damage", ["shape", "lost", "link", "nan", "text"])
def test_weights_of_another_model(saved, damage):
    path = saved / "model.weights.h5"
    bias = "cell/baseline/vars/1"
    if damage == "text":
        path.write_text("no HDF5" * 10_000)
    else:
        with h5py.File(path, "a") as file:
            if damage == "nan":
                file[bias][...] = np.nan
            else:
                del file[bias]
            if damage == "shape":
                file[bias] = np.zeros(5, np.float32)
            elif damage == "link":
                file[bias] = h5py.ExternalLink("/etc/passwd", "x")
    _sign(saved)
    _refused(saved, path.name)


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ("hf://me/model", r"snapshot_download\('me/model'\)"),
        ("kaggle://x", "downloads nothing"),
        ("nowhere", "'cluttered', .* folder"),
        (os.devnull, "folder that save_to_preset wrote"),
    ],
)
def test_what_is_no_preset(preset, words):
    with pytest.raises(UserError, match=words):
        _load(preset)


def test_a_folder_that_keras_wrote_is_said_to_be_another(make_model, tmp_path):
    keras.saving.save_model(make_model(), tmp_path / "x", zipped=False)
    assert "did not write it" in _refused(tmp_path / "x", "metadata.json")


@pytest.mark.parametrize("policy", ["gaussian", "cells"])
@pytest.mark.parametrize(("old", "new"), [(1, 3), (3, 1)])
def test_other_channels_see_grey_images_as_before(
    tmp_path, images, policy, old, new
):
    cells = {"location_policy": "cells", "first_fixation": "centre"}
    more = cells | {"glimpse_encoder": "conv"} if policy == "cells" else {}
    keras.utils.set_random_seed(1)
    sizes = {"glimpse_size": 8, "scales": 2, "core_units": 6, "units": 7}
    model = RecurrentAttentionModel(3, 3, sensor="gather", **sizes | more)
    model.build((None, 9, 11, old))
    model.save_to_preset(tmp_path / "x")
    other = RecurrentAttentionModel.from_preset(tmp_path / "x", channels=new)
    assert other.channels == new
    expected, outputs = (
        m(np.repeat(images, c, axis=-1))
        for m, c in ((model, old), (other, new))
    )
    for name, values in expected.items():
        np.testing.assert_allclose(outputs[name], values, atol=1e-5)


def test_other_classes_have_a_new_head_alone(saved):
    model = _load(saved)
    other = RecurrentAttentionModel.from_preset(
        saved, num_classes=5, glimpses=2
    )
    assert other.cell.classifier.kernel.shape == (6, 5)
    assert other.glimpses == 2
    for name in ("glimpse_net", "core", "location_policy", "stop_policy"):
        assert _same(getattr(other.cell, name), getattr(model.cell, name))


def test_without_weights_all_may_change(saved):
    other = RecurrentAttentionModel.from_preset(
        saved, load_weights=False, core_units=9
    )
    assert other.core_units == 9
    assert not _same(
        RecurrentAttentionModel.from_preset(saved, load_weights=False),
        _load(saved),
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"core_units": 9}, "core_units=6, .* Received: core_units=9"),
        ({"scales": 1}, "2 windows or more"),
        ({"num_clases": 3}, "takes arguments .* num_clases=3"),
        ({"channels": 0}, "channels=0"),
        ({"num_classes": 0}, "num_classes=0"),
    ],
)
def test_a_change_that_trained_weights_do_not_allow(saved, changes, words):
    with pytest.raises(UserError, match=words):
        RecurrentAttentionModel.from_preset(saved, **changes)


def test_colours_are_not_guessed(make_model, tmp_path):
    make_model(3).save_to_preset(tmp_path / "x")
    with pytest.raises(UserError, match="weights of 3 channels for 4"):
        RecurrentAttentionModel.from_preset(tmp_path / "x", channels=4)


def test_the_card_says_nothing_of_another_model(saved, tmp_path):
    """One made of a preset is not the one whose errors its card has."""
    (saved / "README.md").write_text("Error: 3%")
    other = RecurrentAttentionModel.from_preset(saved, glimpses=1)
    other.save_to_preset(tmp_path / "other")
    assert "Error: 3%" not in _head(tmp_path / "other")[1]
    _load(saved).save_to_preset(tmp_path / "same")
    assert (tmp_path / "same" / "README.md").read_text() == "Error: 3%"


@pytest.mark.slow
def test_the_ten_lines_of_the_documentation(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "keras.md").read_text(encoding="utf-8")
    section = text[text.index("## Presets and fine-tuning") :]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) == 10
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, [164, 30, 30, 3], np.uint8)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", np.arange(164) % 5)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    tuned, released = names["model"], ram_tf.load_pretrained("cluttered")
    assert tuned.cell.classifier.kernel.shape == (256, 5)
    policy = "location_policy"  # The eye learns, too.
    assert not _same(
        getattr(tuned.cell, policy), getattr(released.cell, policy)
    )
    assert set(names["measured"]) == {"accuracy", "loss"}
    again = _load("mine")
    assert _same(again, tuned)
    head, page = _head(tmp_path / "mine")
    (metric, *_) = head["model-index"][0]["results"][0]["metrics"]
    assert metric["value"] == pytest.approx(names["measured"][metric["type"]])
    assert "Training started from the preset `cluttered`" in page


def test_no_released_model_is_called_like_a_file_of_a_preset():
    assert not {f"{n}.json" for n in pretrained.NAMES} & {
        folder.CONFIG,
        folder.METADATA,
    }


def test_damage_is_told_as_such(saved):
    (saved / "config.json").unlink()
    with pytest.raises(DamagedError):
        _load(saved)


def test_a_card_stays_as_it_is():
    card = Card(title="one")
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.title = "another"
    assert Card().metrics == {}
