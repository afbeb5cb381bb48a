"""The commands that train: one for each kind of run, or for its sources."""

from collections.abc import Sequence

from ram_tf_runs import memory
from ram_tf_runs.command import Command
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.options import RunOptions
from ram_tf_runs.settings.run import RunSettings


def command(
    kind: type[RunSettings], name: str, sources: Sequence[str] = ()
) -> Command:
    """The command that trains runs of a kind, and measures them at the end.

    Args:
        kind: Of the settings of its runs.
        name: Names the default --workdir.
        sources: What --source may be there, the first by default; all by
            default.
    """

    def main(settings: RunSettings, options: RunOptions) -> int:
        if sources and settings.source not in sources:
            raise UserError(
                f"--source of trainers.{name} must be one of {list(sources)}. "
                f"Received: {settings.source!r}"
            )
        memory.check(settings)
        workdir = options.place.workdir or f"runs/{name}"
        # TensorFlow comes with it; --help does without.
        from ram_tf_runs import course

        return course.run(settings, workdir, options.data.data_dir)

    return Command(
        main,
        (kind, RunOptions),
        defaults={"source": sources[0]} if sources else {},
        others="It belongs to other runs, or to none; --help lists those here.",
    )
