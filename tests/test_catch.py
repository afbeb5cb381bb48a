"""Catch: the rules, both environments, the players."""

import gymnasium
import numpy as np
import pytest
import tensorflow as tf
from gymnasium.utils.env_checker import check_env

import ram_tf.games  # noqa: F401  Registers the environment.
from ram_tf.episodes.environments.catch import Catch, Games, draw_games
from ram_tf.episodes.environments.catch_players import PLAYERS, caught
from ram_tf.episodes.environments.catch_rules import PIXEL, CatchRules
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.settings.kinds.catch import CatchSettings
from ram_tf_runs.tasks.kinds.catch import CatchTask

SEED = tf.constant([3, 4])
VARIANTS = [
    {},
    {"extremes_only": True},
    {"angles": (60.0, 100.0), "speed": 0.7},
    {"height": 9, "width": 6, "paddle_width": 3},
]


def _bounce(column, dx, width, steps):
    """Columns of a ball that is moved step by step in float64."""
    x, drawn = float(column), []
    for _ in range(steps + 1):
        drawn.append(int(np.floor(x + 0.5)))
        x += dx
        if x < 0 or x > width - 1:
            x, dx = abs(x) if x < 0 else 2 * (width - 1) - x, -dx
    return drawn


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_ball_bounces(variant):
    rules = CatchRules(**variant)
    games = draw_games(rules, SEED, 2000)
    ways = np.stack(
        [
            rules.ball_column(games.column, games.dx, t)
            for t in range(rules.steps + 1)
        ],
        axis=1,
    )
    starts = zip(games.column.numpy(), games.dx.numpy() / PIXEL, strict=True)
    expected = [_bounce(*start, rules.width, rules.steps) for start in starts]
    np.testing.assert_array_equal(ways, expected)


def test_a_way_by_hand():
    rules = CatchRules(height=6, width=4)
    ways = [rules.ball_column(2, PIXEL * 3 // 4, t) for t in range(6)]
    # At 2, 2.75, 3.5 -> 2.5, 4.25 -> 1.75, 5 -> 1, 5.75 -> 0.25.
    assert ways == [2, 3, 3, 2, 1, 0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_games_are_drawn_as_the_rules_say(variant):
    rules = CatchRules(**variant)
    games = draw_games(rules, SEED, 20_000)
    for value, end in ((games.column, rules.width), (games.paddle, None)):
        counts = np.bincount(value, minlength=end or rules.last_paddle + 1)
        assert len(counts) == (end or rules.last_paddle + 1)
        assert np.ptp(counts) < 0.35 * counts.mean()
    dx = games.dx.numpy() / PIXEL
    low, high = np.radians(rules.angles)
    ends = rules.speed * np.cos([high, low]) / np.cos(np.pi / 4)
    if rules.extremes_only:
        np.testing.assert_array_equal(np.unique(dx), [-1, 1])
        assert abs(dx.mean()) < 0.03
        return
    np.testing.assert_allclose([dx.min(), dx.max()], ends, atol=2e-3)
    angle = np.arccos(dx * np.cos(np.pi / 4) / rules.speed)
    middle, width = (low + high) / 2, high - low
    assert abs(angle.mean() - middle) < 0.01 * width
    assert abs(angle.std() - width / np.sqrt(12)) < 0.01 * width


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "jit"), [(VARIANTS[0], True), *((v, False) for v in VARIANTS)]
)
def test_both_environments_are_equal(variant, jit):
    """Thousands of games from the same starts with the same actions."""
    rules = CatchRules(**variant)
    count = 1500
    games = draw_games(rules, SEED, count)
    actions = np.random.default_rng(0).integers(0, 3, [rules.steps, count])

    def play(games):
        environment = Catch(rules, games)
        state, first = environment.reset()
        steps = [first]
        for action in actions.astype(np.int32):
            state, step = environment.step(state, {"action": action})
            steps.append(step)
        return [tf.stack(field) for field in zip(*steps, strict=True)]

    screens, rewards, ended = tf.function(play, jit_compile=jit)(games)
    screens, rewards, ended = (x.numpy() for x in (screens, rewards, ended))
    env = gymnasium.make(
        "ram_tf/Catch-v0", disable_env_checker=True, **variant
    ).unwrapped
    for i in range(count):
        options = {
            "column": int(games.column[i]),
            "dx": int(games.dx[i]) / PIXEL,
            "paddle": int(games.paddle[i]),
        }
        screen, _ = env.reset(options=options)
        assert np.array_equal(screen, screens[0, i])
        for t in range(rules.steps):
            screen, reward, terminated, truncated, _ = env.step(actions[t, i])
            assert np.array_equal(screen, screens[t + 1, i])
            assert reward == rewards[t + 1, i]
            assert terminated == ended[t + 1, i]
            assert not truncated
    assert 0 < rewards[-1].mean() < 1
    assert not rewards[:-1].any()


@pytest.mark.parametrize("angles", [(45.0, 135.0), (60.0, 100.0)])
def test_gymnasium_draws_games_as_the_rules_say(angles):
    rules = {"angles": angles, "speed": 0.5, "width": 3, "height": 4}
    env = gymnasium.make("ram_tf/Catch-v0", extremes_only=True, **rules)
    games = [env.reset(seed=seed)[1] for seed in range(40)]
    ends = 0.5 * np.cos(np.radians(angles)) / np.cos(np.pi / 4)
    found = np.unique([game["dx"] for game in games])
    np.testing.assert_allclose(found, np.sort(ends), atol=1e-6)
    assert {game["column"] for game in games} == {0, 1, 2}
    assert {game["paddle"] for game in games} == {0, 1}


def test_a_game_by_hand():
    env = gymnasium.make(
        "ram_tf/Catch-v0", render_mode="ansi", height=3, width=4
    )
    env.reset(options={"column": 3, "dx": -0.5, "paddle": 1})
    assert env.render() == "...#\n....\n.##."
    # At 2.5 the ball is drawn on the right.
    _, reward, ended, _, _ = env.step(2)
    assert (env.render(), reward, ended) == ("....\n...#\n..##", 0.0, False)
    _, reward, ended, _, _ = env.step(2)
    assert (env.render(), reward, ended) == ("....\n....\n..##", 1.0, True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gymnasium_finds_nothing_wrong(variant):
    env = gymnasium.make("ram_tf/Catch-v0", render_mode="rgb_array", **variant)
    check_env(env.unwrapped)
    env.reset(seed=0)
    assert env.render().shape == (*env.observation_space.shape[:2], 3)


def test_rollouts_play_the_same_game():
    rules = CatchRules()
    environment = Catch(rules, draw_games(rules, SEED, 3), rollouts=2)
    assert (environment.rows, environment.steps) == (6, 23)
    _, first = environment.reset()
    np.testing.assert_array_equal(
        first.observation[::2], first.observation[1::2]
    )


def test_players():
    rules = CatchRules()
    environment = Catch(rules, draw_games(rules, SEED, 5000))
    rates = {
        name: float(tf.reduce_mean(caught(environment, player, SEED)))
        for name, player in PLAYERS.items()
    }
    assert rates["full_information"] == 1
    assert 0.06 < rates["random"] < 0.11
    assert 0.72 < rates["chase"] < 0.77


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 1}, "`width` must lie between 2 and 1024.*width=1"),
        ({"height": 2.0}, "`height` must be a positive integer.*2.0"),
        ({"paddle_width": 25}, "at most the width, 24.*paddle_width=25"),
        ({"angles": (135, 45)}, "`angles` must be two numbers"),
        ({"angles": (30, 150)}, "at most a pixel a step.*1.22474 pixels"),
        ({"speed": 0}, "`speed` must be a positive.*speed=0"),
    ],
)
def test_bad_rules(arguments, message):
    with pytest.raises(ValueError, match=message):
        CatchRules(**arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column": 24}, "`column` must be whole and between 0 and 23.*24"),
        ({"paddle": 0.5}, "`paddle` must be whole.*0.5"),
        ({"dx": 1.5}, "`dx` must be between -1 and 1.*1.5"),
        ({"row": 1}, "may have.*'row'"),
    ],
)
def test_bad_options(options, message):
    env = gymnasium.make("ram_tf/Catch-v0")
    with pytest.raises(ValueError, match=message):
        env.reset(options=options)


def test_bad_actions_and_games():
    env = gymnasium.make("ram_tf/Catch-v0", disable_env_checker=True).unwrapped
    env.reset(seed=1)
    with pytest.raises(ValueError, match=r"one of 0 to 2.*3"):
        env.step(3)
    games = Games(tf.zeros([2]), tf.zeros([3]), tf.zeros([2]))
    with pytest.raises(ValueError, match="`dx` must have shape"):
        Catch(CatchRules(), games)


def test_rules_are_those_of_the_settings():
    words = ["--screen=9", "--paddle_width=3", "--angles=60,100"]
    words += ["--extremes_only", "--ball_speed=0.7"]
    rules = CatchTask(parse(CatchSettings, words)).rules
    assert rules == CatchRules(9, 9, 3, (60.0, 100.0), True, 0.7)
