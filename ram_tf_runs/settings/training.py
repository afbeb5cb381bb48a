"""Steps, optimizer and evaluations."""

import dataclasses

from ram_tf_runs.settings.fields import Settings, setting

PRETRAINED = (
    "Model whose weights training starts from: the name of a released one, or "
    "a file such as runs/large/model.keras."
)
SEED = {"words": "Seed of all random numbers.", "least": 0, "most": 2**31 - 1}


@dataclasses.dataclass(frozen=True)
class Optimizer(Settings):
    """Arguments of `ram_tf.training.optimizers.make_optimizer`."""

    optimizer: str = setting("adam", "The optimizer.", choices=("adam", "sgd"))
    momentum: float = setting(0.9, "Momentum of sgd.", least=0.0, most=1.0)
    learning_rate: float = setting(
        1e-3, "Learning rate at the start.", least=1e-9
    )
    schedule: str = setting(
        "cosine",
        "How the learning rate falls to zero.",
        choices=("cosine", "linear", "constant"),
    )
    clip_norm: float = setting(
        5.0,
        "Largest norm of the gradient; larger ones are scaled down. 0 "
        "sets no limit.",
        least=0.0,
    )
    ema: float = setting(
        0.0,
        "Decay of an exponential moving average of the weights. The "
        "average is then what is validated and kept. 0 keeps the "
        "weights as they are.",
        least=0.0,
        most=0.999999,
    )


@dataclasses.dataclass(frozen=True)
class Epochs(Settings):
    """How long a model is trained on a set of images."""

    batch_size: int = setting(32, "Images in a batch.", least=1)
    epochs: float = setting(
        30.0,
        "How many times each training image is used.",
        least=1e-9,
        most=1e6,
    )
    evaluate_every: float = setting(
        1.0, "Epochs between evaluations, each with a checkpoint.", least=1e-9
    )
