"""Run state on disk: saved whole, restored from the newest that is sound.

The order of a restart: the configuration is compared first, then the newest
checkpoint is read; if it is damaged, the one before it; and so on.
"""

import contextlib
import logging
import pathlib
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from ram_tf import files
from ram_tf.agents.update import Agent
from ram_tf.errors import DamagedError, FileError, UserError

_KEPT = 3
_RUN = "run/.ATTRIBUTES/VARIABLE_VALUE"  # Its name in a checkpoint.


class RunState:
    """Everything that an uninterrupted run would have in memory.

    Args:
        agent: Trains the model.
        counters: Names of what else is counted.

    Attributes:
        agent: As given; its model and its optimizer are here, too.
        best: The best weights on validation so far.
        best_error: Their validation error in %.
        best_step: The step they are from.
        seconds: Time spent in training and validation so far, by all
            processes.
        counters: What else is counted, by name.
    """

    def __init__(
        self,
        agent: Agent,
        counters: Sequence[str] = (),
    ):
        self.agent = agent
        self.model = agent.model
        self.optimizer = agent.optimizer
        self._trained = agent.variables
        self.best = [tf.Variable(v.value) for v in self.model.variables]
        self.best_error = tf.Variable(float("inf"), dtype=tf.float64)
        self.best_step = tf.Variable(0, dtype=tf.int64)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        self.counters = {
            name: tf.Variable(0, dtype=tf.int64) for name in counters
        }

    @property
    def step(self) -> int:
        """Updates made."""
        return int(self.optimizer.iterations)

    @property
    def shared(self) -> list[tf.Variable | keras.Variable]:
        """What all processes that train together have alike."""
        return [
            *self.model.variables,
            *self.optimizer.variables,
            *self.counters.values(),
        ]

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """The model with the average of its weights, if the optimizer has one.

        Afterwards it has its own again.
        """
        if not self.optimizer.use_ema:
            yield
            return
        own = [tf.identity(variable.value) for variable in self._trained]
        self.optimizer.finalize_variable_values(self._trained)
        try:
            yield
        finally:
            for variable, value in zip(self._trained, own, strict=True):
                variable.assign(value)

    def keep_if_best(self, error: float) -> None:
        """Remembers the present weights if no earlier ones were as good."""
        if error < float(self.best_error):
            self.best_error.assign(error)
            self.best_step.assign(self.step)
            for kept, variable in zip(
                self.best, self.model.variables, strict=True
            ):
                kept.assign(variable)

    def use_best(self) -> None:
        """Puts the best weights into the model."""
        for kept, variable in zip(self.best, self.model.variables, strict=True):
            variable.assign(kept)


class Checkpointer:
    """Saves and restores a RunState in a directory.

    A checkpoint is written elsewhere and moved to its place, its index last:
    one that has an index was whole when it was written. TensorFlow's own list,
    which comes after it, is kept as the sign that there was a whole one.

    Args:
        state: What is saved.
        directory: Where; made when needed.
        run: What tells the run from others. It is in each checkpoint, and one
            that has another is refused. "" takes any.
    """

    def __init__(self, state: RunState, directory: pathlib.Path, run: str = ""):
        self._state = state
        self._run = run
        self._checkpoint = _checkpoint(state, run=tf.Variable(run))
        self._saved = self._checkpoint.save_counter
        self._directory = pathlib.Path(directory)
        self._list = self._directory / "checkpoint"
        self._draft = self._directory / "draft"
        self._damage: Exception | None = None  # The last that was met.

    def save(self) -> None:
        """Writes a checkpoint of this step; the newest three are kept.

        Raises:
            FileError: If that cannot be done, as where a disk is full; those
                that there are stay.
        """
        name = f"ckpt-{self._state.step}"
        self._saved.assign(self._state.step)
        try:
            self._write(name)
        except (OSError, tf.errors.OpError) as error:
            raise FileError(
                f"The checkpoint {self._directory / name} cannot be written: "
                f"{_reason(error)}"
            ) from error
        finally:
            shutil.rmtree(self._draft, ignore_errors=True)
        kept = _newest_first(self._directory)
        files.write_text(self._list, _list_of(kept[:_KEPT]))
        for path in kept[_KEPT:]:
            _remove(path)
        self._tidy()

    def restore(self) -> bool:
        """Restores the newest sound checkpoint.

        What is left of checkpoints whose writing, or removal, was cut is
        removed.

        Returns:
            Whether there was any checkpoint.

        Raises:
            DamagedError: If there were whole checkpoints and all are damaged.
            UserError: If one that would be read is of another run.
        """
        paths = _newest_first(self._directory)
        for path in paths:
            run = _run_of(path)
            self._check_run(path, run)
            # Those of earlier code have none.
            whole = (
                _checkpoint(self._state) if run is None else self._checkpoint
            )
            if self._restores(path, whole):
                self._tidy()
                return True
        if paths and self._was_whole(paths):
            raise DamagedError(
                "No checkpoint can be read; all are damaged: "
                f"{', '.join(map(str, paths))}. Remove them to start afresh."
            ) from self._damage
        cut = [*self._directory.glob("ckpt-*"), *self._directory.glob("draft")]
        if cut:
            logging.warning(
                "there is no whole checkpoint in %s: the first one was cut "
                "while it was written; the run starts anew",
                self._directory,
            )
            for path in cut:
                _remove(path)
        return False

    def _tidy(self) -> None:
        """Removes what killed processes have left beside whole checkpoints."""
        shutil.rmtree(self._draft, ignore_errors=True)
        for path in self._directory.glob("ckpt-*.data-*"):
            if not path.with_suffix(".index").exists():
                path.unlink(missing_ok=True)

    def _was_whole(self, paths: list[pathlib.Path]) -> bool:
        """Whether any of these, which cannot be read, once could be.

        Earlier code wrote an index in its place: cut, it was not whole, unless
        something came after it.
        """
        if len(paths) > 1 or self._list.exists():
            return True
        try:
            with files.plain(self._directory) as folder:
                tf.train.load_checkpoint(str(folder / paths[0].name))
        except (OSError, ValueError, RuntimeError, tf.errors.OpError):
            return False
        return True

    def _write(self, name: str) -> None:
        shutil.rmtree(self._draft, ignore_errors=True)  # Of one who was killed.
        self._draft.mkdir(parents=True)
        with files.plain(self._draft) as draft:
            self._checkpoint.write(str(draft / name))
        written = sorted(self._draft.glob(f"{name}.*"))
        # The index says that there is a checkpoint, so it comes last.
        for path in sorted(written, key=lambda path: path.suffix == ".index"):
            files.move(path, self._directory / path.name)

    def _check_run(self, path: pathlib.Path, run: str | None) -> None:
        """Raises UserError on a checkpoint of another run."""
        if self._run and run not in (None, self._run):
            raise UserError(
                f"A run's checkpoints must be its own. Received: {path}, of "
                "another run. Remove it, or use another directory."
            )

    def _restores(self, path: pathlib.Path, whole: tf.train.Checkpoint) -> bool:
        """Restores a checkpoint, if it is sound and holds what `whole` does."""
        try:
            with files.plain(path.parent) as folder:
                read = whole.read(str(folder / path.name))
                read.assert_consumed()
        except Exception as error:  # Its kind depends on the damage.
            self._damage = error
            logging.warning(
                "checkpoint %s is damaged (%s: %s): falling back to the "
                "one before",
                path,
                type(error).__name__,
                error,
            )
            return False
        return True


def _checkpoint(state: RunState, **more: tf.Variable) -> tf.train.Checkpoint:
    """What a checkpoint of the state holds, and more by name."""
    checkpoint = tf.train.Checkpoint(
        model=state.model,
        optimizer=state.optimizer,
        best=state.best,
        best_error=state.best_error,
        best_step=state.best_step,
        seconds=state.seconds,
        **state.counters,
        **more,
    )
    # Has always been in checkpoints: it is made when it is asked for.
    checkpoint.save_counter  # noqa: B018
    return checkpoint


def _run_of(path: pathlib.Path) -> str | None:
    """The run in a checkpoint; None if it says none, or is damaged."""
    try:
        with files.plain(path.parent) as folder:
            reader = tf.train.load_checkpoint(str(folder / path.name))
            if not reader.has_tensor(_RUN):
                return None
            return reader.get_tensor(_RUN).decode()
    except (OSError, ValueError, RuntimeError, tf.errors.OpError):
        return None


def _newest_first(directory: pathlib.Path) -> list[pathlib.Path]:
    """Checkpoints by what is there, not by the list that may be damaged."""
    paths = [path.with_suffix("") for path in directory.glob("ckpt-*.index")]
    steps = {path: path.name.partition("-")[2] for path in paths}
    numbered = [path for path in paths if steps[path].isdecimal()]
    return sorted(numbered, key=lambda path: int(steps[path]), reverse=True)


def _list_of(newest_first: list[pathlib.Path]) -> str:
    """What TensorFlow's own tools find checkpoints by."""
    names = [path.name for path in reversed(newest_first)]
    lines = [f'model_checkpoint_path: "{names[-1]}"']
    lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
    return "".join(f"{line}\n" for line in lines)


def _remove(path: pathlib.Path) -> None:
    """Removes a checkpoint's files, its index first, or one path."""
    if path.is_dir():
        shutil.rmtree(path)
        return
    path.with_name(f"{path.name}.index").unlink(missing_ok=True)
    for file in path.parent.glob(f"{path.name}.data-*"):
        file.unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _reason(error: Any) -> str:
    """Why something was not written, in a line: an OSError or TensorFlow's."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return error.message.splitlines()[0]
