"""Whether exported models answer as the Keras model does, on the test set.

    python -m benchmarks.agreement --pretrained=cluttered

The SavedModel and both .tflite files, on all test cases; each case that float32
answers differently is traced to the window that read other pixels.
"""

import tempfile
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from benchmarks.timing import show, write
from ram_tf.evaluation.images import Evaluator, Rollouts
from ram_tf.export.agreement import disagreements
from ram_tf.export.tflite import save_tflite
from ram_tf.served.saved_model import save_saved_model
from ram_tf_commands.device import DeviceModel
from ram_tf_runs import model_source
from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.options import ModelOptions
from ram_tf_runs.tasks.kinds.classify import ClassifyTask

_BATCH = 500
_NEXT = 1e-4  # Pixels from a boundary at which rounding decides.


def main(options: ModelOptions) -> None:
    trained = model_source.load(options)
    task, model = trained.task, trained.model
    if not isinstance(task, ClassifyTask):
        raise UserError(
            "The model must be one that classifies images. Received: one that "
            f"{task.does}"
        )
    data = task.evaluated("test")
    evaluator = Evaluator(model, data)
    expected = evaluator.rollouts()
    rows = [_row("keras", evaluator, expected)]
    for name, outputs in _exported(model, task.side, data["image"]):
        rollouts = _joined(outputs)
        found = disagreements(
            expected,
            rollouts,
            data["image"],
            model.cell.sensor,
            model.cell.location_unit,
        )
        rows.append(_row(name, evaluator, rollouts, found))
        for one in found if "int8" not in name else []:
            print(name, one)
    show(f"{evaluator.count} test cases", rows)
    write({"agreement": rows, "config": task.settings.record()}, repetitions=1)


def _exported(
    model: keras.Model, side: int, images: np.ndarray
) -> Iterator[tuple[str, list[dict[str, np.ndarray]]]]:
    """Each format with its outputs, batch by batch."""
    with tempfile.TemporaryDirectory() as directory:
        save_saved_model(model, directory)
        loaded = tf.saved_model.load(directory)
        serve = loaded.signatures["serving_default"]
        batches = np.split(images, range(_BATCH, len(images), _BATCH))
        outputs = [serve(image=tf.constant(batch)) for batch in batches]
        yield "saved_model", outputs
    with tempfile.TemporaryDirectory() as directory:
        for path in save_tflite(model, side, directory, "tflite"):
            device = DeviceModel(path)
            yield path.stem, [device(image) for image in images]


def _joined(outputs: list[dict[str, np.ndarray]]) -> Rollouts:
    return Rollouts(
        *(
            np.concatenate([output[name] for output in outputs])
            for name in ("probabilities_by_glimpse", "locations")
        )
    )


def _row(name, evaluator, rollouts, found=()) -> dict:
    next_to = [f for f in found if f.margin is not None and f.margin < _NEXT]
    return {
        "model": name,
        "error": evaluator.error(rollouts.probabilities)[-1],
        "other_class": len(found),
        "of_them_next_to_a_boundary": len(next_to),
    }


if __name__ == "__main__":
    run(Command(main, (ModelOptions,), others=model_source.OTHER_FLAGS))
