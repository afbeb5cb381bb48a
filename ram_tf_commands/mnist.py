"""Trains RAM to classify digits, and measures it on the test set.

    python -m trainers.mnist --flagfile=cluttered.flags

With --network=conv, fc_256 or fc_64 it trains a network on whole images, to
compare RAM with. The same command resumes a run. A run leaves these in
--workdir: model.keras (the weights that were best on validation), result.json,
metrics.jsonl, curve.png, tensorboard/ and checkpoints/, and for RAM also
glimpses.png.
"""

from ram_tf_runs import training
from ram_tf_runs.command import run
from ram_tf_runs.settings.kinds.classify import SOURCES, ClassifySettings

COMMAND = training.command(ClassifySettings, "mnist", SOURCES["mnist"])


if __name__ == "__main__":
    run(COMMAND)
