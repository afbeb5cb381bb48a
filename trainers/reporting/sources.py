"""The section of sources: where the published figures are from."""

from collections.abc import Iterator

from trainers.reporting.markdown import paragraph, percent, table
from trainers.reporting.published import LEFT_OUT, SOURCES, TASKS


def section() -> Iterator[str]:
    """The blocks of the section."""
    yield "## Sources"
    yield "\n".join(f"- {name}: {words}." for name, words in SOURCES.items())
    yield table(
        [
            {
                "public figure": f"{task.title}, {glimpses} glimpses",
                "error": percent(public.error),
                "with glimpses": str(public.glimpses or glimpses),
                "source": public.source,
            }
            for task in TASKS.values()
            for glimpses, row in task.rows.items()
            for public in row.public
        ]
    )
    yield paragraph(
        "Public figures of networks without attention are tfRAM's. " + LEFT_OUT
    )
