"""trainers.play as a user runs it, on tiny games of Catch."""

import json
import os
import re
import signal

import gymnasium
import numpy as np
import pytest
from absl import flags

from ram_tf_commands import evaluate, export, play, predict, release
from ram_tf_reports import environments as reporting
from ram_tf_runs.command import FLAGFILES
from ram_tf_runs.records import recipe
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings.kinds.catch import CatchSettings
from ram_tf_runs.settings.kinds.play import PlaySettings

pytestmark = pytest.mark.slow
TINY = (
    "--env=ram_tf/Catch-v0",
    "--steps=23",
    "--glimpse_size=4",
    "--scales=2",
    "--core=lstm",
    "--core_units=8",
    "--units=8",
    "--glimpse_units=8",
    "--location_units=8",
    "--episodes=4",
    "--updates=6",
    "--evaluate_updates=3",
    "--validation_episodes=5",
    "--test_episodes=6",
)
TIMES = ("seconds", "frames_per_second", "git_revision", "model_sha256")


@pytest.fixture(scope="module")
def trained(run_command, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "play"
    assert run_command(play, *TINY, f"--workdir={path}") == 0
    return path


def _result(path):
    result = json.loads((path / "result.json").read_text())
    return {name: v for name, v in result.items() if name not in TIMES}


def test_a_run_leaves_its_result(trained):
    result = _result(trained)
    names = ("stochastic", "random_fixations", "centre_only", "random_actions")
    for name in ("", *(f"_{name}" for name in names)):
        assert 0 <= result[f"mean_return{name}"] <= 1
        assert 0 <= result[f"standard_error{name}"] < 0.5
    # Of 23 steps each, whatever is done.
    assert result["frames"] == 6 * 4 * 23
    assert (result["mean_length"], result["episodes_cut"]) == (23, 0)
    assert [frames for frames, _ in result["curve"]] == [276, 552]
    assert result["validation_return"] == max(r for _, r in result["curve"])
    assert result["versions"]["gymnasium"]
    assert list((trained / "tensorboard").iterdir())


def test_a_finished_run_is_not_run_again(trained, run_command, capsys):
    assert run_command(play, *TINY, f"--workdir={trained}") == 0
    assert "finished already, at step 6" in capsys.readouterr().out
    other = (*TINY, f"--workdir={trained}", "--steps=7")
    assert run_command(play, *other) == 1
    assert "steps was 23, now 7" in capsys.readouterr().err


def test_a_resumed_run_is_the_same(
    trained, run_command, tmp_path, monkeypatch, capsys
):
    from ram_tf.episodes.environments.gymnasium_episodes import (
        GymnasiumEpisodes,
    )

    def terminated(self, player, seed):
        if seed[-1] == 4:  # In the fifth update.
            os.kill(os.getpid(), signal.SIGTERM)
        return played(self, player, seed)

    played = GymnasiumEpisodes.play
    with monkeypatch.context() as patched:
        patched.setattr(GymnasiumEpisodes, "play", terminated)
        assert run_command(play, *TINY, f"--workdir={tmp_path}") == 143
    assert "SIGTERM: saved step 5" in capsys.readouterr().out
    assert not (tmp_path / "result.json").exists()
    assert run_command(play, *TINY, f"--workdir={tmp_path}") == 0
    assert "resuming from step 5" in capsys.readouterr().out
    assert _result(tmp_path) == _result(trained)
    one, other = (Workdir(p).load_model() for p in (trained, tmp_path))
    for mine, its in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_evaluate_measures_the_same(trained, run_command, tmp_path):
    out = tmp_path / "again.json"
    assert run_command(evaluate, f"--workdir={trained}", f"--out={out}") == 0
    again = json.loads(out.read_text())
    del again["git_revision"]  # It may change while tests run.
    assert {name: _result(trained)[name] for name in again} == again


def test_a_control_has_no_controls(run_command, tmp_path):
    short = ("--updates=1", "--fixations=random", f"--workdir={tmp_path}")
    assert run_command(play, *TINY, *short) == 0
    result = _result(tmp_path)
    assert "mean_return" in result
    assert "mean_return_centre_only" not in result


def test_no_recipe_has_a_flagfile_of_another_trainer():
    near = ["--glimpse_size=6", "--scales=3", "--pooling=max", "--core=lstm"]
    near += ["--location_std=0.05", "--location_gain=0.01", "--env=Some-v0"]
    settings = recipe.parse(PlaySettings, near)
    words = recipe.command(settings).split()
    assert words[:3] == ["python", "-m", "trainers.play"]
    assert recipe.parse(PlaySettings, words[3:]) == settings
    path = f"--flagfile={FLAGFILES / 'catch.flags'}"
    with pytest.raises(flags.UnrecognizedFlagError):
        recipe.parse(PlaySettings, [path])
    assert recipe.parse(CatchSettings, [path]).training.games == 128


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (TINY[1:], "--env must name an environment.*none"),
        ((*TINY, "--canvas=60"), "Unknown flag --canvas"),
        ((*TINY, "--env=CartPole-v1"), "must be images.*CartPole-v1"),
        ((*TINY, "--env=Nothing-v0"), "gymnasium.make.*Nothing-v0"),
    ],
)
def test_bad_flags(run_command, tmp_path, capsys, arguments, message):
    workdir = tmp_path / "none"
    assert run_command(play, *arguments, f"--workdir={workdir}") == 1
    assert re.search(message, capsys.readouterr().err)
    assert not workdir.exists()


def test_a_loss_that_is_not_finite_ends_the_run(run_command, tmp_path, capsys):
    gymnasium.register(
        "test/Endless-v0",
        lambda: gymnasium.wrappers.TransformReward(
            gymnasium.make("ram_tf/Catch-v0"), lambda reward: 1e30
        ),
    )
    arguments = (*TINY, "--env=test/Endless-v0", f"--workdir={tmp_path}")
    assert run_command(play, *arguments) == 1
    assert re.search(r"loss became .* at step 1;", capsys.readouterr().err)
    del gymnasium.registry["test/Endless-v0"]


def test_other_commands_refuse_its_models(
    trained, run_command, tmp_path, capsys
):
    arguments = (f"--workdir={trained}", "digit.png")
    assert run_command(predict, *arguments) == 1
    arguments = (f"--workdir={trained}", f"--out={tmp_path}")
    assert run_command(export, *arguments) == 1
    error = capsys.readouterr().err
    received = "Received: one that plays ram_tf/Catch-v0"
    assert f"cannot show pictures to a model of this kind. {received}" in error
    assert f"cannot export a model of this kind. {received}" in error
    arguments = (f"--workdir={trained}", f"--dir={tmp_path}", "--name=x")
    assert run_command(release, *arguments) == 1
    assert "--env=ram_tf/Catch-v0" in capsys.readouterr().err


def test_the_report_has_a_section(trained, tmp_path):
    assert not list(reporting.section(tmp_path))
    folder = tmp_path / "minatar"
    folder.mkdir()
    (folder / "ram.json").write_bytes((trained / "result.json").read_bytes())
    result = _result(trained)
    text = "\n".join(reporting.section(folder))
    assert "| ram_tf/Catch-v0 " in text
    assert f"**{result['mean_return']:.2f}**" in text
    assert "python -m trainers.play --env=ram_tf/Catch-v0" in text
    (folder / "bad.json").write_text("{}")
    with pytest.raises(ValueError, match=r"bad\.json must hold `mean_return`"):
        list(reporting.section(folder))
