"""Training on episodes that are played outside TensorFlow."""

import time
from collections import Counter

import tensorflow as tf

from ram_tf.agent import ReinforceAgent
from ram_tf.environments.gymnasium_episodes import Episodes, GymnasiumEpisodes
from ram_tf.environments.gymnasium_players import PolicyPlayer
from ram_tf.environments.video import RecordedEpisode
from ram_tf.return_evaluation import ReturnEvaluator
from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf.training.interrupt import Interrupt, Interrupted
from ram_tf.training.progress import progress_bar, say, time_left
from ram_tf.training.step import check_loss
from ram_tf.training.summaries import Summaries

# The counter that the state of such a run has.
FRAMES = "frames"
# Episodes to train on start from other seeds than those that measure.
_TRAINING_STREAM = 1


class PlayLoop:
    """Trains an agent from wherever its state is.

    Each update is on fresh episodes, which are a function of the seed, the
    number of the update and the weights: an environment has no state that
    would have to be saved.

    Args:
        agent: What is trained, with one rollout of each episode.
        episodes: Of the environment; as many are played for an update.
        validation: Chooses the weights to keep: those of the highest mean
            return.
        policy: How they play for that; see ReturnEvaluator.
        state: The state of the run, restored already; it counts FRAMES.
        checkpointer: Saves it.
        summaries: Where it is logged.
        seed: Any integer of 0 or above.
    """

    def __init__(
        self,
        agent: ReinforceAgent,
        episodes: GymnasiumEpisodes,
        validation: ReturnEvaluator,
        policy: str,
        state: RunState,
        checkpointer: Checkpointer,
        summaries: Summaries,
        seed: int,
    ):
        self._agent = agent
        self._episodes = episodes
        self._validation = validation
        self._policy = policy
        self._state = state
        self._checkpointer = checkpointer
        self._summaries = summaries
        self._seed = seed
        self._player = PolicyPlayer(agent.collect_policy)
        self._train = tf.function(
            self._train_on, jit_compile=True, autograph=False
        )

    def run(self, updates: int, evaluations: int) -> None:
        """Trains until so many updates, with so many evaluations on the way.

        Raises:
            Interrupted: After SIGTERM or Ctrl-C, when the state is saved.
            FloatingPointError: On a loss that is not finite.
        """
        state, totals = self._state, Counter()
        bar = progress_bar(state.step, updates)
        with Interrupt() as interrupt, bar:
            while state.step < updates and not interrupt.signal:
                started = time.perf_counter()
                totals.update(self._update() | {"updates": 1})
                state.seconds.assign_add(time.perf_counter() - started)
                bar.update()
                # After evaluation i of n, (i * updates) / n updates are made.
                if state.step * evaluations % updates < evaluations:
                    self._evaluate(totals, updates)
                    totals.clear()
            if interrupt.signal:
                self._checkpointer.save()
                raise Interrupted(interrupt.signal, state.step)

    def _update(self) -> dict[str, float]:
        """One step of training; returns what is to be averaged."""
        step = self._state.step
        played = self._episodes.play(
            self._player, (self._seed, _TRAINING_STREAM, step)
        )
        info = self._train(
            played.observation, played.reward, played.valid, played.action
        )
        loss = float(info.loss)
        check_loss(loss, step + 1)
        self._state.counters[FRAMES].assign_add(int(played.valid.sum()))
        extra = {name: float(value) for name, value in info.extra.items()}
        return {"loss": loss, "length": _mean_length(played), **extra}

    def _train_on(self, observation, reward, valid, action):
        episode = RecordedEpisode(observation, reward, valid)
        return self._agent.train_on_recorded(episode, action)

    def _evaluate(self, totals: Counter, updates: int) -> None:
        state, started = self._state, time.perf_counter()
        returns = self._validation.play(self._policy)
        state.keep_if_best(-returns.mean)
        made = totals.pop("updates")
        row = {name: value / made for name, value in totals.items()} | {
            "validation_return": returns.mean,
            "best_validation_return": -float(state.best_error),
            "learning_rate": float(self._agent.optimizer.learning_rate),
            FRAMES: int(state.counters[FRAMES]),
            "seconds": float(state.seconds),
        }
        self._summaries.scalars(state.step, row)
        state.seconds.assign_add(time.perf_counter() - started)
        self._checkpointer.save()
        say(_line(state.step, updates, row))


def _mean_length(played: Episodes) -> float:
    return float(played.valid.sum(axis=1).mean())


def _line(step: int, updates: int, row: dict[str, float]) -> str:
    return (
        f"step {step}/{updates}  loss {row['loss']:.3f}  "
        f"return {row['return']:.3f}  length {row['length']:.1f}  "
        f"entropy {row['entropy']:.2f}  "
        f"validation return {row['validation_return']:.2f} "
        f"(best {row['best_validation_return']:.2f})  "
        f"{row[FRAMES] / row['seconds']:.0f} frames/s  "
        f"{time_left(row['seconds'], step, updates)}"
    )
