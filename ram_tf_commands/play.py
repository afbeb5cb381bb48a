"""Trains RAM to play a Gymnasium environment of images by discrete actions.

    python -m trainers.play --env=ID --workdir=DIR
    python -m trainers.play --flagfile=minatar.flags

The model sees each frame through one glimpse, chooses the next fixation and an
action, and learns from the rewards. Episodes are played side by side, outside
TensorFlow. The same command resumes a run. A run leaves these in --workdir:
model.keras (the weights with the highest mean return on validation episodes),
result.json, metrics.jsonl, tensorboard/ and checkpoints/.
"""

from ram_tf_runs import training
from ram_tf_runs.command import run
from ram_tf_runs.settings.kinds.play import PlaySettings

COMMAND = training.command(PlaySettings, "play")


if __name__ == "__main__":
    run(COMMAND)
