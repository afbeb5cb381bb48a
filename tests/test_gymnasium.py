"""Any Gymnasium environment: its interface, its episodes, what they pay."""

import functools

import gymnasium
import keras
import numpy as np
import pytest
from gymnasium import spaces

from ram_tf import ReinforceAgent
from ram_tf.episodes.environments.catch import Catch, Games
from ram_tf.episodes.environments.catch_rules import PIXEL, CatchRules
from ram_tf.episodes.environments.gymnasium_episodes import GymnasiumEpisodes
from ram_tf.episodes.environments.gymnasium_frames import find_interface
from ram_tf.episodes.environments.gymnasium_players import (
    PolicyPlayer,
    random_player,
)
from ram_tf.episodes.environments.video import RecordedEpisode
from ram_tf.episodes.policies import Policy
from ram_tf.episodes.unroll import unroll
from ram_tf.evaluation.returns import ReturnEvaluator, Returns

CATCH = "ram_tf/Catch-v0"
BYTES = spaces.Box(0, 255, (2, 3, 1), np.uint8)
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


class Countdown(gymnasium.Env):
    """Shows its step and its last action; it pays each step its number.

    It lasts 1 to 6 steps, drawn at a reset, whose number it adds to rewards:
    it does not forget everything then.
    """

    def __init__(self, seen=BYTES, done=None, truncates=False):
        self.observation_space = seen
        self.action_space = done or spaces.Discrete(2, start=5)
        self._resets, self._truncates = 0, truncates

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._resets += 1
        self._left, self._t = int(self.np_random.integers(1, 7)), 0
        return self._frame(0), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self._left, self._t = self._left - 1, self._t + 1
        reward = 100 * (self._resets - 1) + self._t
        over, cut = self._left == 0, self._truncates
        return self._frame(action), reward, over and not cut, over and cut, {}

    def _frame(self, action):
        return np.full([2, 3, 1], [10 * self._t + int(action)], np.uint8)


@pytest.fixture
def register():
    """Registers a Countdown of other spaces; returns its id."""
    before = set(gymnasium.registry)

    def make(**kwargs):
        gymnasium.register(
            "test/Countdown-v0", functools.partial(Countdown, **kwargs)
        )
        return "test/Countdown-v0"

    yield make
    for name in set(gymnasium.registry) - before:
        del gymnasium.registry[name]


def _sevens(frames, memory, seed, t):
    """Remembers how often it was asked, and does the second action."""
    memory = (memory or 0) + 1
    assert memory == t + 1
    return {"action": np.ones(len(frames), np.int32)}, memory


@pytest.mark.parametrize("truncates", [False, True])
def test_episodes_are_what_happened(register, truncates):
    env_id = register(truncates=truncates)
    episodes = GymnasiumEpisodes(env_id, rows=40, steps=20)
    assert (episodes.frame_shape, episodes.num_actions) == ((2, 3, 1), 2)
    played = episodes.play(_sevens, (1, 2))
    length = played.valid.sum(axis=1).astype(int)
    assert set(length) == set(range(1, 7))
    assert played.ended.all()
    # Eight steps are enough for six.
    assert played.observation.shape == (40, 8, 2, 3, 1)
    step = np.arange(8)
    running = step < length[:, None]
    np.testing.assert_array_equal(played.valid, running)
    np.testing.assert_array_equal(played.reward, running * (step + 1))
    shown = np.where(step == 0, 0, 10 * step + 6)
    seen = played.observation[..., 1, 2, 0][running]
    np.testing.assert_array_equal(seen, np.tile(shown, (40, 1))[running])


def test_long_episodes_are_cut(register):
    played = GymnasiumEpisodes(register(), 40, 3).play(_sevens, (1, 2))
    assert played.valid.shape == (40, 3)
    assert 0 < played.ended.sum() < 40
    # Those of exactly three steps have ended, and are full.
    assert (played.valid[~played.ended] == 1).all()
    assert (played.valid[played.ended].sum(axis=1) == 3).any()


def test_the_same_seed_plays_the_same(register):
    episodes = GymnasiumEpisodes(register(), 5, 6)
    one = episodes.play(random_player(2), (1, 2))
    again = episodes.play(random_player(2), (1, 2))
    other = episodes.play(random_player(2), (1, 3))
    keras.tree.map_structure(np.testing.assert_array_equal, one, again)
    assert one.valid.tolist() != other.valid.tolist()


def test_actions_at_random_are_uniform():
    play = random_player(3)
    drawn = [play(np.zeros(900), None, [1, 2], t)[0]["action"] for t in (0, 1)]
    assert (drawn[0] != drawn[1]).any()
    assert (np.abs(np.bincount(drawn[0]) - 300) < 60).all()


def _box(low, high, dtype, shape=(2, 3, 1)):
    return spaces.Box(low, high, shape, dtype)


@pytest.mark.parametrize(
    ("space", "shape", "shown", "frames"),
    [
        (BYTES, (2, 3, 1), 7, np.uint8(7)),
        (_box(0, 255, np.uint8, (2, 3)), (2, 3, 1), 7, np.uint8(7)),
        (_box(0, 1, np.bool_, (4, 2, 5)), (4, 2, 5), True, np.float32(1)),
        (_box(0, 4, np.uint8), (2, 3, 1), 3, np.float32(0.75)),
        (_box(-1, 1, np.float64), (2, 3, 1), 0.5, np.float32(0.75)),
        (
            spaces.Dict({"image": BYTES, "other": spaces.Discrete(2)}),
            (2, 3, 1),
            7,
            np.uint8(7),
        ),
    ],
)
def test_frames(register, space, shape, shown, frames):
    interface = find_interface(register(seen=space))
    assert interface.frame_shape == shape
    named = isinstance(space, spaces.Dict)
    box = space["image"] if named else space
    observed = np.full([2, *box.shape], shown, box.dtype)
    read = interface.read_frames({"image": observed} if named else observed)
    assert read.dtype == frames.dtype
    np.testing.assert_array_equal(read, np.full([2, *shape], frames))


@pytest.mark.parametrize(
    "space",
    [
        _box(0, 255, np.uint8, (6,)),
        _box(0, 255, np.uint8, (2, 2, 3, 1)),
        _box(0, 255, np.uint8, (0, 3, 1)),
        _box(-np.inf, 1, np.float32),
        _box(-3.4e38, 3.4e38, np.float32),
        _box(1, 1, np.float32),
        spaces.Discrete(4),
        spaces.Dict({"screen": BYTES}),
    ],
)
def test_what_is_no_image_is_refused(register, space):
    message = r"must be images \[H, W\].*finite.*test/Countdown-v0 with "
    with pytest.raises(ValueError, match=message):
        find_interface(register(seen=space))


def test_channels_of_frames_must_be_last(register):
    stack = _box(0, 255, np.uint8, (4, 84, 84))
    with pytest.raises(ValueError, match=r"Countdown-v0: .*channels last"):
        find_interface(register(seen=stack))


def test_a_stack_of_frames_is_an_image_of_as_many_channels(register):
    last = _box(0, 255, np.uint8, (84, 84, 4))
    assert find_interface(register(seen=last)).frame_shape == (84, 84, 4)


class Careless(Countdown):
    """Does not keep what it declares, or pays what is no number."""

    def __init__(self, shows, pays):
        super().__init__(_box(0, 1, np.float32))
        self._shows, self._pays = shows, pays

    def step(self, action):
        frame, _, *others = super().step(action)
        return (frame, self._pays, *others)

    def _frame(self, action):
        return np.full([2, 3, 1], self._shows, np.float32)


@pytest.mark.parametrize(
    ("shows", "pays", "words"),
    [
        (200.0, 1.0, "test/Careless-v0 shows.*0 to 1.*from 200 to 200"),
        (-0.5, 1.0, "from -0.5 to -0.5"),
        (np.nan, 1.0, "from nan to nan"),
        (
            0.5,
            np.nan,
            "Rewards of test/Careless-v0 must be finite.*nan.*step 0",
        ),
        # Models are trained on float32, in which this is infinite.
        (0.5, 1e39, "Rewards of test/Careless-v0 must be finite.*1e.39"),
        (0.5, -np.inf, "Rewards of test/Careless-v0.*-inf"),
    ],
)
def test_environments_that_are_not_what_they_declare(
    register, shows, pays, words
):
    register()  # It also clears up.
    make = functools.partial(Careless, shows, pays)
    gymnasium.register("test/Careless-v0", make)
    episodes = GymnasiumEpisodes("test/Careless-v0", 2, 8)
    with pytest.raises(ValueError, match=words):
        episodes.play(_sevens, [1])


class Shows(Countdown):
    """Whatever it is told to, of which its space may know nothing."""

    def __init__(self, space, shown):
        super().__init__(space)
        self._shown = shown

    def _frame(self, action):
        return self._shown


def _played(space, shown):
    gymnasium.register(
        "test/Shows-v0", functools.partial(Shows, space, np.array(shown))
    )
    return GymnasiumEpisodes("test/Shows-v0", 2, 8).play(_sevens, [1])


@pytest.mark.parametrize(
    ("dtype", "shown", "words"),
    [
        (np.uint8, np.uint16(300), "uint8 .2, 3, 1.*uint16.*from 300 to 300"),
        (np.uint8, np.int64(-5), "int64.*from -5 to -5"),
        (np.uint8, np.float32(0.5), "float32.*from 0.5 to 0.5"),
        (np.uint8, np.nan, "float64.*from nan to nan"),
        (np.int8, np.int16(258), "int8.*int16.*from 258"),
        (np.bool_, np.uint8(2), "bool.*uint8.*from 2"),
        (np.uint8, "a", "Received: <U1"),
    ],
)
def test_numbers_that_would_be_others_in_the_declared_type(
    register, dtype, shown, words
):
    """Arrays of many would take 300 for 44."""
    register()  # It also clears up.
    top = {np.int8: 3, np.bool_: 1}.get(dtype, 255)
    with pytest.raises(ValueError, match=f"test/Shows-v0 shows must.*{words}"):
        _played(_box(0, top, dtype), np.full([2, 3, 1], shown))


def test_other_shapes_than_declared(register):
    register()
    words = r"declares, uint8 \[2, 3, 1\].*uint8 \[1, 3, 1\], from 0 to 0"
    with pytest.raises(ValueError, match=words):
        _played(BYTES, np.zeros([1, 3, 1], np.uint8))


def test_the_same_numbers_in_another_type(register):
    register()
    played = _played(BYTES, np.full([2, 3, 1], 7, np.int64))
    assert played.observation.dtype == np.uint8
    assert (played.observation[:, 0] == 7).all()


def test_each_number_has_bounds_of_its_own(register):
    register()
    low = np.zeros([2, 3, 2], np.float32)
    high = low + np.float32([1, 9])
    space = spaces.Box(low, high, dtype=np.float32)
    with pytest.raises(ValueError, match=r"declares, 0 to 1\..*from 5 to 5"):
        _played(space, np.full([2, 3, 2], 5, np.float32))


def test_what_a_new_start_pays_is_not_counted(register):
    """Those that have ended are played on, unheeded."""
    env_id = register()
    episodes = GymnasiumEpisodes(env_id, rows=6, steps=6)
    step = Countdown.step

    def infinite(self, action):
        seen, reward, *others = step(self, action)
        return (seen, np.inf if reward >= 100 else reward, *others)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Countdown, "step", infinite)
        played = episodes.play(_sevens, (1, 2))
    assert np.isfinite(played.reward).all()
    assert not played.reward[played.valid == 0].any()


@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("CartPole-v1", r"must be images.*CartPole-v1 with Box"),
        ("Pendulum-v1", "actions must be discrete.*Pendulum-v1 with Box"),
        ("NoSuchGame-v0", r"gymnasium\.make.*NoSuchGame-v0"),
        ("no_such_package:Game-v0", "MODULE:ID.*no_such_package"),
        ("no such id", "gymnasium.make.*no such id"),
    ],
)
def test_bad_environments(env_id, message):
    with pytest.raises(ValueError, match=message):
        find_interface(env_id)


@pytest.mark.parametrize("name", ["rows", "steps"])
def test_bad_counts(name):
    with pytest.raises(ValueError, match=f"`{name}` must be a positive"):
        GymnasiumEpisodes(CATCH, **{"rows": 2, "steps": 2, name: 0})


def _games(rows, seed):
    """How Catch starts in a run of GymnasiumEpisodes, as its screens show."""
    words = np.random.SeedSequence(seed).generate_state(rows + 2)[:-2]
    env = gymnasium.make(CATCH)
    infos = [env.reset(seed=int(word))[1] for word in words]
    return Games(
        np.int32([info["column"] for info in infos]),
        np.int32([round(info["dx"] * PIXEL) for info in infos]),
        np.int32([info["paddle"] for info in infos]),
    )


def _agent(model, **settings):
    return ReinforceAgent(model, keras.optimizers.SGD(0.1), **settings)


def test_a_policy_plays_catch_as_in_tensorflow(make_player):
    model = make_player()
    player = PolicyPlayer(lambda seed, shape: Policy(model.cell))
    played = GymnasiumEpisodes(CATCH, rows=6, steps=23).play(player, (4, 5))
    environment = Catch(CatchRules(), _games(6, (4, 5)))
    expected = unroll(Policy(model.cell), environment)
    assert len(np.unique(played.action["action"])) > 1
    for name, action in played.action.items():
        np.testing.assert_allclose(action, expected.action[name], atol=1e-5)
    np.testing.assert_array_equal(played.reward, expected.reward)
    np.testing.assert_array_equal(played.valid, expected.valid)
    state, time_step = environment.reset()
    for t in range(23):
        seen = played.observation[:, t]
        np.testing.assert_array_equal(seen, time_step.observation)
        action = {"action": played.action["action"][:, t]}
        state, time_step = environment.step(state, action)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["learned", "centre", "random"])
def test_sampled_episodes_train_as_catch_does(make_player, first):
    agents = [_agent(make_player(first_fixation=first)) for _ in range(2)]
    player = PolicyPlayer(agents[0].collect_policy)
    played = GymnasiumEpisodes(CATCH, rows=6, steps=23).play(player, (4, 5))
    location = played.action["location"]
    assert len(np.unique(location)) == location.size or first == "centre"
    assert (location[:, 0] == 0).all() == (first == "centre")
    episode = RecordedEpisode(played.observation, played.reward, played.valid)
    info = agents[0].train_on_recorded(episode, played.action)
    live = Catch(CatchRules(), _games(6, (4, 5)))
    expected = agents[1].train_on_recorded(live, played.action)
    keras.tree.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, **CLOSE), info, expected
    )
    weights = [agent.model.get_weights() for agent in agents]
    for mine, its in zip(*weights, strict=True):
        np.testing.assert_allclose(mine, its, **CLOSE)


@pytest.mark.slow
def test_what_follows_an_end_trains_nothing(make_player, register):
    episodes = GymnasiumEpisodes(register(), rows=8, steps=6)
    models = [make_player(num_actions=2, glimpse_size=2) for _ in range(2)]
    for model, spoiled in zip(models, (False, True), strict=True):
        agent = _agent(model, entropy_weight=0.1)
        player = PolicyPlayer(agent.collect_policy)
        played = episodes.play(player, (1, 2))
        seen, over = played.observation.copy(), played.valid == 0
        assert over.any()
        if spoiled:
            seen[over] = 99
            played.action["location"][over] = 0.7
        episode = RecordedEpisode(seen, played.reward, played.valid)
        info = agent.train_on_recorded(episode, played.action)
        lengths = played.valid.sum(axis=1)
        # Steps are paid their numbers: 1 + 2 + ... to the end.
        total = (lengths * (lengths + 1) / 2).mean()
        np.testing.assert_allclose(info.extra["return"], total, rtol=1e-6)
    for one, other in zip(*(m.get_weights() for m in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


def test_returns_by_hand():
    returns = Returns(np.array([1.0, 2, 3, 6]), np.ones(4), np.ones(4, bool))
    assert returns.mean == 3
    # Squares 4 + 1 + 0 + 9 over 3, over 4.
    assert returns.standard_error == pytest.approx(np.sqrt(14 / 3 / 4))


@pytest.mark.slow
def test_an_evaluator_plays_so_many(make_player, register):
    model = make_player(num_actions=2, glimpse_size=2)
    episodes = GymnasiumEpisodes(register(), rows=4, steps=5)
    evaluator = ReturnEvaluator(model, episodes, count=10)
    for policy in ("deterministic", "stochastic", "random", "centre"):
        returns = evaluator.play(policy)
        assert returns.value.shape == (10,)
        np.testing.assert_array_equal(
            returns.value, returns.length * (returns.length + 1) / 2
        )
    # The world does not care what is done, and all play the same episodes.
    chance = evaluator.play_at_random()
    keras.tree.map_structure(np.testing.assert_array_equal, chance, returns)
    assert not chance.ended.all()
    other = ReturnEvaluator(model, episodes, count=10, draw=1)
    assert (other.play_at_random().length != chance.length).any()


def test_bad_evaluations(make_player, register):
    episodes = GymnasiumEpisodes(register(), rows=4, steps=5)
    with pytest.raises(ValueError, match=r"has 2 actions\. Received: 3"):
        ReturnEvaluator(make_player(), episodes, count=10)
    with pytest.raises(ValueError, match=r"at least 2.*count=1"):
        ReturnEvaluator(make_player(num_actions=2), episodes, count=1)


def test_minatar_is_found_and_played():
    pytest.importorskip("minatar")
    episodes = GymnasiumEpisodes("MinAtar/Breakout-v1", rows=8, steps=30)
    assert (episodes.frame_shape, episodes.num_actions) == ((10, 10, 4), 3)
    one, again = (episodes.play(random_player(3), (1, 2)) for _ in range(2))
    keras.tree.map_structure(np.testing.assert_array_equal, one, again)
    # Thirty bricks, one paddle cell, one ball.
    first = one.observation[:, 0]
    assert set(np.unique(first)) == {0, 1}
    np.testing.assert_array_equal(
        first.sum(axis=(1, 2)), np.tile([1, 1, 1, 30], (8, 1))
    )
    assert one.ended.any()
