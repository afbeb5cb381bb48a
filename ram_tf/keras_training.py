"""Training, measuring and saving as Keras does: compile, fit, evaluate.

There is no second way to learn here: a step of `fit` is a step of the model's
agent, and Keras does what is around it.
"""

from types import MappingProxyType
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from ram_tf import losses
from ram_tf.agents.update import Agent
from ram_tf.episodes.environments.environment import Environment
from ram_tf.errors import UserError
from ram_tf.gate import GatedModel
from ram_tf.noise import step_seed
from ram_tf.validation import check_labels

# What `compile` of other models takes, and a model with an agent has no use
# for, with the reason.
_REFUSED = {
    "loss": "the loss is the agent's",
    "loss_weights": "the agent's loss has weights of its own",
    "metrics": "the metrics are the agent's",
    "weighted_metrics": "samples have no weights",
}

_LEAST = 1e-30  # A probability whose logarithm float32 holds.


class FittedModel(GatedModel):
    """A classifier that Keras trains by the steps of its agent.

    A subclass has `learning`, the arguments of `compile` that its agent and its
    episodes take, with their defaults; it makes the agent, and episodes.
    """

    learning: ClassVar[dict[str, Any]] = {}

    def make_agent(
        self, optimizer: keras.optimizers.Optimizer, **learning: Any
    ) -> Agent:
        """What trains the model, which is built."""
        raise NotImplementedError

    def make_episodes(
        self, images: tf.Tensor, labels: tf.Tensor, **learning: Any
    ) -> Environment:
        """What the agent trains on."""
        raise NotImplementedError

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "adam",
        *,
        seed: int = 0,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool = True,
        **learning: Any,
    ) -> None:
        """Says how the model is trained.

        Args:
            optimizer: As Keras takes it.
            seed: Of what is drawn in training; each step folds in its number.
            run_eagerly: Whether nothing is compiled, to look for faults.
            steps_per_execution: Steps in a call of the compiled program.
            jit_compile: Whether XLA compiles.
            **learning: Any of `learning`.

        Raises:
            UserError: On what a model with an agent has no use for.
        """
        for name in learning.keys() - self.learning.keys():
            reason = _REFUSED.get(name, "there is no such argument")
            raise UserError(
                f"`compile` of a {type(self).__name__} does not take `{name}`: "
                f"{reason}; it takes {sorted(self.learning)}. "
                f"Received: {name}={learning[name]!r}"
            )
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile and not run_eagerly,
        )
        self._settings = MappingProxyType(
            {
                "seed": seed,
                "run_eagerly": run_eagerly,
                "steps_per_execution": steps_per_execution,
                "jit_compile": jit_compile,
                **learning,
            }
        )
        self._learning = MappingProxyType({**self.learning, **learning})
        self._seed = seed
        self._agent = None
        self._means = MappingProxyType({})

    def fit(self, x=None, y=None, *arguments, **keywords):
        self._build_for(x)
        self._check_array_of_labels(y)
        validation = keywords.get("validation_data")
        if isinstance(validation, tuple | list) and len(validation) == 2:
            self._check_array_of_labels(validation[1])
        return super().fit(x, y, *arguments, **keywords)

    def evaluate(self, x=None, y=None, *arguments, **keywords):
        self._check_array_of_labels(y)
        return super().evaluate(x, y, *arguments, **keywords)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(getattr(self, "_means", {}).values())

    def make_train_function(self, force=False):
        self._prepare()
        return super().make_train_function(force)

    def make_test_function(self, force=False):
        self._prepare()
        return super().make_test_function(force)

    def train_step(self, data):
        images, labels = self._divide(data)
        step = tf.cast(self.optimizer.iterations.value, tf.int32)
        seed = step_seed(self._seed, step)
        episodes = self.make_episodes(images, labels, **self._learning)
        info = self._agent.train(episodes, seed)
        return self._measure({"loss": info.loss, **info.extra}, images)

    def test_step(self, data):
        """One deterministic rollout: its last answers, or those at the stop."""
        images, labels = self._divide(data)
        logits = _last_logits(self(images))[:, None]
        once = tf.ones_like(logits[..., 0])
        labels = tf.cast(labels, tf.int32)[:, None]
        measured = {
            "loss": losses.cross_entropy_loss(logits, labels, once, once),
            "accuracy": losses.accuracy(logits, labels, once),
        }
        return self._measure(measured, images)

    def get_compile_config(self):
        if not self.compiled:
            return None
        optimizer = keras.saving.serialize_keras_object(self.optimizer)
        return {"optimizer": optimizer, **self._settings}

    def compile_from_config(self, config):
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        self.compile(**{**config, "optimizer": optimizer})
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def _build_for(self, images: Any) -> None:
        """Gives the model its weights, for the first images it is given."""
        if self.built:
            return
        if isinstance(images, tf.data.Dataset):
            images = tf.nest.flatten(images.element_spec)[0]
        elif isinstance(images, keras.utils.PyDataset):
            images = images[0][0]
        if not hasattr(images, "shape"):
            raise UserError(
                "What `fit` is given must show the shape of an image, or the "
                "model must be built before: model.build((None, H, W, C)). "
                f"Received: {type(images).__name__}"
            )
        self.build((None, *images.shape[1:]))

    def _prepare(self) -> None:
        """Makes agent and metrics, once."""
        if self._agent is not None:
            return
        agent = self.make_agent(self.optimizer, **self._learning)
        self._agent = agent
        names = ["loss", *agent.metric_names]
        self._means = MappingProxyType(
            {name: keras.metrics.Mean(name) for name in names}
        )

    def _divide(self, data):
        images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        if labels is None:
            raise UserError(
                "Labels must come with the images. Received: images alone"
            )
        if weights is not None:
            raise UserError(
                "Weights of samples or of classes are not taken: what a "
                "rollout earns has none. Received: weights"
            )
        return images, labels

    def _measure(self, values, images):
        rows = tf.cast(tf.shape(images)[0], tf.float32)
        for name, value in values.items():
            self._means[name].update_state(value, sample_weight=rows)
        return {name: self._means[name].result() for name in values}

    def _check_array_of_labels(self, labels: Any) -> None:
        if not self.num_classes:
            raise UserError(
                "Only a model that answers is trained and measured by Keras, "
                "on images and labels. Received: one with num_classes=None"
            )
        if isinstance(labels, np.ndarray) or tf.is_tensor(labels):
            check_labels(tf.convert_to_tensor(labels), self.num_classes)


def _last_logits(outputs: dict[str, tf.Tensor]) -> tf.Tensor:
    """[B, K], of what a model says of images, at its stop if it stops."""
    if "answer" in outputs:
        return tf.math.log(tf.maximum(outputs["answer"], _LEAST))
    return outputs["logits"][:, -1]
