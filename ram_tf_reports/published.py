"""What others have published on the paper's tasks: facts.

Errors are in % of the test set; templates/sources.j2 says where they stand.
"""

from typing import NamedTuple


class Public(NamedTuple):
    """A figure of a public implementation.

    Attributes:
        error: In %.
        source: Whose it is; most are tfRAM's.
        glimpses: If other than those of the row that it is compared with.
    """

    error: float
    source: str = "tfRAM"
    glimpses: int | None = None


class Row(NamedTuple):
    """A row of the paper's tables.

    Attributes:
        arxiv: Error in the arXiv version.
        nips: Error in the proceedings; the target.
        public: Comparable figures of public implementations.
    """

    arxiv: float | None = None
    nips: float | None = None
    public: tuple[Public, ...] = ()

    @property
    def best_public(self) -> Public | None:
        """The public figure with the smallest error."""
        return min(self.public, default=None)


class Task(NamedTuple):
    """A task of the paper.

    Attributes:
        title: Its name in the tables.
        data: What an image is.
        glimpse_size: Side of a glimpse in pixels.
        scales: Of the retina.
        aim: The error with all glimpses that this project aims for.
        rows: By number of glimpses.
        networks: Rows of networks without attention, by --network.
        random_fixations: The paper's RAM with random glimpses (NIPS), with as
            many glimpses as the last row.
    """

    title: str
    data: str
    glimpse_size: int
    scales: int
    aim: float
    rows: dict[int, Row]
    networks: dict[str, Row]
    random_fixations: float | None = None

    @property
    def glimpses(self) -> int:
        """The largest number of glimpses in the paper's table."""
        return max(self.rows)

    @property
    def last(self) -> Row:
        """The row with all glimpses."""
        return self.rows[self.glimpses]

    @property
    def retina(self) -> str:
        """What a glimpse is, as the paper writes it."""
        return f"{self.glimpse_size}×{self.glimpse_size}×{self.scales}"

    @property
    def pixels(self) -> int:
        """What the paper's model senses of an image with all glimpses."""
        return self.glimpses * self.glimpse_size**2 * self.scales


NETWORKS = {
    "fc_64": "FC, 2 layers of 64",
    "fc_256": "FC, 2 layers of 256",
    "conv": "conv net, 2 layers",
}
_SEVEN_GLIMPSES = Public(0.92, "Element-Research", 7)
# By the name of the flagfile and of the folder of records.
TASKS = {
    "mnist": Task(
        title="MNIST 28×28",
        data="MNIST as it is, 28×28",
        glimpse_size=8,
        scales=1,
        aim=0.60,
        rows={
            2: Row(6.27, 3.79),
            3: Row(2.7, 1.51),
            4: Row(1.73, 1.54),
            5: Row(1.55, 1.34),
            6: Row(1.29, 1.12, (Public(1.13, "masaki-y"),)),
            7: Row(1.47, 1.07, (Public(0.85, "Element-Research"),)),
        },
        networks={"fc_256": Row(1.35, 1.69), "conv": Row(None, 1.21)},
    ),
    "translated": Task(
        title="translated 60×60",
        data="a digit anywhere on 60×60",
        glimpse_size=12,
        scales=3,
        aim=0.75,
        rows={
            4: Row(2.29, 1.54, (Public(1.54),)),
            6: Row(1.86, 1.22, (Public(1.08),)),
            8: Row(1.84, 1.2, (_SEVEN_GLIMPSES, Public(0.94))),
        },
        networks={
            "fc_64": Row(7.56, 6.42, (Public(6.78),)),
            "fc_256": Row(3.7, 2.63, (Public(2.65),)),
            "conv": Row(2.31, 1.62, (Public(1.57),)),
        },
    ),
    "cluttered": Task(
        title="cluttered 60×60",
        data="a digit anywhere on 60×60, and four 8×8 patches of other digits",
        glimpse_size=12,
        scales=3,
        aim=2.0,
        rows={
            4: Row(7.1, 4.96, (Public(5.15),)),
            6: Row(5.88, 4.08, (Public(3.33),)),
            8: Row(5.23, 4.04, (Public(2.63),)),
        },
        networks={
            "fc_64": Row(28.96, 28.58, (Public(29.13),)),
            "fc_256": Row(13.2, 11.96, (Public(11.36),)),
            "conv": Row(7.83, 8.09, (Public(8.37),)),
        },
        random_fixations=14.4,
    ),
    "cluttered_100": Task(
        title="cluttered 100×100",
        data="a digit anywhere on 100×100, and eight 8×8 patches of other "
        "digits",
        glimpse_size=12,
        scales=4,
        aim=3.5,
        rows={
            4: Row(14.95, 9.41, (Public(14.86),)),
            6: Row(11.58, 8.31, (Public(8.3),)),
            8: Row(10.83, 8.11, (Public(5.9),)),
        },
        networks={"conv": Row(16.51, 14.35, (Public(16.22),))},
        random_fixations=28.4,
    ),
}
# Balls of Catch caught in %, and millions of frames.
CATCH = {
    "the paper": (85.0, 20),
    "best public code (samrudhdhirangrej)": (89.0, 360),
}
