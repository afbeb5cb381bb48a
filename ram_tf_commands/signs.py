"""Trains RAM to classify traffic signs in colour, as trainers.mnist does.

    python -m trainers.signs --flagfile=signs.flags --data_dir=FOLDER

FOLDER has gtsrb_32x32.npz, or the German Traffic Sign Recognition Benchmark as
it is published: Final_Training/Images, Final_Test/Images and GT-final_test.csv.
Pictures are scaled to 32x32. A track is about 30 pictures of one sign; a tenth
of the tracks of each class is held out for validation.
"""

from ram_tf_runs import training
from ram_tf_runs.command import run
from ram_tf_runs.settings.kinds.classify import SOURCES, ClassifySettings

COMMAND = training.command(ClassifySettings, "signs", SOURCES["signs"])


if __name__ == "__main__":
    run(COMMAND)
