"""Small models and batches whose steps several processes share.

As a program it is one of these processes, as TF_CONFIG says; see test_workers.
"""

import json
import sys
import time

import keras
import numpy as np

from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf.share import Share
from ram_tf.training.compiled_steps import CompiledSteps
from ram_tf.training.optimizers import make_optimizer
from ram_tf.training.team import LostError
from ram_tf.training.workers import Workers
from ram_tf_data.batches import TrainingBatches
from ram_tf_data.canvas import Canvas
from ram_tf_data.splits import Split
from ram_tf_runs import cluster

CANVAS = Canvas(
    14, clutter=2, clutter_size=3, jitter=1, distort=0.2, lighting=0.2
)
BATCH, ROLLOUTS, STEPS = 8, 2, 20
MODEL = {
    "num_classes": 3,
    "glimpses": 3,
    "glimpse_size": 4,
    "scales": 2,
    "core_units": 6,
    "glimpse_units": 5,
    "location_units": 4,
    "units": 7,
    "sensor": "gather",
    "stop": True,
}


def make_batches(canvas=CANVAS, seed=3):
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, [40, 9, 9, 1], np.uint8)
    split = Split(image, rng.integers(0, 3, 40, np.int32))
    return TrainingBatches(split, canvas, BATCH, seed)


def make_model(**changes):
    """Of 14x14 images; half of its rollouts stop before the last look."""
    keras.utils.set_random_seed(7)
    model = RecurrentAttentionModel(**MODEL | changes)
    model.build((None, CANVAS.side, CANVAS.side, 1))
    if model.cell.stop_policy is not None:
        model.cell.stop_policy.dense.bias.assign([-0.5])
    return model


def make_agent(model, **arguments):
    optimizer = make_optimizer("adam", 1e-3, STEPS)
    return ReinforceAgent(model, optimizer, rollouts=ROLLOUTS, **arguments)


def train(team, steps=STEPS, pause_at=None):
    """Losses, step by step, and the weights at the end."""
    model = make_model()
    agent = make_agent(model)
    made = CompiledSteps(
        agent,
        make_batches(),
        lambda batch: model.environment(
            batch["image"], batch["label"], rollouts=ROLLOUTS
        ),
    )
    made.join(team)
    team.hand_on([*model.variables, *agent.optimizer.variables])
    losses = []
    for step in range(steps):
        if step == pause_at and not team.is_chief:
            time.sleep(60)
        losses.append(made.make(step, 1))
    return {
        "losses": losses,
        "weights": [weight.tolist() for weight in model.get_weights()],
    }


def main(timeout, pause_at=None):
    place = cluster.place()
    started = time.monotonic()
    try:
        team = Workers(Share(*place), float(timeout))
        told = team.told([place.index, 7]).tolist()
        result = train(team, pause_at=pause_at and int(pause_at))
        print(json.dumps(result | {"told": told}))
    except LostError as error:
        print(f"after {time.monotonic() - started:.0f} s: {error}")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
