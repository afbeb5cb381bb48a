"""Trains RAM to play Catch, and plays fresh games with it at the end.

    python -m trainers.catch --flagfile=catch.flags

The model sees the game through its glimpses only. At each step it chooses one
fixation and one action. The only thing that it is told is whether it caught the
ball. With --fixations=random, --fixations=centre or --full_screen it is trained
as a control. The same command resumes a run. A run leaves these in --workdir:
model.keras (the weights that caught most balls in validation games),
result.json, metrics.jsonl, tensorboard/ and checkpoints/.
"""

from ram_tf_runs import training
from ram_tf_runs.command import run
from ram_tf_runs.settings.kinds.catch import CatchSettings

COMMAND = training.command(CatchSettings, "catch")


if __name__ == "__main__":
    run(COMMAND)
