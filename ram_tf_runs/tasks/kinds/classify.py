"""Classifies still images, or videos: digits, house numbers, own pictures."""

import dataclasses

from ram_tf import Comparator, StopAgent
from ram_tf_data import folder, sources
from ram_tf_data.batches import check_size, evaluation_set, streamed
from ram_tf_data.canvas import Canvas
from ram_tf_data.contrast import standardise_source
from ram_tf_data.facts import FACTS
from ram_tf_data.pictures import Pictures
from ram_tf_data.streamed_batches import streamed_set, training_batches
from ram_tf_runs.cards import model_card
from ram_tf_runs.errors import UserError
from ram_tf_runs.tasks import canvases, parts
from ram_tf_runs.tasks.images import ImageTask
from ram_tf_runs.tasks.registry import register

# Draws of the canvases that models are measured on; further ones begin at
# _FURTHER.
_DRAWS = {"validation": 1, "test": 0}
_FURTHER = {"validation": 1001, "test": 1000}


@register("classify")
class ClassifyTask(ImageTask):
    """One label an image."""

    @property
    def data_name(self):
        return self.settings.source

    @property
    def strict_splits(self):
        return self.settings.splits.strict_splits

    @property
    def standardised(self):
        return self.settings.standardise

    @property
    def canvas(self) -> Canvas:
        """What a model is measured on."""
        return canvases.canvas(self.settings.scene)

    @property
    def side(self):
        return self.settings.scene.canvas

    def load_source(self):
        settings = self.settings
        if settings.source == "folder":
            return folder.load(
                settings.folders.train_dir,
                settings.folders.test_dir,
                side=settings.scene.canvas,
                channels=1 if settings.grey else 3,
                validation_fraction=settings.folders.validation_fraction,
                standardised=settings.standardise,
                stream=settings.streams,
            )
        source = sources.load(settings.source, self.data_dir)
        return standardise_source(source) if settings.standardise else source

    def make_batches(self):
        return self.batches_in_turn()[0]

    def batches_in_turn(self):
        settings, train = self.settings, self.source.train
        steps = self.steps_of(len(train.label))
        size, seed = settings.training.batch_size, settings.seed
        turns = canvases.training_canvases(settings.scene, steps)
        made = {
            canvas: training_batches(train, canvas, size, seed)
            for canvas in turns
        }
        return [made[canvas] for canvas in turns]

    def prepare(self):
        super().prepare()
        self._check_measured()
        draws, repeats = self.settings.test_draws, self.source.repeats
        if draws > 1 and repeats > 1:
            raise UserError(
                "--test_draws is for sources whose test images are measured on "
                f"one canvas each. Received: --test_draws={draws} with "
                f"--source={self.settings.source}, which has {repeats}"
            )

    def _check_measured(self) -> None:
        """Raises UserError if what the end is measured on is too large."""
        source, most = self.source, self.settings.evaluation_cases
        for split in source.splits.values():
            if isinstance(split.image, Pictures):  # Read piece by piece.
                continue
            cases = len(split.label) * source.repeats
            shape = self.canvas.shape(split.image)
            check_size(shape, min(most or cases, cases))

    def evaluated(self, split):
        return self._evaluated(split, _DRAWS[split])

    def further_data(self):
        split = self.tested_on
        for draw in range(1, self.settings.test_draws):
            # Every other number, so that the splits share none.
            yield self._evaluated(split, _FURTHER[split] + 2 * draw)

    def streamed(self, split, side, clutter, cases, at_once):
        clutter_size = self.settings.scene.clutter_size
        return streamed(
            self.source.splits[split],
            Canvas(side, clutter, clutter_size),
            cases,
            at_once,
            _DRAWS[split],
        )

    def _evaluated(self, split: str, draw: int):
        images, cases = (
            self.source.splits[split],
            self.settings.evaluation_cases,
        )
        if isinstance(images.image, Pictures):
            return streamed_set(images, self.canvas, cases)
        repeats = self.source.repeats
        return evaluation_set(images, self.canvas, repeats, draw, cases=cases)

    def model_arguments(self):
        frames = self.settings.scene.frames
        looks = frames or self.settings.network.glimpses
        return {"glimpses": looks, "stop": self.settings.stop}

    def make_agent(self, model, steps):
        if self.settings.train_only_stop and not isinstance(model, Comparator):
            optimizer = parts.optimizer(self.settings.optimizer, steps)
            return StopAgent(model, optimizer)
        return super().make_agent(model, steps)

    def environment_settings(self, model):
        arguments = super().environment_settings(model)
        if isinstance(model, Comparator):
            return arguments
        if self.settings.train_only_stop:
            # They would all be the same where only the stop is trained.
            arguments["rollouts"] = 1
        return arguments | {"glimpse_cost": self.settings.glimpse_cost}

    def validation(self, model):
        cost = self.settings.glimpse_cost
        return self.make_evaluator(model, self.validation_data, cost)

    def gate(self, channels, invert=False, find_ink=False):
        gate = super().gate(channels, invert, find_ink)
        # A digit that was found is put on a canvas, whatever the model takes.
        as_it_is = self.settings.any_size and not find_ink
        return dataclasses.replace(
            gate,
            side=None if as_it_is else self.side,
            frames=self.settings.scene.frames or None,
        )

    def check_release(self):
        settings = self.settings
        if frames := settings.scene.frames:
            raise UserError(
                "Released models know still images: their card speaks of "
                f"these. Received: a run with --frames={frames}"
            )
        if settings.source not in FACTS:
            raise UserError(
                "A released model's card tells of its source, which must be "
                f"one of {', '.join(FACTS)}. "
                f"Received: a run with --source={settings.source}"
            )

    def card(self, name, record):
        return model_card.model_card(name, record)
