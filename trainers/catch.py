"""Trains RAM to play Catch, and plays fresh games with it at the end.

    python -m trainers.catch --flagfile=catch.flags

The model sees the game through its glimpses only, chooses one fixation and one
action a step, and is told nothing but whether it caught the ball. With
--fixations=random, --fixations=centre or --full_screen it is trained as a
control. A run is resumed by the same command. It leaves in --workdir:
model.keras (the weights that caught most on validation games), result.json,
metrics.jsonl, tensorboard/ and checkpoints/.
"""

from absl import flags

from trainers.command import run
from ram_tf.game_viz import story
from ram_tf.training.checkpoint import RunState
from ram_tf.training.loop import TrainingLoop
from ram_tf.training.summaries import Summaries
from trainers.configs import catch_config
from trainers.configs.config import Config
from trainers.runs import catch_results, catch_setup, course, model_source
from trainers.runs.resume import resume
from trainers.runs.workdir import Workdir, directory

flags.adopt_module_key_flags(catch_config)
flags.declare_key_flag("workdir")


def main() -> int:
    settings = catch_config.from_flags()
    workdir = Workdir(directory("catch"))
    return train_and_evaluate(settings, workdir)


def train_and_evaluate(settings: Config, workdir: Workdir) -> int:
    """Runs, or resumes, and writes the results; returns the exit code."""
    steps, evaluations = catch_setup.length(settings)
    model = catch_setup.make_model(settings)
    if settings.pretrained is not None:
        model_source.copy_pretrained(settings, model)
    agent = catch_setup.make_agent(settings, model, steps)
    state = RunState(model, agent.optimizer)
    checkpointer = resume(state, settings, workdir)
    if course.is_finished(state, steps, workdir, catch_results.table):
        return 0
    validation = catch_setup.validation(settings, model)
    loop = TrainingLoop(
        agent,
        catch_setup.training_games(settings),
        catch_setup.make_environment(settings),
        validation,
        state,
        checkpointer,
        Summaries(
            workdir.metrics, workdir.tensorboard, state.step, _shown(settings)
        ),
        draw=lambda played: story(validation, played),
        unit="frame",
        units_per_step=catch_setup.frames_per_step(settings),
    )
    if not course.train(loop, steps, evaluations, state):
        return 130
    _finish(state, loop.units_per_second, settings, workdir)
    return 0


def _shown(settings: Config) -> dict:
    """Hyperparameters as TensorBoard takes them: no lists."""
    return {
        name: ",".join(value) if isinstance(value, list) else value
        for name, value in vars(settings).items()
    }


def _finish(
    state: RunState,
    frames_per_second: float | None,
    settings: Config,
    workdir: Workdir,
) -> None:
    """Plays the test games, once, with the weights best on validation."""
    print(
        f"weights of step {int(state.best_step)}, the best on validation "
        f"({float(state.best_error):.2f}% missed); playing fresh games",
        flush=True,
    )
    workdir.save_model(state.model)
    frames = catch_setup.frames_per_step(settings)
    evaluator = catch_setup.test(settings, state.model)
    measured = catch_results.measure(evaluator, settings) | {
        "validation_error": float(state.best_error),
        "frames": state.step * frames,
        "frames_per_second": frames_per_second,
        "curve": catch_results.read_curve(workdir.metrics),
    }
    course.end(state, measured, workdir, catch_results.table)


if __name__ == "__main__":
    run(main)
