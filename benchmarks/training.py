"""Training speed, against what the machine can do and what others reach.

    python -m benchmarks.training --out=benchmarks/results/training.json

Run it with nothing else running.
"""

import tensorflow as tf
from absl import flags

from benchmarks.timing import REPETITIONS, interleave, show, write
from benchmarks.workload import Workload
from ram_tf_runs.command import run

_BATCH_SIZE = flags.DEFINE_multi_integer(
    "batch_size", [20, 128, 512], "Batch sizes to measure.", lower_bound=1
)
_ROLLOUTS = flags.DEFINE_integer(
    "rollouts", 4, "Rollouts that are compared with one.", lower_bound=2
)
_SIDE = 2048  # Of the square matrices whose product is the machine's limit.
_SHARED_BATCH = 32


def main() -> None:
    rows = [_against_matmul(size) for size in _BATCH_SIZE.value]
    show("training, inputs ready", rows)
    sizes = sorted(_BATCH_SIZE.value)
    middle = sizes[len(sizes) // 2]
    data = _cost_of_data(middle)
    show(f"fresh cluttered canvases, batch {middle}", [data])
    plain = _against_plain(middle)
    show(
        f"against extract_glimpse in a plain tf.function, batch {middle}",
        [plain],
    )
    rollouts = _cost_of_rollouts()
    show("rollouts share their images", [rollouts])
    write(
        {
            "training": rows,
            "data": data,
            "plain": plain,
            "rollouts": rollouts,
        },
        REPETITIONS.value,
    )


def _against_matmul(batch_size: int) -> dict:
    workload = Workload(batch_size)
    seconds = interleave(
        {"training": workload.training(fresh=False), "matmul": _matmul()},
        REPETITIONS.value,
    )
    model = workload.flop / seconds["training"] / 1e9
    matmul = 2 * _SIDE**3 / seconds["matmul"] / 1e9
    return {
        "batch_size": batch_size,
        "images_per_second": workload.images / seconds["training"],
        "model_gflops": model,
        "matmul_gflops": matmul,
        "ratio": model / matmul,
    }


def _cost_of_data(batch_size: int) -> dict:
    workload = Workload(batch_size)
    seconds = interleave(
        {
            "fresh": workload.training(fresh=True),
            "fixed": workload.training(fresh=False),
        },
        REPETITIONS.value,
    )
    return {
        "fresh_images_per_second": workload.images / seconds["fresh"],
        "fixed_images_per_second": workload.images / seconds["fixed"],
        "cost": 1 - seconds["fixed"] / seconds["fresh"],
    }


def _against_plain(batch_size: int) -> dict:
    workload = Workload(batch_size)
    # Grappler's remapper breaks this graph, and then nothing is optimised.
    tf.config.optimizer.set_experimental_options({"remapping": False})
    op = Workload(batch_size, sensor="extract_glimpse")
    seconds = interleave(
        {
            "ours": workload.training(fresh=False),
            "plain": op.training(fresh=False, compiled=False),
        },
        REPETITIONS.value,
    )
    return {
        "images_per_second": workload.images / seconds["ours"],
        "plain_images_per_second": workload.images / seconds["plain"],
        "ratio": seconds["plain"] / seconds["ours"],
    }


def _cost_of_rollouts() -> dict:
    one = Workload(_SHARED_BATCH)
    many = Workload(_SHARED_BATCH, _ROLLOUTS.value)
    seconds = interleave(
        {"one": one.training(fresh=True), "many": many.training(fresh=True)},
        REPETITIONS.value,
    )
    return {
        "images": _SHARED_BATCH,
        "rollouts": _ROLLOUTS.value,
        "ratio": seconds["many"] / seconds["one"],
    }


def _matmul():
    a = tf.random.stateless_normal([_SIDE, _SIDE], [0, 1])
    return lambda: tf.matmul(a, a).numpy()


if __name__ == "__main__":
    run(main)
