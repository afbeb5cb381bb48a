"""SVHN's cropped digits, from small files in the very formats of the sets."""

import json

import numpy as np
import pytest

from ram_tf_commands import evaluate, svhn
from ram_tf_data import sources
from ram_tf_data.svhn import SMALL_FILE

TINY = [
    "--glimpses=2",
    "--scales=2",
    "--core_units=16",
    "--units=16",
    "--glimpse_units=16",
    "--location_units=8",
    "--batch_size=8",
    "--epochs=1",
]


def _crops(count, first=0):
    """An image for each number from the first, its red; its label is i % 10."""
    number = np.arange(first, first + count)
    image = np.zeros([count, 32, 32, 3], np.uint8)
    image[..., 0] = number[:, None, None]
    return image, number % 10


@pytest.fixture(scope="module")
def tfds_dir(tmp_path_factory):
    """A directory with svhn_cropped as TFDS prepares it: 40 + 20 + 1 crops."""
    import tensorflow_datasets as tfds

    path = tmp_path_factory.mktemp("tfds")
    official = tfds.builder("svhn_cropped", data_dir=path)

    def examples(split, count, first):
        image, label = _crops(count, first)
        return [
            (n, {"image": i, "label": k, "id": f"{split}_{n:06d}"})
            for n, (i, k) in enumerate(zip(image, label, strict=True))
        ]

    tfds.dataset_builders.store_as_tfds_dataset(
        name=official.name,
        version=official.version,
        features=official.info.features,
        split_datasets={
            "train": examples("train", 40, 0),
            "test": examples("test", 20, 100),
            "extra": examples("extra", 1, 200),
        },
        data_dir=path,
    )
    return path


@pytest.fixture
def small_dir(tmp_path):
    """A folder with crops of 20 numbers, two of each."""
    image, label = _crops(40)
    number = np.repeat(np.arange(101, 121, dtype=np.int32), 2)
    np.savez(tmp_path / SMALL_FILE, X=image, y=label, png_id=number)
    return tmp_path


def _reds(split):
    assert split.image.shape[1:] == (32, 32, 3)
    assert split.image.dtype == np.uint8
    assert split.label.dtype == np.int32
    reds = split.image[:, 0, 0, 0]
    np.testing.assert_array_equal(split.label, reds % 10)
    return reds.tolist()


def test_cropped_digits_from_tfds(tfds_dir):
    source = sources.load("svhn_cropped", str(tfds_dir))
    # In the order of the set: what overlaps stays on one side.
    assert _reds(source.train) == list(range(36))
    assert _reds(source.validation) == list(range(36, 40))
    assert _reds(source.test) == list(range(100, 120))
    assert source.num_classes == 10


def test_the_small_file_is_split_by_number(small_dir):
    source = sources.load("svhn_small", str(small_dir))
    assert _reds(source.train) == list(range(28))
    assert _reds(source.validation) == list(range(28, 34))
    assert _reds(source.test) == list(range(34, 40))


def test_the_real_small_file(svhn_small_dir):
    source = sources.load("svhn_small", str(svhn_small_dir))
    facts = sources.FACTS["svhn_small"]
    sizes = [len(split.label) for split in source.splits.values()]
    assert sizes == [facts.train, facts.validation, facts.test]
    for split in source.splits.values():
        np.testing.assert_array_equal(np.unique(split.label), np.arange(10))


def test_a_small_file_that_is_not_there(tmp_path):
    message = rf"needs --data_dir.*{SMALL_FILE}.*Received: .*{tmp_path.name}"
    with pytest.raises(ValueError, match=message):
        sources.load("svhn_small", str(tmp_path))
    np.savez(tmp_path / SMALL_FILE, X=np.zeros(1))
    with pytest.raises(ValueError, match="has no png_id, y"):
        sources.load("svhn_small", str(tmp_path))


@pytest.mark.slow
def test_training_on_a_larger_canvas(tfds_dir, tmp_path, run_command):
    arguments = [
        "--flagfile=svhn.flags",
        *TINY,
        "--canvas=40",
        f"--data_dir={tfds_dir}",
        f"--workdir={tmp_path}",
    ]
    assert run_command(svhn, *arguments) == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["test_cases"] == 20
    assert result["config"]["source"] == "svhn_cropped"
    assert result["data"]["images"] == {
        "train": 36,
        "validation": 4,
        "test": 20,
    }
    out = tmp_path / "again.json"
    arguments = [f"--data_dir={tfds_dir}", f"--workdir={tmp_path}"]
    assert run_command(evaluate, *arguments, f"--out={out}") == 0
    again = json.loads(out.read_text())
    assert again["test_error_mc10"] == result["test_error_mc10"]


@pytest.mark.slow
def test_training_on_the_small_file(small_dir, tmp_path, run_command, capsys):
    arguments = [
        "--flagfile=svhn_small.flags",
        *TINY,
        "--network=fc_64",
        f"--data_dir={small_dir}",
        f"--workdir={tmp_path / 'run'}",
    ]
    assert run_command(svhn, *arguments) == 0
    assert "images of 32x32x3: 28 train, 6 validation, 6 test" in (
        capsys.readouterr().out
    )


def test_svhn_is_the_source_unless_it_is_named(tmp_path, run_command, capsys):
    workdir = f"--workdir={tmp_path / 'run'}"
    assert run_command(svhn, "--source=digits", workdir) == 1
    message = "must be one of ['svhn_cropped', 'svhn_small']"
    assert message in capsys.readouterr().err
