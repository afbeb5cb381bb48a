"""Trains RAM to classify traffic signs in colour, as trainers.mnist does.

    python -m trainers.signs --flagfile=signs.flags --data_dir=FOLDER

FOLDER has gtsrb_32x32.npz, or the German Traffic Sign Recognition Benchmark as
it is published: Final_Training/Images, Final_Test/Images and GT-final_test.csv.
Pictures are scaled to 32x32; a tenth of each class's tracks, of about 30
pictures of one sign, validates.
"""

from ram_tf_runs import training
from ram_tf_runs.settings.kinds.classify import SOURCES, ClassifySettings

COMMAND = training.command(ClassifySettings, "signs", SOURCES["signs"])
