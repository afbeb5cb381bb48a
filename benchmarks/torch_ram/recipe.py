"""What is learned, and how: the numbers that both implementations share.

`benchmarks.reaching.pytorch` writes them, from the settings of a flagfile.
"""

import dataclasses
import json
import math
import pathlib


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Settings of `trainers.mnist`, by their names there."""

    canvas: int = 60
    clutter: int = 4
    clutter_size: int = 8
    distort: float = 0.0
    grow: float = 0.0
    glimpses: int = 8
    glimpse_size: int = 12
    scales: int = 3
    core_units: int = 256
    glimpse_units: int = 128
    location_units: int = 128
    units: int = 256
    location_std: float = 0.1
    location_range: float = 1.0
    rollouts: int = 1
    baseline: str = "learned"
    policy_weight: float = 0.14
    baseline_weight: float = 1.0
    reward: str = "log_likelihood"
    intermediate_weight: float = 0.0
    learning_rate: float = 1e-3
    clip_norm: float = 5.0
    ema: float = 0.0
    batch_size: int = 32
    epochs: float = 30.0
    evaluate_every: float = 1.0
    evaluation_cases: int = 0
    num_classes: int = 10

    def steps(self, images: int) -> int:
        """Steps of a run on so many images."""
        return math.ceil(self.epochs * images / self.batch_size)

    def goals(self, images: int) -> list[int]:
        """The steps after which the model is evaluated."""
        steps = self.steps(images)
        count = max(1, round(self.epochs / self.evaluate_every))
        count = min(count, steps)
        return [round(steps * (i + 1) / count) for i in range(count)]


def read(path: str) -> Recipe:
    """The recipe in a JSON file."""
    return Recipe(**json.loads(pathlib.Path(path).read_text("utf-8")))
