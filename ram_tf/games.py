"""Registers our environments with Gymnasium as it is imported.

    gymnasium.make("ram_tf.games:ram_tf/Catch-v0")

`import ram_tf` does without Gymnasium, which comes with `ram_tf[games]`.
"""

from ram_tf.episodes.environments import gymnasium_catch

gymnasium_catch.register()
