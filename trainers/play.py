"""Trains RAM to play a Gymnasium environment: images, discrete actions.

    python -m trainers.play --env=ID --workdir=DIR
    python -m trainers.play --flagfile=minatar.flags

The model sees each frame through one glimpse, chooses the next fixation and an
action, and learns from the rewards. Episodes are played side by side, outside
TensorFlow. A run is resumed by the same command. It leaves in --workdir:
model.keras (the weights of the highest mean return on validation episodes),
result.json, metrics.jsonl, tensorboard/ and checkpoints/.
"""

from absl import flags

from trainers.command import run
from ram_tf.training.checkpoint import RunState
from ram_tf.training.play_loop import FRAMES, PlayLoop
from ram_tf.training.summaries import Summaries
from trainers.configs import play_config
from trainers.configs.config import Config
from trainers.runs import course, play_results, play_setup
from trainers.runs.resume import resume
from trainers.runs.workdir import Workdir, directory

flags.adopt_module_key_flags(play_config)
flags.declare_key_flag("workdir")


def main() -> int:
    settings = play_config.from_flags()
    workdir = Workdir(directory("play"))
    return train_and_evaluate(settings, workdir)


def train_and_evaluate(settings: Config, workdir: Workdir) -> int:
    """Runs, or resumes, and writes the results; returns the exit code."""
    updates = settings.updates
    episodes = play_setup.make_episodes(settings)
    model = play_setup.make_model(settings, episodes)
    agent = play_setup.make_agent(settings, model)
    state = RunState(model, agent.optimizer, counters=[FRAMES])
    checkpointer = resume(state, settings, workdir)
    if course.is_finished(state, updates, workdir, play_results.table):
        return 0
    loop = PlayLoop(
        agent,
        episodes,
        play_setup.validation(settings, model, episodes),
        play_setup.policy(settings),
        state,
        checkpointer,
        Summaries(
            workdir.metrics, workdir.tensorboard, state.step, vars(settings)
        ),
        settings.seed,
    )
    evaluations = max(1, round(updates / settings.evaluate_updates))
    if not course.train(loop, updates, min(evaluations, updates), state):
        return 130
    evaluator = play_setup.test(settings, model, episodes)
    _finish(state, play_results.measure(evaluator, settings), workdir)
    return 0


def _finish(state: RunState, measured: dict, workdir: Workdir) -> None:
    """Saves the weights best on validation, and what they reach."""
    workdir.save_model(state.model)
    frames = int(state.counters[FRAMES])
    measured |= {
        "validation_return": -float(state.best_error),
        "frames": frames,
        "frames_per_second": frames / float(state.seconds),
        "curve": play_results.read_curve(workdir.metrics),
    }
    course.end(state, measured, workdir, play_results.table)


if __name__ == "__main__":
    run(main)
