"""Flags of what is rewarded, and how the model learns from it."""

from absl import flags

from ram_tf.agent import BASELINES
from ram_tf.environments.still_image import REWARDS

flags.DEFINE_integer("rollouts", 4, "Episodes an image.", lower_bound=1)
flags.DEFINE_enum(
    "reward",
    "log_likelihood",
    REWARDS,
    "What the last answer earns: 1 or 0, or the log-likelihood of the class.",
)
flags.DEFINE_enum(
    "baseline",
    "leave_one_out",
    BASELINES,
    "Subtracted from the return: learned, or the image's other rollouts.",
)
flags.DEFINE_float(
    "policy_weight", 0.14, "Weight of REINFORCE.", lower_bound=0.0
)
flags.DEFINE_float(
    "baseline_weight", 1.0, "Weight of the baseline's error.", lower_bound=0.0
)
flags.DEFINE_bool(
    "reinforce_into_core", True, "Whether REINFORCE trains the core too."
)
flags.DEFINE_float(
    "intermediate_weight",
    0.0,
    "Weight of the answer after each glimpse but the last (which has 1), in "
    "the cross-entropy and, without --stop, the reward.",
    lower_bound=0.0,
)
flags.DEFINE_float(
    "glimpse_cost",
    0.0,
    "With --stop: taken off the reward for every glimpse, in its units.",
    lower_bound=0.0,
)
flags.DEFINE_bool(
    "train_only_stop",
    False,
    "With --stop and --pretrained: whether all but the decision to stop stays "
    "as it was. Nothing is sampled then, and --rollouts and the flags of "
    "REINFORCE are ignored.",
)
