"""Training steps that several processes make together.

Each computes the gradients of its share of the batch in one compiled program.
They are added up between the processes, outside of what is compiled, and each
makes the same update in another compiled program.
"""

import math
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from ram_tf.agents.update import Agent, Gradients
from ram_tf.episodes.environments.environment import Environment
from ram_tf.noise import step_seed
from ram_tf.training.step import Batch, Given, StepsInfo, of_step, steps_of
from ram_tf.training.team import Team
from ram_tf.types import LossInfo


def compile_shared_steps(
    agent: Agent,
    make_batch: Callable[[Given, tf.Tensor], Batch],
    make_environment: Callable[[Batch], Environment],
    seed: int,
    team: Team,
    jit_compile: bool = True,
) -> Callable[[Given, tf.Tensor, tf.Tensor], StepsInfo]:
    """Like `compile_steps`, for an agent that has a share of each batch.

    Args:
        agent: Trains its model; it has the team's `share`.
        make_batch: Turns indices [B] of a whole batch, or whatever else is
            given for a step, and the step into this share's rows of the batch.
        make_environment: Turns these into episodes.
        seed: Of the policy's noise, folded with the step.
        team: Adds up what the shares give.
        jit_compile: Whether XLA compiles the two programs.

    Returns:
        A function of (indices [max_steps, B] or a nest of what is given, the
        first step, the number of steps); what it reports is of the whole batch.
    """
    parts = _Parts(agent, team.share.count)

    @tf.function(jit_compile=jit_compile, autograph=False)
    def computed(given, step):
        environment = make_environment(make_batch(given, step))
        return parts.computed(environment, step_seed(seed, step))

    update = tf.function(parts.update, jit_compile=jit_compile, autograph=False)

    @tf.function(autograph=False)
    def steps(given, first, count):
        def body(k, loss, extra):
            info = update(team.total(computed(of_step(given, k), first + k)))
            loss = tf.tensor_scatter_nd_update(loss, [[k]], [info.loss])
            extra = {
                name: tf.tensor_scatter_nd_update(extra[name], [[k]], [value])
                for name, value in info.extra.items()
            }
            return k + 1, loss, extra

        loss = tf.zeros([steps_of(given)])
        extra = {name: loss for name in agent.metric_names}
        _, loss, extra = tf.while_loop(
            lambda k, *_: k < count, body, (0, loss, extra)
        )
        return StepsInfo(loss, extra)

    return steps


class _Parts:
    """What the shares of a batch give, as one vector, and what its sum means.

    Means over episodes are added up as they are. Those over the steps that were
    played are multiplied by these first, so that the sum has their numerators
    and their denominator.
    """

    def __init__(self, agent: Agent, count: int):
        self._agent = agent
        self._count = count
        over_steps = set(agent.metrics_over_steps)
        self._names = [
            [n for n in agent.metric_names if n not in over_steps],
            [n for n in agent.metric_names if n in over_steps],
        ]
        self._variables = [agent.variables, agent.variables_over_steps]

    def computed(self, environment: Environment, seed: tf.Tensor) -> tf.Tensor:
        """The vector of one share."""
        made = self._agent.part_gradients(environment, seed)
        (loss, extra), over_steps, played = made.loss
        over_episodes, steps = (
            tf.concat(
                [*_flat(gradients), [part], [extra[name] for name in names]], 0
            )
            for gradients, part, names in zip(
                (made.over_episodes, made.over_steps),
                (loss - over_steps, over_steps),
                self._names,
                strict=True,
            )
        )
        return tf.concat([over_episodes, played * steps, [played]], axis=0)

    def update(self, total: tf.Tensor) -> LossInfo:
        """The update by the sum of all vectors, and the whole batch's loss."""
        sizes = [
            _size(variables) + 1 + len(names)
            for variables, names in zip(
                self._variables, self._names, strict=True
            )
        ]
        over_episodes, steps, played = tf.split(total, [*sizes, 1])
        gradients, loss, extra = self._read(0, over_episodes / self._count)
        more, part, others = self._read(1, steps / played)
        whole = dict(zip(map(id, self._variables[0]), gradients, strict=True))
        for variable, gradient in zip(self._variables[1], more, strict=True):
            whole[id(variable)] += gradient
        self._agent.update(list(whole.values()))
        return LossInfo(loss + part, extra | others)

    def _read(
        self, which: int, vector: tf.Tensor
    ) -> tuple[Gradients, tf.Tensor, dict[str, tf.Tensor]]:
        """Gradients, loss and metrics of one kind of means."""
        variables, names = self._variables[which], self._names[which]
        sizes = [_size([variable]) for variable in variables]
        *gradients, numbers = tf.split(vector, [*sizes, 1 + len(names)])
        loss, *metrics = tf.unstack(numbers)
        shaped = [
            tf.reshape(gradient, variable.shape)
            for gradient, variable in zip(gradients, variables, strict=True)
        ]
        return shaped, loss, dict(zip(names, metrics, strict=True))


def _flat(gradients: Gradients) -> Gradients:
    return [tf.reshape(gradient, [-1]) for gradient in gradients]


def _size(variables: Sequence[keras.Variable]) -> int:
    """How many numbers variables have together."""
    return sum(math.prod(variable.shape) for variable in variables)
