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


def training_canvases(scene: Scene, steps: int) -> list[Canvas]:
    """The canvases, in turn, of a training that makes so many steps."""
    return [
        dataclasses.replace(
            canvas(scene),
            side=side,
            clutter=clutter,
            jitter=scene.jitter,
            distort=scene.distort,
            lighting=scene.lighting,
            grow=math.ceil(scene.grow * steps),
        )
        for side, clutter in scene.trained
    ]
