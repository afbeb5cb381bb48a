"""Runs on labelled images, whatever is composed of them."""

import abc
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from ram_tf import (
    Comparator,
    RecurrentAttentionModel,
    ReinforceAgent,
    SupervisedAgent,
)
from ram_tf.comparators import make_comparator
from ram_tf.episodes.environments.environment import Environment
from ram_tf.evaluation.images import ClassifierEvaluator, Evaluator, Rollouts
from ram_tf.training.compiled_steps import CompiledSteps
from ram_tf.training.in_turn import InTurn
from ram_tf_data.batches import TrainingBatches
from ram_tf_data.contents import said_of_equal
from ram_tf_data.gate import Gate
from ram_tf_data.pictures import Pictures
from ram_tf_data.splits import Source
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import image_results, record
from ram_tf_runs.settings.agent import Guidance, Teaching
from ram_tf_runs.tasks import parts
from ram_tf_runs.tasks.task import Task

Model = RecurrentAttentionModel | Comparator
Data = dict[str, np.ndarray]
_PICTURED = 8


class ImageTask(Task):
    """Learns labels of images: RAM does, or a network on whole images.

    Its settings have `network`, `model`, `pretrained`, `rollouts`, `answers`,
    `reinforce`, `optimizer`, `training` (of epochs) and `seed`, as those of
    `ram_tf_runs.settings.kinds.classify` have.

    Attributes:
        strict_splits: Whether images of equal content are refused.
    """

    does = "classifies images"
    strict_splits = False

    @abc.abstractmethod
    def load_source(self) -> Source:
        """The images and labels that there are."""

    @functools.cached_property
    def source(self) -> Source:
        """What `load_source` gives, loaded once."""
        return self.load_source()

    @property
    def data_name(self) -> str:
        """What the data are called while they are loaded."""
        return self.settings.kind

    @property
    def num_classes(self) -> int:
        """How many classes a model tells apart, K."""
        return self.source.num_classes

    @property
    def answers(self) -> int:
        """How many answers a network on whole images gives to an image."""
        return 1

    def model_arguments(self) -> dict[str, Any]:
        """What a RecurrentAttentionModel gets beside the settings of models."""
        return {"glimpses": self.settings.network.glimpses}

    @abc.abstractmethod
    def make_batches(self) -> TrainingBatches:
        """What models are trained on."""

    @functools.cached_property
    def batches(self) -> TrainingBatches:
        """What `make_batches` gives, made once."""
        return self.make_batches()

    def batches_in_turn(self) -> list[TrainingBatches]:
        """All kinds of batches that are trained on, a few steps each."""
        return [self.batches]

    def environment_maker(self, model: Model) -> Callable[..., Environment]:
        """What turns a batch into episodes."""
        settings = self.environment_settings(model)
        return lambda batch: model.environment(
            batch["image"], batch["label"], **settings
        )

    def environment_settings(self, model: Model) -> dict[str, Any]:
        """Arguments of an environment in training."""
        if isinstance(model, Comparator):
            return {}
        rollouts = self.settings.rollouts.rollouts
        return {"rollouts": rollouts, **self.settings.answers.flat()}

    @abc.abstractmethod
    def evaluated(self, split: str) -> Data:
        """What models are measured on: "image" and "label".

        Args:
            split: "validation" or "test".
        """

    def make_evaluator(
        self, model: Model, data: Data, glimpse_cost: float = 0.0
    ) -> ClassifierEvaluator:
        """What measures a model of either kind."""
        looks = not isinstance(model, Comparator)
        kind = Evaluator if looks else ClassifierEvaluator
        return kind(model, data, glimpse_cost)

    # The contract of a task.

    @property
    def pretrained(self):
        settings = self.settings
        return settings.pretrained if settings.network.looks else None

    def prepare(self):
        print(f"loading {self.data_name}", flush=True)
        print(_said(self.source), flush=True)
        self._look_for_equal_images()

    def _look_for_equal_images(self) -> None:
        """Tells of images that are in two splits, or twice in one."""
        equal = said_of_equal(self.source)
        if equal and self.strict_splits:
            raise UserError(
                "--strict_splits: no image may be in two splits, or twice in "
                f"one. Received: {equal}"
            )
        if equal:
            print(f"images of equal content: {equal}", flush=True)

    def data_record(self):
        return self._data_record

    @functools.cached_property
    def _data_record(self) -> dict[str, Any]:
        """Made once: all images may have to be read for it."""
        return record.data(self.source)

    def length(self):
        training = self.settings.training
        steps = self.steps_of(self.batches.size)
        evaluations = max(1, round(training.epochs / training.evaluate_every))
        return steps, min(evaluations, steps)

    def steps_of(self, images: int) -> int:
        """Steps of a run on so many images."""
        training = self.settings.training
        return math.ceil(training.epochs * images / training.batch_size)

    def make_model(self):
        settings = self.settings
        keras.utils.set_random_seed(settings.seed)
        channels = self.source.train.image.shape[-1]
        if not settings.network.looks:
            return make_comparator(
                settings.network.network,
                self.side,
                channels,
                self.num_classes,
                self.answers,
                settings.network.conv_units,
            )
        model = parts.make_ram(
            settings.model,
            num_classes=self.num_classes,
            **self.model_arguments(),
        )
        model.build((None, self.side, self.side, channels))
        return model

    def make_agent(self, model, steps):
        settings = self.settings
        optimizer = parts.optimizer(settings.optimizer, steps)
        if isinstance(model, Comparator):
            return SupervisedAgent(model, optimizer)
        return ReinforceAgent(
            model,
            optimizer,
            **settings.rollouts.flat(),
            **settings.reinforce.flat(),
            # Of plugins' settings, some have none.
            **getattr(settings, "teaching", Teaching()).flat(),
            **getattr(settings, "guidance", Guidance()).flat(),
        )

    def make_steps(self, agent, state):
        del state
        make_environment = self.environment_maker(agent.model)
        turns = self.batches_in_turn()
        programs = {
            batches: CompiledSteps(agent, batches, make_environment)
            for batches in turns
        }
        if len(programs) == 1:
            return programs[turns[0]]
        return InTurn([programs[batches] for batches in turns])

    @functools.cached_property
    def validation_data(self) -> Data:
        """What models are chosen on."""
        return self.evaluated("validation")

    def validation(self, model):
        return self.make_evaluator(model, self.validation_data)

    def drawer(self, model):
        # Pictures take an extra, which models that are only used do without.
        from ram_tf.pictures import paths as viz

        def draw(rollouts: Rollouts) -> np.ndarray:
            return viz.to_image(
                self._draw(model, self.validation_data, rollouts)
            )

        return draw

    @property
    def tested_on(self) -> str:
        """The split that the result is of: without a test set, validation."""
        return "validation" if self.source.test is None else "test"

    @functools.cached_property
    def final_data(self) -> Data:
        """What is read once, at the end."""
        return self.evaluated(self.tested_on)

    def further_data(self) -> Iterator[Data]:
        """Other canvases of the same images, one set after another."""
        yield from ()

    def best(self, state):
        test = self.tested_on == "test"
        following = "reading the test set" if test else "no test set"
        return f"{super().best(state)}; {following}"

    def test(self, model):
        return self.make_evaluator(model, self.final_data)

    def measure(self, evaluator):
        return image_results.measure(
            evaluator, self.settings, self.tested_on, self.further_data()
        )

    table = staticmethod(image_results.table)

    def finish(self, evaluator, state, units_per_second, workdir):
        from ram_tf.pictures import paths as viz
        from ram_tf_runs.records.curve import draw_curves, read_curve

        training = self.settings.training
        measured = self.measure(evaluator) | {
            "data": workdir.load_data(),
            "validation_error": float(state.best_error),
            "images_per_second": units_per_second,
            "curve": read_curve(workdir.metrics, training.epochs, state.step),
        }
        rollouts = evaluator.rollouts()
        if rollouts.locations is not None:
            figure = self._draw(evaluator.model, self.final_data, rollouts)
            viz.save(figure, workdir.picture)
            print(f"glimpse paths: {workdir.picture}")
        if measured["curve"]:
            curves = draw_curves({"this run": [measured["curve"]]})
            viz.save(curves, workdir.curve)
            print(f"learning curve: {workdir.curve}")
        else:
            print(f"no learning curve: {workdir.metrics} has lost its lines")
        return measured

    def gate(self, channels, invert=False, find_ink=False):
        return Gate(self.side, channels, invert, self.standardised, find_ink)

    def say(self, outputs, names):
        last = outputs["probabilities"][-1]
        best = last.argmax()
        return str(best) if names is None else names[best], float(last[best])

    def _draw(self, model, data: Data, rollouts: Rollouts):
        from ram_tf.pictures import glimpses as glimpse_picture

        first = {name: value[:_PICTURED] for name, value in data.items()}
        paths = {
            name: value[:_PICTURED]
            for name, value in rollouts._asdict().items()
            if value is not None
        }
        names = self.class_names(self.source.class_names)
        return glimpse_picture.draw(
            model, np.asarray(first["image"]), paths, first["label"], names
        )


def _said(source: Source) -> str:
    """How many images there are, and what they need of memory."""
    splits = source.splits.items()
    counts = [f"{len(split.label):,} {name}" for name, split in splits]
    size = "x".join(map(str, source.train.image.shape[1:]))
    return (
        f"images of {size}: {', '.join(counts)}; {source.num_classes} classes; "
        f"{_kept(source)}"
    )


def _kept(source: Source) -> str:
    """What images take of memory, or that they are not kept."""
    images = [split.image for split in source.splits.values()]
    if any(isinstance(image, Pictures) for image in images):
        return "read from their files when they are needed"
    return f"{sum(image.nbytes for image in images) / 1e6:,.0f} MB"
