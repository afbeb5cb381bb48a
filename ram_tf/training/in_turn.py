"""Steps of several programs in turn: each on data of its own shape."""

from collections import Counter
from collections.abc import Sequence

from ram_tf.training.compiled_steps import CompiledSteps
from ram_tf.training.steps import Steps

_BLOCK = 4  # Steps of one, before the next has its turn.


class InTurn(Steps):
    """Blocks of a few steps of each program, round and round.

    Which makes a step follows from the step's number alone, so that a resumed
    run goes on as an uninterrupted one.

    Args:
        programs: Of one agent; one may have several turns.
    """

    most = _BLOCK

    def __init__(self, programs: Sequence[CompiledSteps]):
        self._programs = list(programs)
        self.optimizer = programs[0].optimizer
        self.unit = programs[0].unit

    def make(self, step, count):
        totals: Counter[str] = Counter()
        end = step + count
        while step < end:
            block = step // _BLOCK
            part = min(end, (block + 1) * _BLOCK) - step
            program = self._programs[block % len(self._programs)]
            totals.update(program.make(step, part))
            step += part
        return dict(totals)

    def join(self, team):
        for program in dict.fromkeys(self._programs):
            program.join(team)

    def counted(self):
        counted = self._programs[0].counted()
        rate = self.units_per_second or 0.0
        return counted | {f"{self.unit}_per_second": rate}

    @property
    def units_per_second(self):
        different = set(self._programs)
        seconds = sum(program.seconds for program in different)
        units = sum(program.units for program in different)
        return units / seconds if seconds else None
