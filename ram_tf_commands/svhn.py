"""Trains RAM to classify the cropped digits of SVHN, as trainers.mnist does.

    python -m trainers.svhn --flagfile=svhn.flags
    python -m trainers.svhn --flagfile=svhn_small.flags --data_dir=FOLDER

The first takes TFDS's svhn_cropped: colour, 32x32, the labelled digit in the
middle, often with its neighbours beside it. On a larger --canvas it stands at a
random place. The second is a small check on 1,083 of these, in one file in
FOLDER: far too few to say what the model can reach.
"""

from ram_tf_runs import training
from ram_tf_runs.settings.kinds.classify import SOURCES, ClassifySettings

COMMAND = training.command(ClassifySettings, "svhn", SOURCES["svhn"])
