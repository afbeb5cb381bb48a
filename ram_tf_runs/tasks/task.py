"""The contract between a kind of run and what commands do with it."""

import abc
import copy
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

import keras
import numpy as np

from ram_tf.training.checkpoint import RunState
from ram_tf.training.loop import Steps, Validation
from ram_tf.training.step import Agent
from ram_tf_data.batches import Case
from ram_tf_data.gate import Gate
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings.run import RunSettings


class Task(abc.ABC):
    """What the settings of one kind of run mean.

    The course of a run and the commands about trained models talk to a task;
    none of them asks what kind it is. What a kind has no part in raises a
    UserError that says so: that is what stands here.

    Args:
        settings: Of the run.
        data_dir: Where its data are, as --data_dir says.

    Attributes:
        does: What its models do, after "one that".
        counters: Names of what a run counts beside its steps.
        standardised: Whether images must have equal brightness and contrast.
    """

    does: ClassVar[str]
    counters: ClassVar[tuple[str, ...]] = ()
    standardised: bool = False

    def __init__(self, settings: RunSettings, data_dir: str | None = None):
        self.settings = settings
        self.data_dir = data_dir

    def changed(self, **settings: Any) -> Self:
        """The same on the same data, with other settings, by name."""
        other = copy.copy(self)
        other.settings = self.settings.replace(**settings)
        return other

    # Training, in this order.

    def prepare(self) -> None:
        """Loads what is learned from; what cannot be run is told of here."""
        self.length()

    def data_record(self) -> dict[str, Any] | None:
        """Which data they are: a resumed run must have the same."""
        return None

    @abc.abstractmethod
    def length(self) -> tuple[int, int]:
        """Steps of a run, and evaluations on the way."""

    @abc.abstractmethod
    def make_model(self) -> keras.Model:
        """A new model, built, its weights drawn from the seed."""

    @property
    def pretrained(self) -> str | None:
        """The model whose weights training starts from, if any."""
        return None

    @abc.abstractmethod
    def make_agent(self, model: keras.Model, steps: int) -> Agent:
        """What trains the model for so many steps."""

    @abc.abstractmethod
    def make_steps(self, agent: Agent, state: RunState) -> Steps:
        """What makes steps of training."""

    @abc.abstractmethod
    def validation(self, model: keras.Model) -> Validation:
        """What measures a model on validation data, to choose the weights."""

    def drawer(self, model: keras.Model) -> Callable[[Any], np.ndarray] | None:
        """What draws a validation's rollouts, [h, w, 3] uint8, if anything."""
        return None

    # The result.

    def best(self, state: RunState) -> str:
        """Which weights were chosen, and what comes next."""
        return (
            f"weights of step {int(state.best_step)}, the best on validation "
            f"({float(state.best_error):.2f}%)"
        )

    @abc.abstractmethod
    def test(self, model: keras.Model) -> Any:
        """What measures a trained model; it is made once, at the end."""

    @abc.abstractmethod
    def measure(self, evaluator: Any) -> dict[str, Any]:
        """What `test` made measures, with settings and circumstances."""

    @staticmethod
    @abc.abstractmethod
    def table(result: dict[str, Any]) -> str:
        """What was measured, as a few lines of text."""

    def finish(
        self,
        evaluator: Any,
        state: RunState,
        units_per_second: float | None,
        workdir: Workdir,
    ) -> dict[str, Any]:
        """What stands in the record of a run; leaves its pictures.

        Args:
            evaluator: Of `test`.
            state: Of the run, at its end.
            units_per_second: Of training.
            workdir: The run's directory.
        """
        del units_per_second, workdir
        best = {"validation_error": float(state.best_error)}
        return self.measure(evaluator) | best

    # Trained models.

    @property
    def side(self) -> int:
        """Pixels along a side of the images that a model is for."""
        raise self._refusal("know the size of the images of")

    def gate(
        self, channels: int, invert: bool = False, find_ink: bool = False
    ) -> Gate:
        """What a file goes through before a model of this run looks at it."""
        raise self._refusal("show pictures to")

    def streamed(
        self, split: str, side: int, clutter: int, cases: int, at_once: int
    ) -> Iterator[Case]:
        """Canvases of a side to measure a model of images of any size on.

        Args:
            split: "validation" or "test".
            side: Of the canvases, in pixels.
            clutter: What lies on each beside what is asked for, how many.
            cases: How many canvases; the last piece is filled up.
            at_once: Canvases in a piece.
        """
        raise self._refusal("measure on canvases of other sizes")

    def say(
        self, outputs: dict[str, np.ndarray], names: list[str] | None
    ) -> tuple[str, float]:
        """What a model says of one image, and its probability.

        Args:
            outputs: The model's, of that image.
            names: Of the source's classes; None if they are numbers.
        """
        raise self._refusal("ask for answers")

    def class_names(self, names: list[str] | None) -> list[str] | None:
        """Of a model's classes, from the source's; None if they are numbers."""
        return names

    def check_export(self) -> None:
        """Raises UserError unless a model of this run can be exported."""
        _ = self.side

    def card(self, name: str, record: dict[str, Any]) -> str:
        """The card of a released model, as Markdown."""
        raise self._refusal("release")

    def check_release(self) -> None:
        """Raises UserError unless a model of this run can be released."""
        raise self._refusal("release")

    def _refusal(self, what: str) -> UserError:
        return UserError(
            f"This command cannot {what} a model of this kind. Received: one "
            f"that {self.does}"
        )
