"""Steps on episodes that are played outside TensorFlow, and recorded."""

import tensorflow as tf

from ram_tf.agents.reinforce import ReinforceAgent
from ram_tf.episodes.environments.gymnasium_episodes import GymnasiumEpisodes
from ram_tf.episodes.environments.gymnasium_players import PolicyPlayer
from ram_tf.episodes.environments.video import RecordedEpisode
from ram_tf.training.checkpoint import RunState
from ram_tf.training.step import check_loss
from ram_tf.training.steps import Steps

# The counter that the state of such a run has.
FRAMES = "frames"
# Episodes to train on start from other seeds than those that measure.
_TRAINING_STREAM = 1


class RecordedSteps(Steps):
    """Trains an agent, each step on fresh episodes.

    These are a function of the seed, the number of the step and the weights: an
    environment has no state that would have to be saved.

    Args:
        agent: What is trained, with one rollout of each episode.
        episodes: Of the environment; as many are played for a step.
        state: The state of the run; it counts FRAMES.
        seed: Any integer of 0 or above.
    """

    unit = FRAMES

    def __init__(
        self,
        agent: ReinforceAgent,
        episodes: GymnasiumEpisodes,
        state: RunState,
        seed: int,
    ):
        self.optimizer = agent.optimizer
        self._agent = agent
        self._episodes = episodes
        self._state = state
        self._seed = seed
        self._player = PolicyPlayer(agent.collect_policy)
        self._train = tf.function(
            self._train_on, jit_compile=True, autograph=False
        )

    def make(self, step, count):
        del count  # One.
        played = self._episodes.play(
            self._player, (self._seed, _TRAINING_STREAM, step)
        )
        info = self._train(
            played.observation, played.reward, played.valid, played.action
        )
        loss = float(info.loss)
        check_loss(loss, step + 1)
        self._state.counters[FRAMES].assign_add(int(played.valid.sum()))
        length = float(played.valid.sum(axis=1).mean())
        extra = {name: float(value) for name, value in info.extra.items()}
        return {"loss": loss, "length": length, **extra}

    def counted(self):
        return {FRAMES: self._frames}

    @property
    def units_per_second(self):
        """The rate of the whole run, with playing and evaluating."""
        seconds = float(self._state.seconds)
        return self._frames / seconds if seconds else None

    @property
    def _frames(self) -> int:
        return int(self._state.counters[FRAMES])

    def _train_on(self, observation, reward, valid, action):
        episode = RecordedEpisode(observation, reward, valid)
        return self._agent.train_on_recorded(episode, action)
