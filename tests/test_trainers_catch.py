"""The commands of Catch, as a user runs them, on a tiny game."""

import json

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from ram_tf.episodes.environments.catch import Catch, Games
from ram_tf_commands import (
    catch,
    catch_film,
    catch_players,
    evaluate,
    export,
    mnist,
    predict,
    release,
)
from ram_tf_reports import catch as reporting
from ram_tf_runs import model_source
from ram_tf_runs.cards.catch_card import catch_card
from ram_tf_runs.records.workdir import Workdir

pytestmark = pytest.mark.slow
TINY = (
    "--flagfile=catch.flags",
    "--screen=6",
    "--glimpse_size=2",
    "--scales=2",
    "--core_units=8",
    "--units=8",
    "--glimpse_units=8",
    "--location_units=8",
    "--games=4",
    "--rollouts=2",
    "--train_frames=4000",  # 100 steps of 40.
    "--evaluate_frames=2000",
    "--validation_games=20",
    "--test_games=30",
)


@pytest.fixture(scope="module")
def trained(run_command, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "catch"
    assert run_command(catch, *TINY, f"--workdir={path}") == 0
    return path


def test_a_run_leaves_its_result(trained):
    result = json.loads((trained / "result.json").read_text())
    names = ("stochastic", "random_fixations", "centre_only")
    for name in ("catch_rate", *(f"catch_rate_{n}" for n in names)):
        assert 0 <= result[name] <= 1
    assert (result["steps"], result["frames"]) == (100, 4000)
    assert [frames for frames, _ in result["curve"]] == [2000, 4000]
    rows = (trained / "metrics.jsonl").read_text().splitlines()
    rates = [json.loads(row)["validation_catch_rate"] for row in rows]
    assert result["validation_error"] == pytest.approx(100 * (1 - max(rates)))
    events = b"".join(
        path.read_bytes() for path in (trained / "tensorboard").iterdir()
    )
    assert b"\x89PNG" in events  # A game, in pictures.


def test_a_finished_run_is_not_run_again(trained, run_command, capsys):
    assert run_command(catch, *TINY, f"--workdir={trained}") == 0
    assert "finished already, at step 100" in capsys.readouterr().out
    other = (*TINY, f"--workdir={trained}", "--angles=60,120")
    assert run_command(catch, *other) == 1
    assert "angles was" in capsys.readouterr().err


def test_a_resumed_run_is_the_same(trained, run_command, tmp_path, monkeypatch):
    def interrupted(self, *arguments):
        save(self, *arguments)
        if self._state.step == 50:
            raise KeyboardInterrupt

    from ram_tf.training.checkpoint import Checkpointer

    save = Checkpointer.save
    with monkeypatch.context() as patched:
        patched.setattr(Checkpointer, "save", interrupted)
        assert run_command(catch, *TINY, f"--workdir={tmp_path}") == 130
    assert not (tmp_path / "result.json").exists()
    assert run_command(catch, *TINY, f"--workdir={tmp_path}") == 0
    one, other = (Workdir(p).load_model() for p in (trained, tmp_path))
    for mine, its in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_evaluate_measures_the_same(trained, run_command, tmp_path):
    out = tmp_path / "again.json"
    assert run_command(evaluate, f"--workdir={trained}", f"--out={out}") == 0
    result = json.loads((trained / "result.json").read_text())
    again = json.loads(out.read_text())
    del again["git_revision"]  # It may change while tests run.
    assert {k: result[k] for k in again} == again


def test_the_film_shows_every_step(trained, run_command, tmp_path):
    out = tmp_path / "game.gif"
    arguments = (f"--workdir={trained}", f"--out={out}", "--film_games=2")
    assert run_command(catch_film, *arguments) == 0
    with Image.open(out) as picture:
        # Equal pictures that follow each other are joined.
        assert 6 <= picture.n_frames <= 2 * 6
        assert picture.info["loop"] == 0


def test_the_export_plays_as_the_model_does(trained, run_command, tmp_path):
    assert (
        run_command(
            export, f"--workdir={trained}", f"--out={tmp_path}", "--name=player"
        )
        == 0
    )
    served = tf.saved_model.load(tmp_path / "player" / "1").signatures
    assert set(served) == {"initial_state", "step"}
    run = model_source.of_run(trained)
    evaluator = run.task.test(run.model)
    played = evaluator.play()
    environment = Catch(evaluator.rules, Games(*evaluator.games))
    state, time_step = environment.reset()
    memory = served["initial_state"](stream=tf.zeros([30], tf.int32))
    for t in range(environment.steps):
        np.testing.assert_allclose(
            memory["location"], played.locations[:, t], atol=1e-5
        )
        memory = served["step"](frame=time_step.observation, **memory)
        action = memory.pop("action")
        np.testing.assert_allclose(
            tf.reduce_sum(memory.pop("action_probabilities"), -1), 1, rtol=1e-5
        )
        np.testing.assert_array_equal(action, played.actions[:, t])
        state, time_step = environment.step(state, {"action": action})
    np.testing.assert_array_equal(time_step.reward, played.caught)


def test_the_device_file_plays_as_the_model_does(
    trained, run_command, tmp_path
):
    arguments = (f"--workdir={trained}", f"--out={tmp_path}", "--name=player")
    assert run_command(export, *arguments, "--format=tflite") == 0
    files = tmp_path / "player" / "1"
    about = json.loads((files / "player.json").read_text())
    look = Interpreter(str(files / "player.tflite")).get_signature_runner(
        "step"
    )
    run = model_source.of_run(trained)
    evaluator = run.task.test(run.model)
    played = evaluator.play()
    for game in range(3):
        one = Games(*(part[game : game + 1] for part in evaluator.games))
        environment = Catch(evaluator.rules, one)
        state, time_step = environment.reset()
        memory = {k: np.float32(v) for k, v in about["initial_state"].items()}
        for t in range(environment.steps):
            outputs = look(frame=time_step.observation.numpy(), **memory)
            assert outputs["action"][0] == played.actions[game, t]
            memory = {name: outputs[name] for name in memory}
            action = {"action": outputs["action"]}
            state, time_step = environment.step(state, action)
        assert time_step.reward[0] == played.caught[game]


def test_release_writes_a_card(trained, run_command, tmp_path):
    arguments = (f"--workdir={trained}", f"--dir={tmp_path}", "--name=catch")
    assert run_command(release, *arguments) == 0
    record = json.loads((tmp_path / "catch.json").read_text())
    card = (tmp_path / "catch.md").read_text()
    assert card == catch_card("catch", record)
    assert f"| deterministic | {100 * record['catch_rate']:.2f} |" in card
    assert "python -m trainers.catch --flagfile=catch.flags" in card
    assert (tmp_path / "catch.keras").exists()


def test_the_report_has_a_section(trained, run_command, tmp_path):
    record = json.loads((trained / "result.json").read_text())
    folder = tmp_path / "catch"
    folder.mkdir()
    players = folder / "players.json"
    assert not list(reporting.section(folder))
    arguments = (f"--out={players}", "--player_games=100")
    assert run_command(catch_players, *arguments) == 0
    usual, extremes = json.loads(players.read_text())["catch_rate"].values()
    assert usual != extremes  # They play by different rules.
    for seed, rate in enumerate([0.9, 0.94]):
        config = record["config"] | {"seed": seed}
        run = record | {"catch_rate": rate, "config": config}
        (folder / f"seed_{seed}.json").write_text(json.dumps(run))
    text = "\n".join(reporting.section(folder))
    assert "**92.00**" in text
    assert "90.00, 94.00" in text
    assert "full information, angles 45 to 135" in text
    figure = reporting.draw(reporting.load(folder))
    assert len(figure.axes[0].lines) == 4  # Two runs, the paper, public code.
    (folder / "bad.json").write_text("{}")
    with pytest.raises(ValueError, match=r"bad\.json must hold `catch_rate`"):
        reporting.load(folder)


@pytest.mark.parametrize("control", ["--fixations=random", "--full_screen"])
def test_controls(run_command, tmp_path, control):
    short = ("--train_frames=80", "--evaluate_frames=80")
    arguments = (*TINY, *short, control, f"--workdir={tmp_path}")
    assert run_command(catch, *arguments) == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert 0 <= result["catch_rate"] <= 1
    assert "catch_rate_centre_only" not in result


def test_flags_of_others_are_refused(trained, run_command, tmp_path, capsys):
    arguments = (*TINY, "--canvas=60", f"--workdir={tmp_path / 'none'}")
    assert run_command(catch, *arguments) == 1
    assert "Unknown flag --canvas" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
    arguments = (f"--workdir={trained}", "digit.png")
    assert run_command(predict, *arguments) == 1
    assert "one that plays Catch" in capsys.readouterr().err
    assert run_command(mnist, "--place=left", f"--workdir={trained}") == 1
    assert "of another configuration" in capsys.readouterr().err
