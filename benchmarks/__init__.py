"""Speed and memory, as ratios measured in one run."""

import trainers.quiet  # noqa: F401  First.
