"""Plays any environment of Gymnasium that shows images."""

import functools

from ram_tf.episodes.environments.gymnasium_episodes import GymnasiumEpisodes
from ram_tf.evaluation.returns import ReturnEvaluator
from ram_tf.training.recorded_steps import FRAMES, RecordedSteps
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import play_results
from ram_tf_runs.tasks import acting, parts
from ram_tf_runs.tasks.registry import register
from ram_tf_runs.tasks.task import Task


@register("play")
class PlayTask(Task):
    """A look and an action a frame; learns from the rewards."""

    counters = (FRAMES,)

    @property
    def does(self):
        return f"plays {self.settings.world.env}"

    @functools.cached_property
    def episodes(self) -> GymnasiumEpisodes:
        """What is played, for training and to measure."""
        world = self.settings.world
        return GymnasiumEpisodes(
            world.env, self.settings.training.episodes, world.steps
        )

    def prepare(self):
        # An environment that cannot be played is told of at once.
        _ = self.episodes

    def length(self):
        training = self.settings.training
        evaluations = max(
            1, round(training.updates / training.evaluate_updates)
        )
        return training.updates, min(evaluations, training.updates)

    def make_model(self):
        episodes = self.episodes
        return acting.make_model(
            self.settings,
            episodes.frame_shape,
            episodes.num_actions,
            glimpses=1,  # A frame.
        )

    def make_agent(self, model, steps):
        return acting.make_agent(self.settings, model, steps)

    def make_steps(self, agent, state):
        return RecordedSteps(agent, self.episodes, state, self.settings.seed)

    def validation(self, model):
        return self._evaluator(
            model, self.settings.training.validation_episodes, draw=1
        )

    def best(self, state):
        return (
            f"weights of step {int(state.best_step)}, the best on validation "
            f"(mean return {-float(state.best_error):.3f}); playing fresh "
            "episodes"
        )

    def test(self, model):
        return self._evaluator(
            model, self.settings.training.test_episodes, draw=0
        )

    def _evaluator(self, model, count: int, draw: int) -> ReturnEvaluator:
        policy = parts.policy(self.settings.acting)
        return ReturnEvaluator(model, self.episodes, count, draw, policy)

    def measure(self, evaluator):
        return play_results.measure(evaluator, self.settings)

    table = staticmethod(play_results.table)

    def finish(self, evaluator, state, units_per_second, workdir):
        del units_per_second
        frames = int(state.counters[FRAMES])
        return self.measure(evaluator) | {
            "validation_return": -float(state.best_error),
            "frames": frames,
            "frames_per_second": frames / float(state.seconds),
            "curve": play_results.read_curve(workdir.metrics),
        }

    def check_export(self):
        raise self._refusal("export")

    def check_release(self):
        raise UserError(
            "Released models classify, or play Catch. "
            f"Received: a run with --env={self.settings.world.env}"
        )
