"""From settings to models and optimizers: what several tasks have in common."""

import keras

from ram_tf import RecurrentAttentionModel
from ram_tf.training.optimizers import make_optimizer
from ram_tf_runs.settings.agent import Acting
from ram_tf_runs.settings.model import Model
from ram_tf_runs.settings.training import Optimizer

# How a trained model looks, by how it looked in training.
POLICIES_BY_FIXATIONS = {
    "learned": "deterministic",
    "random": "random",
    "centre": "centre",
}


def make_ram(settings: Model, **own) -> RecurrentAttentionModel:
    """A model, not built yet.

    Args:
        settings: Of the model.
        own: Arguments that the task sets itself; they come first.
    """
    arguments = settings.flat()
    arguments["scales"] = arguments["scales"] or None
    return RecurrentAttentionModel(**arguments | own)


def optimizer(settings: Optimizer, steps: int) -> keras.optimizers.Optimizer:
    """An optimizer for so many steps."""
    arguments = settings.flat()
    return make_optimizer(
        arguments.pop("optimizer"),
        arguments.pop("learning_rate"),
        steps,
        **arguments,
    )


def policy(settings: Acting) -> str:
    """How a model that acts looks when it is measured."""
    return POLICIES_BY_FIXATIONS[settings.fixations]
