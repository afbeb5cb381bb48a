"""Trains RAM to classify your own pictures, and measures it on a test set.

    python -m trainers.classify --flagfile=pictures.flags \\
        --train_dir=FOLDER --test_dir=FOLDER

A folder has a sub-folder for each class, which holds its pictures: in colour,
or made grey with --grey, of any size. Pictures larger than --canvas are scaled
down to fit, with their aspect kept; smaller ones are not scaled up; what is
left of the square is black. All are kept in memory: canvas x canvas bytes a
picture and colour, twice. Files that cannot be read are named and left out.

A part of --train_dir, --validation_fraction of each class, is held out to
choose the weights with. --test_dir must have the same classes. Without it, the
result is the error on the held-out part, which flatters: the weights were
chosen there.

A run is resumed by the same command, if the pictures are the same. It leaves
what trainers.mnist does, and trainers.predict says the names of its classes.
"""

from ram_tf_runs import training
from ram_tf_runs.settings.kinds.classify import SOURCES, ClassifySettings

COMMAND = training.command(ClassifySettings, "classify", SOURCES["classify"])
