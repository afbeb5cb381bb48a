"""Flags of steps, optimizer and evaluations."""

from absl import flags

from ram_tf.training.optimizers import OPTIMIZERS, SCHEDULES

flags.DEFINE_enum("optimizer", "adam", OPTIMIZERS, "The optimizer.")
flags.DEFINE_float(
    "momentum", 0.9, "Momentum of sgd.", lower_bound=0.0, upper_bound=1.0
)
flags.DEFINE_float(
    "learning_rate", 1e-3, "Learning rate at the start.", lower_bound=1e-9
)
flags.DEFINE_enum(
    "schedule", "cosine", SCHEDULES, "How the learning rate falls to zero."
)
flags.DEFINE_float(
    "clip_norm",
    5.0,
    "Largest norm of the gradient; 0: no limit.",
    lower_bound=0.0,
)
flags.DEFINE_integer("batch_size", 32, "Images in a batch.", lower_bound=1)
flags.DEFINE_float(
    "epochs",
    30.0,
    "Times that each training image is used.",
    lower_bound=1e-9,
    upper_bound=1e6,
)
flags.DEFINE_float(
    "evaluate_every",
    1.0,
    "Epochs between evaluations, each with a checkpoint.",
    lower_bound=1e-9,
)
flags.DEFINE_integer(
    "evaluation_cases",
    0,
    "Canvases that are measured on, the first so many of the validation set "
    "and of the test set; 0: all. Large canvases take time and memory.",
    lower_bound=0,
)
flags.DEFINE_integer(
    "seed", 0, "Seed of everything.", lower_bound=0, upper_bound=2**31 - 1
)
