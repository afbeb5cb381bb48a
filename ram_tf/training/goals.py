"""Steps from goal to goal, made by one process or by a team of several."""

import signal
import time
from collections import Counter

from ram_tf.training.checkpoint import RunState
from ram_tf.training.interrupt import Interrupt, Interrupted
from ram_tf.training.progress import progress_bar
from ram_tf.training.steps import Steps
from ram_tf.training.team import LostError, Team

_PICTURES = 10
# Seconds that a call may take in which no signal is heard.
_LONGEST = 2.0


class GoalLoop:
    """Trains from wherever the state is, and does nothing else.

    That is what a process of a team does that is not its chief. All make the
    same calls, and leave together when one of them is told to.

    Args:
        steps: Makes the steps: CompiledSteps or RecordedSteps.
        state: The state of the run, restored already.
        team: With which it trains.
    """

    def __init__(self, steps: Steps, state: RunState, team: Team):
        self._steps = steps
        self._state = state
        self._team = team
        self._at_once = steps.most

    @property
    def units_per_second(self) -> float | None:
        """Units trained on a second, as the steps count."""
        return self._steps.units_per_second

    def run(self, steps: int, evaluations: int) -> None:
        """Trains until step `steps`, with so many evaluations on the way.

        Raises:
            Interrupted: After SIGTERM, SIGHUP or Ctrl-C, when the state is
                saved.
            DivergedError: On a loss that is not finite.
            LostError: If another process of the team is lost.
        """
        goals = [
            round(steps * (i + 1) / evaluations) for i in range(evaluations)
        ]
        pictured = goals[:: -max(1, evaluations // _PICTURES)]
        bar = progress_bar(self._state.step, steps)
        with Interrupt() as interrupt, bar:
            for goal in goals:
                if goal <= self._state.step:
                    continue
                metrics = self._train_until(goal, bar, interrupt)
                # A goal that is reached is evaluated even if a signal came: a
                # resumed run starts behind it.
                if self._state.step == goal:
                    self._evaluate(metrics, steps, picture=goal in pictured)
                _, number = self._agreed(interrupt)
                if number:
                    self._leave(number)

    def _train_until(self, goal, bar, interrupt) -> dict[str, float]:
        """Means of the training metrics over the steps up to goal."""
        total: Counter[str] = Counter()
        made = 0
        while (step := self._state.step) < goal:
            wanted = min(self._at_once, goal - step)
            count, number = self._agreed(interrupt, wanted)
            if number:
                break
            started = time.perf_counter()
            total.update(self._steps.make(step, count))
            seconds = time.perf_counter() - started
            self._state.seconds.assign_add(seconds)
            made += count
            self._at_once = _at_once(self._steps.most, seconds / count)
            bar.update(count)
            rate = self.units_per_second or 0
            bar.set_postfix_str(f"{rate:.0f} {self._steps.unit}/s")
        return {name: value / made for name, value in total.items()}

    def _agreed(
        self, interrupt: Interrupt, count: int = 0
    ) -> tuple[int, signal.Signals | None]:
        """Steps that all of the team make next, and the signal that one has.

        Who is told to stop leaves, also if others did not wait for it.
        """
        try:
            said = self._team.told([count, interrupt.signal or 0])
        except LostError:
            if interrupt.signal:
                return 0, interrupt.signal
            raise
        counts, numbers = said.T
        number = int(numbers.max())
        return int(counts.min()), signal.Signals(number) if number else None

    def _evaluate(
        self, metrics: dict[str, float], steps: int, picture: bool
    ) -> None:
        """What is done at a goal: nothing but waiting for the chief.

        Args:
            metrics: Means over the steps up to it.
            steps: Of the whole run.
            picture: Whether rollouts are to be drawn.
        """

    def _leave(self, number: signal.Signals) -> None:
        """Raises Interrupted."""
        raise Interrupted(number, self._state.step)


def _at_once(most: int, seconds: float) -> int:
    """Steps of one call: as many as one may be waited for, to be stopped.

    Args:
        most: In any case.
        seconds: That a step took.
    """
    return max(1, min(most, int(_LONGEST / max(seconds, 1e-9))))
