"""What tasks in which a model acts have in common."""

import keras

from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf_runs.tasks import parts


def make_agent(
    settings, model: RecurrentAttentionModel, steps: int, **own
) -> ReinforceAgent:
    """An agent for a model that acts.

    Args:
        settings: Of the run; it has `optimizer`, `reinforce` and `acting`.
        model: What it trains.
        steps: For how many.
        own: Arguments that the task sets itself; they come first.
    """
    arguments = settings.reinforce.flat() | settings.acting.flat() | own
    optimizer = parts.optimizer(settings.optimizer, steps)
    return ReinforceAgent(model, optimizer, **arguments)


def make_model(
    settings, frame_shape: tuple[int, int, int], num_actions: int, **own
) -> RecurrentAttentionModel:
    """A new model that acts, built, its weights drawn from the seed.

    Args:
        settings: Of the run; it has `model` and `seed`.
        frame_shape: (H, W, C).
        num_actions: A.
        own: Arguments that the task sets itself; they come first.
    """
    keras.utils.set_random_seed(settings.seed)
    arguments = {"num_classes": None, "num_actions": num_actions} | own
    model = parts.make_ram(settings.model, **arguments)
    model.build((None, *frame_shape))
    return model
