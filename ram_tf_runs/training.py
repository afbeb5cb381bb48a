"""The commands that train: one for each kind of run, or for its sources."""

from collections.abc import Sequence

from ram_tf_runs import cluster, memory
from ram_tf_runs.command import Command
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings import flags
from ram_tf_runs.settings.options import TrainOptions
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.side_by_side.together import Together


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

    defaults = {"source": sources[0]} if sources else {}

    def main(settings: RunSettings, options: TrainOptions) -> int:
        if sources and settings.source not in sources:
            raise UserError(
                f"--source of trainers.{name} must be one of {list(sources)}. "
                f"Received: {settings.source!r}"
            )
        memory.check(settings)
        workdir = options.place.workdir or f"runs/{name}"
        place = _place(settings, options.workers.workers)
        if options.workers.workers > 1:
            alike = options.replace(workdir=workdir, workers=1)
            own = flags.arguments(settings, defaults) + flags.arguments(alike)
            return Together(options.workers.workers).run([name, *own])
        # TensorFlow comes with it; --help does without.
        from ram_tf_runs import course

        timeout = options.workers.worker_timeout
        data_dir = options.data.data_dir
        return course.run(settings, workdir, data_dir, place, timeout)

    return Command(
        main,
        (kind, TrainOptions),
        defaults=defaults,
        others="It belongs to other runs, or to none; --help lists those here.",
    )


def _place(settings: RunSettings, workers: int) -> cluster.Place:
    """Where this process is among those that train together.

    Raises:
        UserError: If settings do not go with so many.
    """
    place, received = cluster.place(), f"--workers={workers}"
    if place.count > 1:
        given = f"{cluster.VARIABLE} of {place.count} workers"
        if workers > 1:
            raise UserError(
                f"--workers must not be given where {cluster.VARIABLE} says "
                f"who trains together. Received: {received} and a {given}"
            )
        workers, received = place.count, f"a {given}"
    if workers > 1:
        settings.check_workers(workers, received)
    return place
