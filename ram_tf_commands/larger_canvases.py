"""Measures a trained model on larger canvases than it was trained on.

    python -m trainers.larger_canvases --pretrained=cluttered_100 \\
        --canvases=100,150,200,256 --out=results/larger_canvases.json

Weights and moves stay as they were: a unit of location has as many pixels as on
the canvas of the training, and the eye reaches no further from the middle. The
clutter is as dense as it was there.
"""

import dataclasses
import pathlib
from typing import Any

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import OTHER_FLAGS, ModelOptions, Out


@dataclasses.dataclass(frozen=True)
class Canvases(Settings):
    """What a model is measured on."""

    canvases: tuple[str, ...] = setting(
        ("100", "150", "200", "256"), "Sides of the canvases in pixels."
    )
    test_canvases: int = setting(
        2000,
        "Number of test canvases of each size; at most all that there are.",
        least=1,
    )

    def check(self):
        whole = all(c.isdecimal() and int(c) for c in self.canvases)
        if not self.canvases or not whole:
            raise UserError(
                "--canvases must be whole numbers above zero, as in 100,256. "
                f"Received: --canvases={','.join(self.canvases)}"
            )


def main(options: ModelOptions, canvases: Canvases, out: Out) -> None:
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    from ram_tf_reports import canvas_errors
    from ram_tf_runs import memory, model_source
    from ram_tf_runs.records.workdir import write_json

    trained = model_source.load(options)
    sides = [int(side) for side in canvases.canvases]
    given = f"--canvases={','.join(canvases.canvases)}"
    memory.check_use(trained.settings, canvas=(given, max(sides)))
    result = canvas_errors.measure(trained, sides, canvases.test_canvases)
    print(table(result))
    if out.out:
        write_json(pathlib.Path(out.out), result)


def table(result: dict[str, Any]) -> str:
    """The errors as a few lines of text."""
    lines = [
        f"test error, % of {result['test_cases']} cases; trained on "
        f"{result['trained_on']}x{result['trained_on']}, the eye reaches "
        f"{result['reach']:g} pixels from the middle",
        "canvas  clutter   error  random  centre",
    ]
    for row in result["canvases"]:
        lines.append(
            f"{row['canvas']:6}{row['clutter']:9}{row['error']:8.2f}"
            f"{row['error_random_fixations']:8.2f}"
            f"{row['error_centre_only']:8.2f}"
        )
    return "\n".join(lines)


COMMAND = Command(
    main,
    (ModelOptions, Canvases, Out),
    others=OTHER_FLAGS,
)


if __name__ == "__main__":
    run(COMMAND)
