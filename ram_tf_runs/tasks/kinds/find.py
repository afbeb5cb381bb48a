"""Finds the sign in a photograph, and says which it is."""

import dataclasses
import functools
import math

from ram_tf import Comparator
from ram_tf_data import photographs, sources
from ram_tf_data.batches import check_size
from ram_tf_data.hidden_batches import (
    HiddenBatches,
    hidden_set,
    streamed_signs,
)
from ram_tf_data.hidden_signs import HiddenSign
from ram_tf_runs.cards.find_card import find_card
from ram_tf_runs.errors import UserError
from ram_tf_runs.tasks.images import ImageTask
from ram_tf_runs.tasks.registry import register

# Draws of what models are measured on.
_DRAWS = {"validation": 1, "test": 0}


@register("find")
class FindTask(ImageTask):
    """One sign a photograph."""

    does = "finds signs in photographs"

    @property
    def data_name(self):
        return self.settings.source

    @property
    def strict_splits(self):
        return self.settings.splits.strict_splits

    @property
    def side(self):
        return self.settings.hidden.canvas

    @property
    def hidden(self) -> HiddenSign:
        """What a model is measured on."""
        return HiddenSign(self.side, self.settings.hidden.distractors)

    def load_source(self):
        return sources.load(self.settings.source, self.data_dir)

    @functools.cached_property
    def files(self):
        """The photographs of each split."""
        return photographs.divide(self.settings.hidden.backgrounds)

    def photographs(self, split: str, side: int | None = None):
        """Those of a split, for crops of a side, by default the canvas's."""
        return photographs.load(self.files[split], side or self.side)

    def prepare(self):
        counts = {name: len(files) for name, files in self.files.items()}
        super().prepare()
        said = ", ".join(f"{count} {name}" for name, count in counts.items())
        print(f"photographs: {said}", flush=True)
        signs = len(self.source.validation.label)
        cases = min(self.settings.evaluation_cases, signs)
        check_size((self.side, self.side, 3), cases)

    def data_record(self):
        names = {
            split: [file.name for file in files]
            for split, files in self.files.items()
        }
        return super().data_record() | {
            "photographs": {split: len(n) for split, n in names.items()},
            "photographs_sha256": photographs.digest(self.files),
            "photographs_names": names,
        }

    def make_batches(self):
        settings = self.settings
        train = self.source.train
        steps = self.steps_of(len(train.label))
        grow = math.ceil(settings.hidden.grow * steps)
        return HiddenBatches(
            train,
            dataclasses.replace(self.hidden, grow=grow),
            self.photographs("train"),
            settings.training.batch_size,
            settings.seed,
        )

    def environment_maker(self, model):
        settings = self.environment_settings(model)
        guided = self.settings.guidance.guidance_weight
        if not guided or isinstance(model, Comparator):
            return super().environment_maker(model)
        return lambda batch: model.environment(
            batch["image"], batch["label"], target=batch["target"], **settings
        )

    def evaluated(self, split):
        return hidden_set(
            self.source.splits[split],
            self.hidden,
            self.photographs(split),
            _DRAWS[split],
            self.settings.evaluation_cases,
        )

    def streamed(self, split, side, clutter, cases, at_once):
        return streamed_signs(
            self.source.splits[split],
            HiddenSign(side, clutter),
            self.photographs(split, side),
            cases,
            at_once,
            _DRAWS[split],
        )

    def gate(self, channels, invert=False, find_ink=False):
        if find_ink:
            raise UserError(
                "--find_ink is for digits. Received: a model that finds signs"
            )
        gate = super().gate(channels, invert)
        if not self.settings.any_size:
            return gate
        return dataclasses.replace(gate, side=None)

    def card(self, name, record):
        return find_card(name, record)

    def check_release(self):
        """Every model that looks can be released."""
