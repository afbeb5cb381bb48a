"""Training, measuring and saving as Keras does: compile, fit, evaluate.

There is no second way to learn here: a step of `fit` is a step of the model's
agent, and Keras does what is around it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, cast

import keras
import tensorflow as tf

from ram_tf import keras_compile, keras_data, keras_steps, losses
from ram_tf.agents.update import Agent
from ram_tf.episodes.environments.environment import Environment
from ram_tf.episodes.environments.weighted import Weighted
from ram_tf.errors import UserError
from ram_tf.gate import GatedModel
from ram_tf.noise import step_seed

_MEASURED = ("loss", "accuracy")  # Of every model, before there is an agent.
_LEAST = 1e-30  # A probability whose logarithm float32 holds.


class FittedModel(GatedModel):
    """A classifier that Keras trains by the steps of its agent.

    A subclass has `learning`, the arguments of `compile` that its agent and its
    episodes take, with their defaults; it makes the agent, and episodes.
    """

    learning: ClassVar[Mapping[str, Any]] = {}
    train_function: Callable[[Iterator[Any]], Any] | None  # Keras sets it.
    _agent: Agent | None = None
    _means: Mapping[str, keras.metrics.Metric] = MappingProxyType({})
    _asked: Mapping[str, keras.metrics.Metric] = MappingProxyType({})

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
        loss: Any = None,
        *,
        metrics: Sequence[Any] | None = None,
        seed: int = 0,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = True,
        auto_scale_loss: bool = True,
        **learning: Any,
    ) -> None:
        """Says how the model is trained.

        Args:
            optimizer: As Keras takes it.
            loss: None, or "sparse_categorical_crossentropy", which is in the
                agent's loss anyway.
            metrics: Keras' metrics, or names of them, of the probabilities
                [B, K] and labels [B] of `evaluate` and of validation. The
                agent's metrics and "accuracy" are there without being asked
                for.
            seed: Of what is drawn in training; each step folds in its number.
            run_eagerly: Whether nothing is compiled, to look for faults.
            steps_per_execution: Steps in a call of the compiled program; many
                are faster than one where steps are small.
            jit_compile: Whether XLA compiles; "auto" is True.
            auto_scale_loss: Whether the loss is scaled under "mixed_float16".
            **learning: Any of `learning`.

        Raises:
            UserError: On what a model with an agent has no use for.
        """
        keras_compile.check_loss(loss)
        keras_compile.check_learning(type(self), learning)
        settings = {
            "metrics": list(keras_compile.listed(metrics)),
            "seed": seed,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": bool(jit_compile),
            "auto_scale_loss": auto_scale_loss,
            **learning,
        }
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=bool(jit_compile) and not run_eagerly,
            auto_scale_loss=auto_scale_loss,
        )
        self._settings = MappingProxyType(settings)
        self._seed = seed
        self._learning = MappingProxyType({**self.learning, **learning})
        self._agent = None
        self._means = _named(map(keras.metrics.Mean, _MEASURED))
        self._asked = _named(keras_compile.made(settings["metrics"]))

    def fit(self, *arguments, **keywords):
        given = keras_compile.arguments(keras.Model.fit, *arguments, **keywords)
        given |= self._given(given.get("x"), given.get("y"))
        validation = given.get("validation_data")
        if validation is not None:
            given["validation_data"] = self._validation(validation)
        self._prepare()
        known = keras_compile.directions(self._means, self._asked.values())
        keras_compile.direct(given.get("callbacks"), known)
        return super().fit(**given)

    def evaluate(self, *arguments, **keywords):
        # Keras calls it so from `fit`, where the data have been checked.
        if keywords.get("_use_cached_eval_dataset"):
            return super().evaluate(*arguments, **keywords)
        given = keras_compile.arguments(
            keras.Model.evaluate, *arguments, **keywords
        )
        given |= self._given(given.get("x"), given.get("y"))
        return super().evaluate(**given)

    def train_on_batch(self, x, y=None, *arguments, **keywords):
        given = self._given(x, y)
        return super().train_on_batch(
            given["x"], given["y"], *arguments, **keywords
        )

    def test_on_batch(self, x, y=None, *arguments, **keywords):
        given = self._given(x, y)
        return super().test_on_batch(
            given["x"], given["y"], *arguments, **keywords
        )

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [*self._means.values(), *self._asked.values()]

    def make_train_function(self, force=False):
        self._prepare()
        if self.train_function is not None and not force:
            return
        one = self.distribute_strategy.num_replicas_in_sync == 1
        if self.steps_per_execution > 1 and self.jit_compile and one:
            self.train_function = keras_steps.together(
                self.train_step, self._measured, self.steps_per_execution
            )
        else:
            super().make_train_function(force)

    def train_step(self, data):
        images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        episodes = self.make_episodes(images, labels, **self._learning)
        if weights is not None:
            episodes = Weighted(episodes, weights)
        step = tf.cast(keras_compile.updates(self.optimizer), tf.int32)
        agent = cast(Agent, self._agent)  # `_prepare` has made it.
        info = agent.train(episodes, step_seed(self._seed, step))
        return self._measure({"loss": info.loss, **info.extra}, images)

    def test_step(self, data):
        """One deterministic rollout: its last answers, or those at the stop."""
        images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        logits, probabilities = _last(self(images))
        labels = tf.cast(labels, tf.int32)
        once = tf.ones_like(logits[:, :1])
        weight = once if weights is None else tf.cast(weights, tf.float32)
        answers = (logits[:, None], labels[:, None])
        measured = {
            "loss": losses.cross_entropy_loss(
                *answers, tf.reshape(weight, [-1, 1]), once
            ),
            "accuracy": losses.accuracy(*answers, once),
        }
        for metric in self._asked.values():
            metric.update_state(labels, probabilities)
        asked = {name: one.result() for name, one in self._asked.items()}
        return self._measure(measured, images) | asked

    def get_compile_config(self):
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        metrics = serialize(self._settings["metrics"])
        optimizer = serialize(self.optimizer)
        return {**self._settings, "metrics": metrics, "optimizer": optimizer}

    def compile_from_config(self, config):
        restored = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("optimizer", "metrics")
            if name in config
        }
        self.compile(**{**config, **restored})
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def _given(self, images: Any, labels: Any) -> dict[str, Any]:
        """Checked `x` and `y`; the model gets its weights for them."""
        self._check_answers()
        given = keras_data.checked(images, labels, self.num_classes)
        if not self.built:
            self.build((None, *given.shape[1:]))
        return {"x": given.x, "y": given.y}

    def _validation(self, data: Any) -> Any:
        """Checked `validation_data`."""
        if not isinstance(data, tuple | list):
            return self._given(data, None)["x"]
        images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        given = self._given(images, labels)
        rest = [] if weights is None else [weights]
        return (given["x"], given["y"], *rest)

    def _prepare(self) -> None:
        """Makes the agent and its metrics, once."""
        if not self.compiled or self._agent is not None:
            return
        if not self.trainable_variables:
            raise UserError(
                "Something must be left to train, or `fit` does nothing. "
                "Received: a model all of whose layers have trainable=False"
            )
        agent = self.make_agent(self.optimizer, **self._learning)
        self._agent = agent
        names = [n for n in agent.metric_names if n not in self._means]
        self._means = _named(
            [*self._means.values(), *map(keras.metrics.Mean, names)]
        )

    def _measure(self, values, images):
        rows = tf.cast(tf.shape(images)[0], tf.float32)
        for name, value in values.items():
            self._means[name].update_state(value, sample_weight=rows)
        return {name: self._means[name].result() for name in values}

    def _measured(self) -> dict[str, tf.Tensor]:
        """What the agent has measured since the epoch began."""
        return {name: mean.result() for name, mean in self._means.items()}

    def _check_answers(self) -> None:
        """Raises UserError on a model that does not only name what it saw."""
        facts = {
            name: getattr(self, name, usual)
            for name, usual in (("num_actions", None), ("answers", 1))
        }
        classes = self.num_classes
        if not classes or facts != {"num_actions": None, "answers": 1}:
            told = ", ".join(f"{name}={value}" for name, value in facts.items())
            raise UserError(
                "Keras trains and measures models that give one answer to an "
                "image, and do nothing else; the agents train the others. "
                f"Received: one with num_classes={classes}, {told}"
            )


def _named(
    metrics: Iterable[keras.metrics.Metric],
) -> Mapping[str, keras.metrics.Metric]:
    """By name, and behind a proxy: Keras would save what it sees."""
    return MappingProxyType({metric.name: metric for metric in metrics})


def _last(outputs: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Logits and probabilities [B, K] at the end, or at the stop if there is.

    Args:
        outputs: What a model says of images.
    """
    if "answer" in outputs:
        answer = outputs["answer"]
        return tf.math.log(tf.maximum(answer, _LEAST)), answer
    return outputs["logits"][:, -1], outputs["probabilities"][:, -1]
