"""The rules of Catch, once, for tensors, arrays and plain integers alike.

A ball falls from the top of a binary screen, a row a step, and bounces off the
side walls; a paddle on the last row must be under it when it lands (paper,
section 4.2). Positions are whole numbers, the ball's in units of 2^-20 pixels:
so a game is the same to the pixel in Python, in eager mode and under XLA.
"""

import dataclasses
import math
from typing import Any

from ram_tf.errors import UserError
from ram_tf.validation import check_positive, check_positive_int

# Units of the ball's position in a pixel; 1024 pixels and twice that still fit
# into int32.
PIXEL = 2**20
_LARGEST = 1024
ACTIONS = ("left", "stay", "right")


@dataclasses.dataclass(frozen=True)
class CatchRules:
    """Sizes and speeds of a game, and where the ball is.

    A game is given by `column`, where the ball starts, `dx`, its way to the
    right in a step, in units, and `paddle`, the paddle's first cell.

    Args:
        height, width: Of the screen in pixels.
        paddle_width: Cells of the paddle.
        angles: Range of the ball's direction in degrees: uniform; 0 is to the
            right, 90 straight down.
        extremes_only: Whether only the ends of that range occur, as often; with
            45 and 135 degrees the ball moves by -1 or +1.
        speed: Pixels to the right in a step at 45 degrees; cos(angle) /
            cos(45) times that at others.

    Raises:
        UserError: On sizes or angles out of range.
    """

    height: int = 24
    width: int = 24
    paddle_width: int = 2
    angles: tuple[float, float] = (45.0, 135.0)
    extremes_only: bool = False
    speed: float = 1.0

    def __post_init__(self):
        for name in ("height", "width"):
            value = getattr(self, name)
            check_positive_int(name, value)
            if not 2 <= value <= _LARGEST:
                raise UserError(
                    f"`{name}` must lie between 2 and {_LARGEST}. "
                    f"Received: {name}={value}"
                )
        check_positive_int("paddle_width", self.paddle_width)
        if self.paddle_width > self.width:
            raise UserError(
                f"`paddle_width` must be at most the width, {self.width}. "
                f"Received: paddle_width={self.paddle_width}"
            )
        check_positive("speed", self.speed)
        if len(self.angles) != 2 or not (
            0 <= self.angles[0] <= self.angles[1] <= 180
        ):
            raise UserError(
                "`angles` must be two numbers, 0 <= low <= high <= 180. "
                f"Received: angles={self.angles}"
            )
        if self.fastest > 1:
            raise UserError(
                "`speed` and `angles` must let the ball move sideways by at "
                f"most a pixel a step. Received: {self.fastest:g} pixels"
            )

    @property
    def steps(self) -> int:
        """Steps of a game: the ball starts on row 0 and ends on the last."""
        return self.height - 1

    @property
    def last_paddle(self) -> int:
        """Largest column of the paddle's first cell."""
        return self.width - self.paddle_width

    @property
    def fastest(self) -> float:
        """Pixels that the ball moves sideways in a step, at most."""
        pixels = max(abs(math.cos(math.radians(a))) for a in self.angles)
        return round(self.speed * pixels / math.cos(math.pi / 4), 9)

    def ball_column(self, column: Any, dx: Any, t: int) -> Any:
        """The pixel that the ball is drawn at after t steps, floor(x + 0.5).

        Its way is reflected into [0, width - 1]. Takes integers, arrays and
        tensors of integers.
        """
        wall = (self.width - 1) * PIXEL
        unfolded = (column * PIXEL + dx * t) % (2 * wall)
        x = wall - abs(wall - unfolded)
        return (x + PIXEL // 2) // PIXEL

    def covers(self, paddle: Any, column: Any) -> Any:
        """Whether the paddle's cells cover a column."""
        return (column >= paddle) & (column < paddle + self.paddle_width)
