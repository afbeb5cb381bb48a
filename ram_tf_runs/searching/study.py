"""A random search as Optuna keeps it: an SQLite file that outlives a crash.

The paper draws the learning rate and the standard deviation of locations at
random (section 4); here both are log-uniform.
"""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
import sqlalchemy
from optuna.trial import FrozenTrial, Trial, TrialState

from ram_tf_runs.errors import UserError
from ram_tf_runs.records.workdir import differences
from ram_tf_runs.settings.run import from_record

_NAME = "search"
# A trial that became infinite or NaN is pruned, and has this attribute.
_DIVERGED = "diverged"

Ranges = Mapping[str, tuple[float, float]]


class Study:
    """Draws trials and keeps what became of them; for one process at a time.

    Draw i is a pure function of the seed and i, where i counts the trials that
    have ended, whether complete or pruned. A trial that was interrupted is
    drawn again, so that a resumed study equals an uninterrupted one.

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
        self._study = _open(path, optuna.pruners.MedianPruner(startup_trials))
        drawn = {f"{name}_range": list(r) for name, r in ranges.items()}
        self._claim(dict(config) | drawn | {"startup_trials": startup_trials})
        for trial in self._study.get_trials(states=[TrialState.RUNNING]):
            # Its process was killed.
            self._study.tell(trial.number, state=TrialState.FAIL)

    @property
    def config(self) -> dict[str, Any]:
        """What all trials have in common, and what they are drawn from."""
        return self._study.user_attrs["config"]

    @property
    def trials(self) -> list[dict[str, Any]]:
        """The trials that have ended.

        Each has "trial" (its number), "state" ("complete", "pruned" or
        "diverged"), the settings that were drawn, "validation_error" (the best
        if complete, else the last, if any), "validation_error_by_step" and
        "seconds".
        """
        return [_row(trial) for trial in self._ended()]

    def ask(self) -> Trial:
        """A new trial, its settings drawn: `trial.params`."""
        key = [self._seed, len(self._ended())]
        (seed,) = np.random.SeedSequence(key).generate_state(1)
        self._study.sampler = optuna.samplers.RandomSampler(int(seed))
        trial = self._study.ask()
        for name, (low, high) in self._ranges.items():
            trial.suggest_float(name, low, high, log=True)
        return trial

    def complete(self, trial: Trial, error: float) -> None:
        """Keeps the error of a whole trial, in %."""
        self._study.tell(trial, error)

    def prune(self, trial: Trial, diverged: bool = False) -> None:
        """Keeps a trial that was not worth going on with."""
        trial.set_user_attr(_DIVERGED, diverged)
        self._study.tell(trial, state=TrialState.PRUNED)

    def fail(self, trial: Trial) -> None:
        """Drops a trial that something else ended; it is drawn again."""
        self._study.tell(trial, state=TrialState.FAIL)

    def _ended(self) -> list[FrozenTrial]:
        return self._study.get_trials(
            deepcopy=False, states=[TrialState.COMPLETE, TrialState.PRUNED]
        )

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
    path.parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return optuna.create_study(
            storage=optuna.storages.RDBStorage(f"sqlite:///{path.absolute()}"),
            study_name=_NAME,
            pruner=pruner,
            load_if_exists=True,
        )
    except sqlalchemy.exc.DatabaseError as error:
        raise UserError(
            "--study must name the SQLite file of a search, or a new one. "
            f"Received: {path} ({error.orig})"
        ) from error


def _row(trial: FrozenTrial) -> dict[str, Any]:
    state = trial.state.name.lower()
    return {
        "trial": trial.number,
        "state": "diverged" if trial.user_attrs.get(_DIVERGED) else state,
        **trial.params,
        "validation_error": trial.value,
        "validation_error_by_step": trial.intermediate_values,
        "seconds": trial.duration.total_seconds(),
    }
