"""Speed and memory, as ratios measured in one run."""

import ram_tf_runs.quiet  # noqa: F401  First.
