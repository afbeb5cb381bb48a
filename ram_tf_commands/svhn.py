"""Trains RAM to classify the cropped digits of SVHN, as trainers.mnist does.

    python -m trainers.svhn --flagfile=svhn.flags
    python -m trainers.svhn --flagfile=svhn_small.flags --data_dir=FOLDER

The first command takes TFDS's svhn_cropped: pictures of 32x32 in colour, with
the labelled digit in the middle and often its neighbours beside it. On a larger
--canvas the picture stands at a random place. The second command is a small
check on 1,083 of these pictures, in one file in FOLDER. They are far too few to
show what the model can reach.
"""

from ram_tf_runs import training
from ram_tf_runs.command import run
from ram_tf_runs.settings.kinds.classify import SOURCES, ClassifySettings

COMMAND = training.command(ClassifySettings, "svhn", SOURCES["svhn"])


if __name__ == "__main__":
    run(COMMAND)
