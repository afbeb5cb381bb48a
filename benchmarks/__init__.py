"""Speed and memory, as ratios measured in one run."""

import trainers.command  # noqa: F401  First: it quiets TensorFlow.
