"""Released models that find signs: their cards, names and photographs."""

import copy
import shutil

import pytest

from ram_tf import pretrained
from ram_tf_commands import evaluate
from ram_tf_data import gtsrb
from ram_tf_runs import model_source
from ram_tf_runs.cards.find_card import find_card
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.tasks.kinds.find import FindTask
from tests import conftest


def _card(**changes):
    """The card in one line, of a record with other settings."""
    record = copy.deepcopy(pretrained.record("find"))
    for name, value in changes.items():
        place = record["config"] if name in record["config"] else record
        place[name] = value
    return " ".join(find_card("find", record).split())


def test_the_card_says_what_the_record_has():
    card = _card(epochs=1.0, seed=4, workers=2, test_error=20.0, test_cases=400)
    for words in (
        "finds a traffic sign in a photograph and says which it is",
        "[B, H, W, 3] uint8, of any size",
        "One traffic sign, 24 to 64 pixels high",
        "18 photographs for training, 5 for choosing the weights, and 5 for",
        # 2 * sqrt(20 * 80 / 400) = 4.
        "**20.00% ± 4.00**",
        "Seed 4, 1 epoch, ",
        "in 2 processes, each on",
        "(`--guidance_weight=0.3`)",
        "in other photographs the error can be much higher",
        "GTSRB's images are for research",
    ):
        assert words in card
    assert "digit" not in card


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        ({"guidance_weight": 0.0}, "the eye was told where the sign was"),
        ({"pretrained": None}, "started from the weights"),
        ({"workers": 1}, "processes"),
        (
            {"scales": 3, "encoder_scales": None},
            "of any size",
        ),
        ({"epochs": 2.0}, "1 epoch"),
    ],
)
def test_the_card_says_nothing_else(changes, absent):
    assert absent in _card()
    assert absent not in _card(**changes)


@pytest.mark.parametrize("name", ["find", "signs"])
def test_released_models_know_the_names_of_their_classes(name):
    names = model_source.named(name).class_names
    assert names == list(gtsrb.NAMES)


@pytest.fixture
def trained(small_photographs, tmp_path):
    """A model of noise that was never trained, with all that it is made of."""
    folder, signs = small_photographs
    conftest.save_sign_finder(tmp_path / "run", folder, signs)
    found = model_source.of_run(tmp_path / "run", str(signs))
    found.data = found.task.data_record()
    return found


def test_photographs_of_the_same_names_elsewhere(trained, tmp_path):
    before = trained.task.files
    folder = shutil.copytree(
        trained.settings.hidden.backgrounds, tmp_path / "x"
    )
    trained.look_in(str(folder))
    after = trained.task.files
    for split, files in before.items():
        assert [f.name for f in after[split]] == [f.name for f in files]
        assert {f.parent for f in after[split]} == {folder}
    assert trained.settings.hidden.backgrounds == str(folder)


def test_no_photograph_of_the_training_is_measured_on(trained, tmp_path):
    """Photographs of other names are divided in another way."""
    names = sorted(f for split in trained.task.files.values() for f in split)
    folder = tmp_path / "x"
    folder.mkdir()
    for number, file in enumerate(names):
        shutil.copy(file, folder / f"zebra_{number}{file.suffix}")
    trained.look_in(str(folder))  # None of these was trained on.
    for file in [*folder.iterdir()][1:]:
        file.unlink()
    # The one that is left is the last by name, and was the first.
    for file in names[1:]:
        shutil.copy(file, folder)
    with pytest.raises(
        ValueError, match=r"all or none.*puts .* into the .* set"
    ):
        trained.look_in(str(folder))


def test_only_finders_look_at_photographs(tmp_path, run_command, capsys):
    arguments = ["--pretrained=mnist", f"--backgrounds={tmp_path}"]
    assert run_command(evaluate, *arguments) == 1
    assert "is for models that find signs" in capsys.readouterr().err


def test_a_finder_is_measured_in_another_folder(trained, tmp_path, run_command):
    folder = shutil.copytree(
        trained.settings.hidden.backgrounds, tmp_path / "x"
    )
    arguments = [
        f"--workdir={tmp_path / 'run'}",
        f"--data_dir={trained.task.data_dir}",
        f"--out={tmp_path / 'result.json'}",
    ]
    assert run_command(evaluate, *arguments, "--backgrounds=nowhere") == 1
    assert not (tmp_path / "result.json").exists()
    assert run_command(evaluate, *arguments, f"--backgrounds={folder}") == 0
    assert (tmp_path / "result.json").exists()


def test_every_model_that_looks_can_be_released(small_photographs, tmp_path):
    folder, signs = small_photographs
    conftest.save_sign_finder(tmp_path / "run", folder, signs)
    FindTask(Workdir(tmp_path / "run").load_settings()).check_release()
