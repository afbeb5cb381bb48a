"""Trains RAM to play a Gymnasium environment: images, discrete actions.

    python -m trainers.play --env=ID --workdir=DIR
    python -m trainers.play --flagfile=minatar.flags

The model sees each frame through one glimpse, chooses the next fixation and an
action, and learns from the rewards. Episodes are played side by side, outside
TensorFlow. A run is resumed by the same command. It leaves in --workdir:
model.keras (the weights of the highest mean return on validation episodes),
result.json, metrics.jsonl, tensorboard/ and checkpoints/.
"""

from ram_tf_runs import training
from ram_tf_runs.settings.kinds.play import PlaySettings

COMMAND = training.command(PlaySettings, "play")
