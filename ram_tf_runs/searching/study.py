"""A random search as Optuna keeps it: an SQLite file that outlives a crash.

The paper draws the learning rate and the standard deviation of locations at
random (section 4); here both are log-uniform.
"""

import contextlib
import itertools
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import optuna
import sqlalchemy
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, Trial, TrialState

from ram_tf.errors import FileError
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import lock
from ram_tf_runs.records.changes import differences
from ram_tf_runs.settings.run import from_record

_NAME = "search"
# A trial that became infinite or NaN is pruned, and has this attribute.
_DIVERGED = "diverged"
# Which draw a trial is. Those of older code lack it, and were drawn in turn.
_DRAW = "draw"
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
_STORAGE_ERRORS = (
    sqlalchemy.exc.SQLAlchemyError,
    optuna.exceptions.StorageInternalError,
)
# Seconds that SQLite waits for whoever writes.
_PATIENCE = 60

Ranges = Mapping[str, tuple[float, float]]


class Study:
    """Draws trials and keeps what became of them, for many processes at once.

    Draw i is a pure function of the seed and i, and a trial is known by its
    draw. Whoever asks gets the first draw that has not ended and that no living
    process works on, and holds the lock of its directory until it has ended. A
    running trial whose lock is free was killed; it is drawn again, so that
    neither that nor the number of processes changes what a study draws.

    Optuna's heartbeats would tell the dead only after a while, take a process
    that was stopped for one, and work in `optimize` alone. All that is written
    is written under one more lock: Optuna makes a new file, and counts the
    trials in it, for one process at a time.

    Args:
        path: The SQLite file; made, with its directory, when needed.
        config: What all trials have in common, with a "seed".
        ranges: Lowest and highest value of each setting that is drawn.
        startup_trials: Complete trials before any is pruned.

    Raises:
        UserError: If the file is no study, or one of another configuration.
    """

    def __init__(
        self,
        path: pathlib.Path,
        config: Mapping[str, Any],
        ranges: Ranges,
        startup_trials: int,
    ):
        self.path = path
        self._seed = config["seed"]
        self._ranges = ranges
        self._locks: dict[int, lock.Lock] = {}
        drawn = {f"{name}_range": list(r) for name, r in ranges.items()}
        with self.alone():
            self._study = _open(
                path, optuna.pruners.MedianPruner(startup_trials)
            )
            drawn["startup_trials"] = startup_trials
            self._claim(dict(config) | drawn)
        # Numbers that older code gave to trials that did not end, and did not
        # give again.
        self._left_out = sum(
            _DRAW not in trial.user_attrs and trial.state not in _ENDED
            for trial in self._study.get_trials(deepcopy=False)
        )
        self._remove_locks()

    @property
    def config(self) -> dict[str, Any]:
        """What all trials have in common, and what they are drawn from."""
        return self._study.user_attrs["config"]

    @property
    def trials(self) -> list[dict[str, Any]]:
        """The trials that have ended, in the order of their draws.

        Each has "trial" (its number), "state" ("complete", "pruned" or
        "diverged"), the settings that were drawn, "validation_error" (the best
        if complete, else the last, if any), "validation_error_by_step" and
        "seconds".
        """
        ended = self._study.get_trials(deepcopy=False, states=_ENDED)
        rows = [_row(self.number(trial), trial) for trial in ended]
        return sorted(rows, key=lambda row: row["trial"])

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While it is entered, no other process writes to the study.

        Raises:
            FileError: If the study cannot be read or written then, as where a
                disk is full.
        """
        path = self.path.with_name(f"{self.path.name}.lock")
        with lock.Lock(path).take(wait=True):
            try:
                yield
            except _STORAGE_ERRORS as error:
                raise FileError(
                    f"{self.path} cannot be read or written: {_reason(error)}"
                ) from error

    def ask(self, trials: int | None = None) -> Trial | None:
        """The next trial, its settings drawn (`trial.params`), now ours.

        Args:
            trials: How many draws there are in all; None for no limit.

        Returns:
            None if all have ended, or others are at those that have not.
        """
        with self.alone():
            self._drop_the_dead()
            taken = self._draws(*_ENDED, TrialState.RUNNING)
            draw = next(i for i in itertools.count() if i not in taken)
            if trials is not None and draw >= trials:
                return None
            # One may wait already: its process was killed right here.
            if not self._draws(TrialState.WAITING):
                self._queue(draw)
            trial = self._study.ask()
            place = self.logs(trial)
            shutil.rmtree(place, ignore_errors=True)  # Of an earlier try.
            self._locks[trial.number] = lock.of_directory(place).take()
        return trial

    def awaited(self, trials: int) -> list[int]:
        """Numbers of trials, of so many, that others are at."""
        running = self._draws(TrialState.RUNNING)
        return sorted(i + self._left_out for i in running if i < trials)

    @property
    def running(self) -> int:
        """How many trials are being made, here and elsewhere."""
        return len(self._draws(TrialState.RUNNING))

    def number(self, trial: Trial | FrozenTrial) -> int:
        """What a trial is called; all tries of it have one number."""
        draw = trial.user_attrs.get(_DRAW)
        return trial.number if draw is None else draw + self._left_out

    def logs(self, trial: Trial | FrozenTrial) -> pathlib.Path:
        """The directory of a trial, which its last try has emptied."""
        return self.path.with_suffix("") / str(self.number(trial))

    def report(self, trial: Trial, step: int, error: float) -> bool:
        """Keeps an error on the way, in %; whether it is worse than most."""
        with self.alone():
            trial.report(error, step)
            return trial.should_prune()

    def complete(self, trial: Trial, error: float) -> None:
        """Keeps the error of a whole trial, in %."""
        self._tell(trial, error)

    def prune(self, trial: Trial, diverged: bool = False) -> None:
        """Keeps a trial that was not worth going on with."""
        with self.alone():
            trial.set_user_attr(_DIVERGED, diverged)
        self._tell(trial, state=TrialState.PRUNED)

    def fail(self, trial: Trial) -> None:
        """Drops a trial that something else ended; it is drawn again."""
        self._tell(trial, state=TrialState.FAIL)

    def _tell(self, trial: Trial, *args, **kwargs) -> None:
        with self.alone():
            self._study.tell(trial, *args, **kwargs)
            self._locks.pop(trial.number).release()

    def _draws(self, *states: TrialState) -> set[int]:
        """Which draws are in these states."""
        trials = self._study.get_trials(deepcopy=False, states=states)
        draws = {trial.user_attrs.get(_DRAW) for trial in trials} - {None}
        older = sum(_DRAW not in trial.user_attrs for trial in trials)
        return draws | set(range(older))

    def _queue(self, draw: int) -> None:
        """Puts a draw into the queue that Optuna asks from."""
        (seed,) = np.random.SeedSequence([self._seed, draw]).generate_state(1)
        scratch = optuna.create_study(
            sampler=optuna.samplers.RandomSampler(int(seed))
        )
        spaces = {
            name: FloatDistribution(low, high, log=True)
            for name, (low, high) in self._ranges.items()
        }
        waiting = optuna.trial.create_trial(
            state=TrialState.WAITING,
            params=scratch.ask(spaces).params,
            distributions=spaces,
            user_attrs={_DRAW: draw},
        )
        self._study.add_trial(waiting)

    def _drop_the_dead(self) -> None:
        """Trials whose process was killed are running no more."""
        for trial in self._study.get_trials(states=[TrialState.RUNNING]):
            # Older code has no locks, and knew of one process only.
            held = lock.of_directory(self.logs(trial)).is_held()
            if _DRAW not in trial.user_attrs or not held:
                self._study.tell(trial.number, state=TrialState.FAIL)

    def _remove_locks(self) -> None:
        """Of trials that ended right before their process was killed."""
        with self.alone():
            for trial in self._study.get_trials(deepcopy=False, states=_ENDED):
                lock.of_directory(self.logs(trial)).is_held()

    def _claim(self, config: dict[str, Any]) -> None:
        known = self._study.user_attrs.get("config", config)
        if "kind" in config and "kind" not in known:
            known = self._upgraded(known)
        changed = differences(known, config)
        if changed:
            raise UserError(
                f"--study={self.path} holds a search with other flags: "
                f"{'; '.join(changed)}. Use another --study, or the same flags."
            )
        self._study.set_user_attr("config", config)

    def _upgraded(self, known: dict[str, Any]) -> dict[str, Any]:
        """What a search that is older than kinds would have noted now."""
        own = {f"{name}_range" for name in self._ranges} | {"startup_trials"}
        kept = {name: v for name, v in known.items() if name in own}
        settings = from_record(
            {name: v for name, v in known.items() if name not in own}
        ).record()
        shared = {n: v for n, v in settings.items() if n not in self._ranges}
        return shared | kept


def _open(path: pathlib.Path, pruner) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Without a pool a connection is closed as soon as it is not used.
    engine = {
        "connect_args": {"timeout": _PATIENCE},
        "poolclass": sqlalchemy.NullPool,
    }
    try:
        return optuna.create_study(
            storage=optuna.storages.RDBStorage(
                f"sqlite:///{path.absolute()}", engine
            ),
            study_name=_NAME,
            pruner=pruner,
            load_if_exists=True,
        )
    except sqlalchemy.exc.DatabaseError as error:
        raise UserError(
            "--study must name the SQLite file of a search, or a new one. "
            f"Received: {path} ({error.orig})"
        ) from error


def _reason(error: Exception) -> str:
    """What SQLite said, whoever has handed it on."""
    cause = error.__cause__ or error
    return str(getattr(cause, "orig", None) or cause).splitlines()[0]


def _row(number: int, trial: FrozenTrial) -> dict[str, Any]:
    state = trial.state.name.lower()
    return {
        "trial": number,
        "state": "diverged" if trial.user_attrs.get(_DIVERGED) else state,
        **trial.params,
        "validation_error": trial.value,
        "validation_error_by_step": trial.intermediate_values,
        "seconds": trial.duration.total_seconds(),
    }
