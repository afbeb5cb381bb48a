"""Flags of models that act, whatever they play: Catch or an environment.

They are those of `configs.config` that mean the same here, and some more.
"""

from absl import flags

from ram_tf.agent import FIXATIONS
from trainers.configs import config, model_flags
from trainers.configs.config import Config

# Flags of classifiers that mean the same here.
_SHARED = (
    *model_flags.SHAPE,
    "policy_weight",
    "baseline_weight",
    "reinforce_into_core",
    "optimizer",
    "momentum",
    "learning_rate",
    "schedule",
    "clip_norm",
    "seed",
)
for _name in _SHARED:
    flags.declare_key_flag(_name)
# Agent.
flags.DEFINE_enum(
    "fixations",
    "learned",
    FIXATIONS,
    "How the model looks: as it learns to, or as a control.",
)
flags.DEFINE_float(
    "entropy_weight",
    0.01,
    "Weight of the entropy of the actions.",
    lower_bound=0.0,
)
flags.DEFINE_float(
    "location_weight",
    1.0,
    "Weight of REINFORCE of locations beside that of actions.",
    lower_bound=0.0,
)
flags.DEFINE_float(
    "trace_decay",
    1.0,
    "1 credits the whole return to every step; less trusts the learned "
    "baseline of later steps (GAE's lambda).",
    lower_bound=0.0,
    upper_bound=1.0,
)
flags.DEFINE_bool(
    "baseline_into_core",
    False,
    "Whether the baseline's error trains the core too.",
)


def from_flags(module: str) -> Config:
    """The configuration that the command line asks for.

    Args:
        module: Whose key flags make it.

    Raises:
        ValueError: On flags of classifiers, which have no part in it.
    """
    mine = vars(config.from_flags(module))
    others = [f"--{name}" for name in config.given() if name not in mine]
    if others:
        raise ValueError(
            "A model that plays has no such flags. "
            f"Received: {' '.join(others)}"
        )
    return Config(**mine)
