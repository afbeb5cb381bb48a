"""A kind of run of one's own: which of three shapes a picture shows.

The example of a task that BUILD.md points to. It draws its pictures itself.

    RAM_TF_PLUGINS=shapes python -m trainers shapes --workdir=runs/shapes
"""

import dataclasses
from typing import ClassVar

import numpy as np

from ram_tf_data.batches import TrainingBatches, evaluation_set
from ram_tf_data.canvas import Canvas
from ram_tf_data.splits import Source, Split
from ram_tf_runs.settings.agent import Answers, Reinforce, Rollouts
from ram_tf_runs.settings.fields import group, setting
from ram_tf_runs.settings.model import Model, Network
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.settings.training import SEED, Epochs, Optimizer
from ram_tf_runs.tasks.images import ImageTask
from ram_tf_runs.tasks.registry import register

_NAMES = ("square", "cross", "bar")
_SIDE = 9  # Of a shape's image.


@dataclasses.dataclass(frozen=True)
class ShapesSettings(RunSettings):
    """A square, a cross or a bar somewhere on a canvas."""

    kind: ClassVar[str] = "shapes"

    side: int = setting(20, "Side of a picture in pixels.", least=_SIDE)
    drawn: int = setting(60, "Training pictures of each shape.", least=1)
    network: Network = group(Network)
    model: Model = group(Model)
    pretrained: str | None = setting(None, "Model to start from.")
    rollouts: Rollouts = group(Rollouts)
    answers: Answers = group(Answers)
    reinforce: Reinforce = group(Reinforce)
    optimizer: Optimizer = group(Optimizer)
    training: Epochs = group(Epochs)
    seed: int = setting(0, **SEED)


@register("shapes")
class ShapesTask(ImageTask):
    """One shape a picture, its brightness drawn at random."""

    does = "knows shapes"

    @property
    def side(self):
        return self.settings.side

    def load_source(self):
        drawn = self.settings.drawn
        splits = (_draw(drawn, 1), _draw(20, 2), _draw(20, 3))
        return Source(*splits, num_classes=3, repeats=1, class_names=_NAMES)

    def make_batches(self):
        size, seed = self.settings.training.batch_size, self.settings.seed
        return TrainingBatches(self.source.train, Canvas(self.side), size, seed)

    def evaluated(self, split):
        draw = {"validation": 1, "test": 0}[split]
        images = self.source.splits[split]
        return evaluation_set(images, Canvas(self.side), draw=draw)


def _draw(each: int, seed: int) -> Split:
    """So many pictures of each shape."""
    shapes = np.zeros([3, _SIDE, _SIDE, 1])
    shapes[0, 1:8, 1:8] = 1
    shapes[0, 3:6, 3:6] = 0
    shapes[1, 4] = shapes[1, :, 4] = 1
    shapes[2, :, 3:6] = 1
    label = np.tile(np.arange(3, dtype=np.int32), each)
    bright = np.random.default_rng(seed).integers(100, 256, len(label))
    image = shapes[label] * bright[:, None, None, None]
    return Split(image.astype(np.uint8), label)
