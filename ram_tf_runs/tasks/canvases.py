"""From settings to canvases."""

import dataclasses
import math

from ram_tf_data.canvas import Canvas
from ram_tf_data.drift import Drift
from ram_tf_runs.settings.data import Scene


def canvas(scene: Scene) -> Canvas:
    """The canvas that digits are put on when a model is measured."""
    drift = Drift(scene.frames, scene.speed) if scene.frames else None
    return Canvas(
        scene.canvas,
        scene.clutter,
        scene.clutter_size,
        scene.place,
        drift=drift,
    )


def training_canvas(scene: Scene, steps: int) -> Canvas:
    """The canvas of a training that makes so many steps."""
    return dataclasses.replace(
        canvas(scene),
        jitter=scene.jitter,
        distort=scene.distort,
        grow=math.ceil(scene.grow * steps),
    )
