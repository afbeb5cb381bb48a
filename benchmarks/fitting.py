"""A run of a flagfile by Keras' `fit`, on the canvases of the run itself."""

import keras
import tensorflow as tf

from ram_tf_data.batches import TrainingBatches
from ram_tf_runs.records import recipe
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.tasks import parts
from ram_tf_runs.tasks.images import ImageTask
from ram_tf_runs.tasks.registry import task_of


def task(flags: list[str], data_dir: str | None = None) -> ImageTask:
    """The task of flags as `trainers.mnist` takes them."""
    return task_of(recipe.parse(ClassifySettings, flags), data_dir)


def compiled(task: ImageTask, steps: int, **keywords) -> keras.Model:
    """The task's model, compiled as its flags say.

    Args:
        task: What is learned.
        steps: After which the learning rate is zero.
        keywords: Of `compile`, as Keras has them.
    """
    settings, model = task.settings, task.make_model()
    model.compile(
        parts.optimizer(settings.optimizer, steps),
        seed=settings.seed,
        **settings.rollouts.flat(),
        **settings.answers.flat(),
        **settings.reinforce.flat(),
        **settings.teaching.flat(),
        **keywords,
    )
    return model


def dataset(batches: TrainingBatches, steps: int) -> tf.data.Dataset:
    """The first batches of a run, drawn while it goes on; then again."""
    indices = batches.indices(0, steps)
    numbered = tf.data.Dataset.from_tensor_slices(
        (indices, tf.range(steps, dtype=tf.int32))
    )

    # Compiled, it takes a third of the time of what tf.data makes of it.
    @tf.function(jit_compile=True, autograph=False)
    def made(indices, step):
        batch = batches.make(indices, step)
        return batch["image"], batch["label"]

    drawn = numbered.map(made, num_parallel_calls=tf.data.AUTOTUNE)
    return drawn.repeat().prefetch(tf.data.AUTOTUNE)
