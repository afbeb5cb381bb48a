"""What a run shows of itself while it trains."""

import sys

import tqdm


def progress_bar(step: int, steps: int) -> tqdm.tqdm:
    """A bar from the present step on; only on a terminal."""
    return tqdm.tqdm(
        initial=step,
        total=steps,
        unit="step",
        disable=not sys.stderr.isatty(),
        dynamic_ncols=True,
    )


def say(line: str) -> None:
    """Prints a line without tearing the progress bar."""
    tqdm.tqdm.write(line, file=sys.stdout)
    sys.stdout.flush()


def time_left(seconds: float, step: int, steps: int) -> str:
    """How long the other steps will take if those made took so long."""
    return f"{seconds / step * (steps - step) / 60:.1f} min left"
