"""Trains RAM to classify your own pictures, and measures it on a test set.

    python -m trainers.classify --flagfile=pictures.flags \\
        --train_dir=FOLDER --test_dir=FOLDER

A folder has a sub-folder for each class, which holds the pictures of that
class. They may have any size, in colour or grey; --grey makes all of them grey.
Pictures larger than --canvas are scaled down to fit, with their aspect kept.
Smaller ones are not scaled up. The rest of the square is black. Files that
cannot be read are named and left out.

Pictures are kept in memory, twice: each takes canvas x canvas bytes for each
colour. Those that would take more than half of the memory are streamed instead:
checked at the start and read from disk whenever they are needed, with the same
batches. --stream asks for that. large_pictures.flags is for photographs of
512x512.

A part of --train_dir, --validation_fraction of each class, is held out and
chooses the weights. --test_dir must have the same classes. Without it, the
result is the error on the held-out part. That flatters the model, since its
weights were chosen there.

The same command resumes a run if the pictures are still the same. A run leaves
the same files as trainers.mnist, and trainers.predict answers with the names of
its classes.
"""

from ram_tf_runs import training
from ram_tf_runs.command import run
from ram_tf_runs.settings.kinds.classify import SOURCES, ClassifySettings

COMMAND = training.command(ClassifySettings, "classify", SOURCES["classify"])


if __name__ == "__main__":
    run(COMMAND)
