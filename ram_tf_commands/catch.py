"""Trains RAM to play Catch, and plays fresh games with it at the end.

    python -m trainers.catch --flagfile=catch.flags

The model sees the game through its glimpses only, chooses one fixation and one
action a step, and is told nothing but whether it caught the ball. With
--fixations=random, --fixations=centre or --full_screen it is trained as a
control. A run is resumed by the same command. It leaves in --workdir:
model.keras (the weights that caught most on validation games), result.json,
metrics.jsonl, tensorboard/ and checkpoints/.
"""

from ram_tf_runs import training
from ram_tf_runs.settings.kinds.catch import CatchSettings

COMMAND = training.command(CatchSettings, "catch")
