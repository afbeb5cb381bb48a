"""Whether the .tflite files answer as the Keras model does, on the test set.

    python -m benchmarks.agreement --pretrained=cluttered

Both files, float32 and int8, on all test cases; each case that float32 answers
differently is traced to the window that read other pixels.
"""

import pathlib
import tempfile

import numpy as np
from absl import flags

from trainers.command import run
from benchmarks.timing import show, write
from data.sources import load
from ram_tf.evaluation import Evaluator, Rollouts
from ram_tf.export.agreement import disagreements
from ram_tf.export.tflite import save_tflite
from trainers import model_source
from trainers.device import DeviceModel
from trainers.setup import test_data

flags.adopt_module_key_flags(model_source)
_NEXT = 1e-4  # Pixels from a boundary at which rounding decides.


def main() -> None:
    config, model, _ = model_source.load()
    data = test_data(config, load(config.source, flags.FLAGS.data_dir))
    evaluator = Evaluator(model, data)
    expected = evaluator.rollouts()
    rows = [_row("keras", evaluator, expected)]
    with tempfile.TemporaryDirectory() as directory:
        for path in save_tflite(model, config.canvas, directory, "model"):
            rollouts = _play(path, data["image"])
            found = disagreements(
                expected,
                rollouts,
                data["image"],
                model.cell.sensor,
                model.cell.location_unit,
            )
            rows.append(_row(path.stem, evaluator, rollouts, found))
            for one in found if path.stem == "model" else []:
                print(one)
    show(f"{evaluator.count} test cases", rows)
    write({"agreement": rows, "config": vars(config)}, repetitions=1)


def _play(path: pathlib.Path, images: np.ndarray) -> Rollouts:
    model = DeviceModel(path)
    outputs = [model(image) for image in images]
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
    run(main)
