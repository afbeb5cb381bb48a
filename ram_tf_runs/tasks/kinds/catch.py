"""Plays Catch, and is told nothing but whether it caught the ball."""

import math

from ram_tf.episodes.environments.catch import Catch, Games
from ram_tf.episodes.environments.catch_rules import CatchRules
from ram_tf.evaluation.games import GameEvaluator
from ram_tf.training.compiled_steps import CompiledSteps
from ram_tf_runs.cards.catch_card import catch_card
from ram_tf_runs.records import catch_results
from ram_tf_runs.tasks import acting, parts
from ram_tf_runs.tasks.registry import register
from ram_tf_runs.tasks.task import Task
from ram_tf_runs.tasks.training_games import TrainingGames


@register("catch")
class CatchTask(Task):
    """A look and a move of the paddle a frame."""

    does = "plays Catch"

    @property
    def rules(self) -> CatchRules:
        """The rules that are played by."""
        game = self.settings.game
        return CatchRules(
            height=game.screen,
            width=game.screen,
            paddle_width=game.paddle_width,
            angles=game.angles,
            extremes_only=game.extremes_only,
            speed=game.ball_speed,
        )

    @property
    def frames_per_step(self) -> int:
        """Frames of a training step: steps of all rollouts of all games."""
        settings = self.settings
        rows = settings.training.games * settings.rollouts.rollouts
        return rows * self.rules.steps

    def length(self):
        training = self.settings.training
        steps = math.ceil(training.train_frames / self.frames_per_step)
        evaluations = max(
            1, round(training.train_frames / training.evaluate_frames)
        )
        return steps, min(evaluations, steps)

    @property
    def pretrained(self):
        return self.settings.pretrained

    def make_model(self):
        screen = {"glimpse_size": self.side, "scales": 1}
        return acting.make_model(
            self.settings,
            (self.side, self.side, 1),
            Catch.num_actions,
            glimpses=self.rules.steps,
            **(screen if self.settings.full_screen else {}),
        )

    def make_agent(self, model, steps):
        return acting.make_agent(
            self.settings,
            model,
            steps,
            **self.settings.rollouts.flat(),
            fixations=self.fixations,
        )

    @property
    def fixations(self) -> str:
        """How the model looks in training."""
        if self.settings.full_screen:
            return "centre"
        return self.settings.acting.fixations

    def make_steps(self, agent, state):
        del state
        settings, rules = self.settings, self.rules
        rollouts = settings.rollouts.rollouts
        return CompiledSteps(
            agent,
            TrainingGames(rules, settings.training.games, settings.seed),
            lambda batch: Catch(rules, Games(**batch), rollouts),
            unit="frame",
            units_per_step=self.frames_per_step,
        )

    def validation(self, model):
        games = self.settings.training.validation_games
        return self.evaluator(model, games, draw=1)

    def drawer(self, model):
        # Pictures take an extra, which models that are only used do without.
        from ram_tf.pictures.games import story

        validation = self.validation(model)
        return lambda played: story(validation, played)

    def best(self, state):
        return (
            f"weights of step {int(state.best_step)}, the best on validation "
            f"({float(state.best_error):.2f}% missed); playing fresh games"
        )

    def test(self, model):
        games = self.settings.training.test_games
        return self.evaluator(model, games, draw=0)

    def evaluator(self, model, games: int, draw: int) -> GameEvaluator:
        """What plays so many games; another draw plays others."""
        policy = parts.POLICIES_BY_FIXATIONS[self.fixations]
        return GameEvaluator(model, self.rules, games, draw, policy)

    def measure(self, evaluator):
        return catch_results.measure(evaluator, self.settings)

    table = staticmethod(catch_results.table)

    def finish(self, evaluator, state, units_per_second, workdir):
        return self.measure(evaluator) | {
            "validation_error": float(state.best_error),
            "frames": state.step * self.frames_per_step,
            "frames_per_second": units_per_second,
            "curve": catch_results.read_curve(workdir.metrics),
        }

    @property
    def side(self):
        return self.settings.game.screen

    def card(self, name, record):
        return catch_card(name, record)

    def check_release(self):
        """Every player of Catch can be released."""
