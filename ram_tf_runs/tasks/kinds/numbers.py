"""Reads whole numbers, digit by digit."""

import functools

from ram_tf import Comparator
from ram_tf.episodes.environments.symbol_sequence import SymbolSequence
from ram_tf.evaluation import sequences
from ram_tf_data import house_numbers, sources
from ram_tf_data.batches import TrainingBatches, evaluation_set
from ram_tf_data.canvas import Canvas
from ram_tf_data.contrast import standardise_source
from ram_tf_data.number_batches import NumberBatches, number_set
from ram_tf_data.numbers import Numbers
from ram_tf_runs.errors import UserError
from ram_tf_runs.tasks.images import ImageTask
from ram_tf_runs.tasks.registry import register

# Draws of what models are measured on.
_DRAWS = {"validation": 1, "test": 0}


@register("numbers")
class NumbersTask(ImageTask):
    """A sequence of digits an image, and the end; the last class is the end."""

    does = "reads numbers"

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
    def side(self):
        return self.settings.numbers.canvas

    @property
    def num_classes(self):
        return super().num_classes + 1

    @property
    def answers(self):
        return self.settings.symbols

    def load_source(self):
        settings, numbers = self.settings, self.settings.numbers
        if numbers.svhn_dir is None:
            source = sources.load(settings.source, self.data_dir)
        else:
            source = house_numbers.load(
                numbers.svhn_dir, numbers.canvas, numbers.max_digits
            )
        return standardise_source(source) if settings.standardise else source

    @functools.cached_property
    def composed(self) -> Numbers | None:
        """What is made of digits; None where images are house numbers."""
        numbers = self.settings.numbers
        if numbers.svhn_dir is not None:
            return None
        return Numbers(numbers.canvas, numbers.max_digits)

    def make_batches(self):
        size, seed = self.settings.training.batch_size, self.settings.seed
        train = self.source.train
        if self.composed is None:
            return TrainingBatches(train, Canvas(self.side), size, seed)
        return NumberBatches(train, self.composed, size, seed)

    def evaluated(self, split):
        images, repeats = self.source.splits[split], self.source.repeats
        if self.composed is None:
            canvas = Canvas(self.side)
            return evaluation_set(images, canvas, repeats, _DRAWS[split])
        return number_set(images, self.composed, repeats, _DRAWS[split])

    def environment_maker(self, model):
        if isinstance(model, Comparator):
            return super().environment_maker(model)
        settings = self.environment_settings(model)
        glimpses = self.settings.network.glimpses // self.settings.symbols
        return lambda batch: SymbolSequence(
            batch["image"],
            batch["label"],
            glimpses=glimpses,
            end=model.num_classes - 1,
            **settings,
        )

    def class_names(self, names):
        del names
        return [*"0123456789", "end"]

    def gate(self, channels, invert=False, find_ink=False):
        if find_ink:
            digits = self.settings.numbers.max_digits
            raise UserError(
                "--find_ink is for single digits. "
                f"Received: a model of numbers (--max_digits={digits})"
            )
        return super().gate(channels, invert)

    def say(self, outputs, names):
        """All digits, and the probability that they and the end are right."""
        del names
        probabilities, places = outputs["probabilities"], self.settings.symbols
        end = probabilities.shape[-1] - 1
        digits = sequences.read(probabilities.argmax(-1)[None], places)
        certain = sequences.read(probabilities.max(-1)[None], places)
        length = sequences.lengths(digits, end)[0]
        said = "".join(map(str, digits[0, :length]))
        return said, float(certain[0, : length + 1].prod())

    def check_export(self):
        digits = self.settings.numbers.max_digits
        raise UserError(
            "Models of numbers cannot be exported: `classify` has one answer. "
            f"Received: one of --max_digits={digits}"
        )

    def check_release(self):
        digits = self.settings.numbers.max_digits
        raise UserError(
            "A released model answers with one class. "
            f"Received: a run with --max_digits={digits}"
        )
