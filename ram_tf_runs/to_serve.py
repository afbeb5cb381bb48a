"""A trained model as the SavedModel that a server runs."""

import os

from ram_tf.served.pictures import Pictures
from ram_tf.served.saved_model import save_saved_model
from ram_tf_runs.model_source import Trained
from ram_tf_runs.settings.options import Served


def saved_model(
    trained: Trained, directory: str | os.PathLike, served: Served
) -> None:
    """Writes it; encoded pictures go through what its run says.

    Args:
        trained: The model, of a run that can be exported.
        directory: Best a new one.
        served: What a server is asked.
    """
    save_saved_model(
        trained.model, directory, served.max_side, pictures(trained, served)
    )


def pictures(trained: Trained, served: Served) -> Pictures | None:
    """None where pictures are not what it looks at: it plays, or at videos."""
    if not trained.model.num_classes:
        return None
    gate = trained.task.gate(trained.model.channels, served.invert)
    if gate.frames:
        return None
    return Pictures(gate.channels, gate.side, gate.invert, gate.standardised)
