"""A whole run of a classifier: train, choose on validation, test once."""

import numpy as np
from absl import flags

from data.batches import TrainingBatches
from data.splits import Source
from ram_tf import viz
from ram_tf.evaluation import Rollouts
from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf.training.loop import TrainingLoop
from ram_tf.training.step import Agent
from ram_tf.training.summaries import Summaries
from trainers.configs import config
from trainers.configs.config import Config
from trainers.runs import (
    course,
    data_setup,
    glimpse_picture,
    model_source,
    record,
    results,
    setup,
)
from trainers.runs.curve import draw_curves, read_curve
from trainers.runs.resume import resume
from trainers.runs.workdir import Workdir, directory

_PICTURED = 8


def main(trainer: str) -> int:
    """A trainer's command: the flags' run on the flags' data.

    Args:
        trainer: One of `data_flags.SOURCES`; names the default --workdir too.

    Returns:
        The exit code.
    """
    settings = config.of_trainer(trainer)
    workdir = Workdir(directory(trainer))
    workdir.check(settings)
    print(f"loading {settings.source}", flush=True)
    source = data_setup.load_source(settings, flags.FLAGS.data_dir)
    return train_and_evaluate(settings, source, workdir)


def train_and_evaluate(
    settings: Config, source: Source, workdir: Workdir
) -> int:
    """Runs, or resumes, and writes the results; returns the exit code."""
    data = record.data(source)
    print(_said(source), flush=True)
    batches = data_setup.training_batches(settings, source)
    steps, evaluations = data_setup.length(settings, batches)
    model = setup.make_model(settings, source)
    if settings.pretrained is not None and settings.network == "ram":
        model_source.copy_pretrained(settings, model)
    agent = setup.make_agent(settings, model, steps)
    state = RunState(agent.model, agent.optimizer)
    checkpointer = resume(state, settings, workdir, data)
    if course.is_finished(state, steps, workdir, results.table):
        return 0
    loop = _loop(agent, batches, source, state, checkpointer, settings, workdir)
    if not course.train(loop, steps, evaluations, state):
        return 130
    _finish(agent, source, state, loop.units_per_second, settings, workdir)
    return 0


def _said(source: Source) -> str:
    """How many images there are, and what they need of memory."""
    splits = source.splits.items()
    counts = [f"{len(split.label):,} {name}" for name, split in splits]
    size = "x".join(map(str, source.train.image.shape[1:]))
    needed = sum(split.image.nbytes for _, split in splits)
    return (
        f"images of {size}: {', '.join(counts)}; {source.num_classes} classes; "
        f"{needed / 1e6:,.0f} MB"
    )


def _loop(
    agent: Agent,
    batches: TrainingBatches,
    source: Source,
    state: RunState,
    checkpointer: Checkpointer,
    settings: Config,
    workdir: Workdir,
) -> TrainingLoop:
    validation = data_setup.validation_data(settings, source)

    def draw(rollouts: Rollouts) -> np.ndarray:
        names = data_setup.class_names(settings, source.class_names)
        return viz.to_image(_draw(agent.model, validation, rollouts, names))

    return TrainingLoop(
        agent,
        batches,
        setup.make_environment(settings, agent.model),
        setup.make_evaluator(agent.model, validation, settings.glimpse_cost),
        state,
        checkpointer,
        Summaries(
            workdir.metrics, workdir.tensorboard, state.step, vars(settings)
        ),
        draw,
    )


def _finish(
    agent: Agent,
    source: Source,
    state: RunState,
    images_per_second: float | None,
    settings: Config,
    workdir: Workdir,
) -> None:
    """Reads the test set, once, with the weights best on validation.

    Without a test set, the result is that on validation.
    """
    split, final = data_setup.final_data(settings, source)
    print(
        f"weights of step {int(state.best_step)}, the best on validation "
        f"({float(state.best_error):.2f}%); "
        + ("reading the test set" if split == "test" else "no test set"),
        flush=True,
    )
    workdir.save_model(agent.model)
    evaluator = setup.make_evaluator(agent.model, final)
    measured = results.measure(evaluator, settings, split) | {
        "data": workdir.load_data(),
        "validation_error": float(state.best_error),
        "images_per_second": images_per_second,
        "curve": read_curve(workdir.metrics, settings.epochs),
    }
    rollouts = evaluator.rollouts()
    looks = rollouts.locations is not None
    if looks:
        names = data_setup.class_names(settings, source.class_names)
        figure = _draw(agent.model, final, rollouts, names)
        viz.save(figure, workdir.picture)
    viz.save(draw_curves({"this run": [measured["curve"]]}), workdir.curve)
    course.end(state, measured, workdir, results.table)
    if looks:
        print(f"glimpse paths: {workdir.picture}")
    print(f"learning curve: {workdir.curve}")


def _draw(model, data: dict[str, np.ndarray], rollouts: Rollouts, names):
    first = {name: value[:_PICTURED] for name, value in data.items()}
    paths = {
        name: value[:_PICTURED]
        for name, value in rollouts._asdict().items()
        if value is not None
    }
    return glimpse_picture.draw(
        model, first["image"], paths, first["label"], names
    )
