"""Catch as a Gymnasium environment, "ram_tf/Catch-v0"."""

import math
from typing import Any

import gymnasium
import numpy as np

from ram_tf.episodes.environments.catch_rules import ACTIONS, PIXEL, CatchRules
from ram_tf.errors import UserError

ID = "ram_tf/Catch-v0"


class GymnasiumCatch(gymnasium.Env):
    """One game of Catch at a time, by the rules of CatchRules.

    Observations are the screen, [height, width, 1] uint8, 0 or 255. Actions are
    0, 1, 2: the paddle goes left, stays, goes right. The last step's reward is
    1 if the ball was caught; all others' are 0.

    `reset(options=...)` takes "column" (of the ball), "dx" (pixels to the right
    in a step, rounded to 2^-20) and "paddle" (its first cell); what is not
    given is drawn. `info` has them all.

    Args:
        render_mode: "rgb_array" ([height, width, 3] uint8) or "ansi" (text).
        **rules: Arguments of CatchRules.

    Raises:
        UserError: On bad rules, render mode, options or actions.
    """

    metadata = {  # noqa: RUF012  Gymnasium declares it so.
        "render_modes": ["rgb_array", "ansi"],
        "render_fps": 12,
    }

    def __init__(self, render_mode: str | None = None, **rules: Any):
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UserError(
                "`render_mode` must be None or one of "
                f"{self.metadata['render_modes']}. Received: {render_mode!r}"
            )
        self.render_mode = render_mode
        self.rules = CatchRules(**rules)
        self.observation_space = gymnasium.spaces.Box(
            0, 255, (self.rules.height, self.rules.width, 1), np.uint8
        )
        self.action_space = gymnasium.spaces.Discrete(len(ACTIONS))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        game = self._draw() | (options or {})
        self._check(game)
        self._t = 0
        self._column = int(game["column"])
        self._dx = round(game["dx"] * PIXEL)
        self._paddle = int(game["paddle"])
        return self._screen(), self._info()

    def step(self, action):
        if not self.action_space.contains(action):
            raise UserError(
                f"Actions must be one of 0 to {len(ACTIONS) - 1}. "
                f"Received: {action!r}"
            )
        if self._t >= self.rules.steps:
            raise UserError("The game is over: call reset() first.")
        last = self.rules.last_paddle
        self._paddle = min(max(self._paddle + int(action) - 1, 0), last)
        self._t += 1
        ended = self._t == self.rules.steps
        caught = ended and self.rules.covers(self._paddle, self._ball)
        return self._screen(), float(caught), ended, False, self._info()

    def render(self):
        if self.render_mode == "rgb_array":
            return np.repeat(self._screen(), 3, axis=-1)
        if self.render_mode == "ansi":
            rows = self._screen()[..., 0] > 0
            return "\n".join(
                "".join("#" if lit else "." for lit in row) for row in rows
            )
        return None

    @property
    def _ball(self) -> int:
        return self.rules.ball_column(self._column, self._dx, self._t)

    def _draw(self) -> dict[str, float]:
        rules, random = self.rules, self.np_random
        angles = rules.angles
        if rules.extremes_only:
            angle = angles[random.integers(2)]
        else:
            angle = random.uniform(*angles)
        sideways = math.cos(math.radians(angle)) / math.cos(math.pi / 4)
        return {
            "column": int(random.integers(rules.width)),
            "dx": rules.speed * sideways,
            "paddle": int(random.integers(rules.last_paddle + 1)),
        }

    def _check(self, game: dict[str, float]) -> None:
        rules = self.rules
        limits = {
            "column": (0, rules.width - 1),
            "dx": (-1, 1),
            "paddle": (0, rules.last_paddle),
        }
        for name, value in game.items():
            if name not in limits:
                raise UserError(
                    f"`options` may have {list(limits)}. Received: {name!r}"
                )
            low, high = limits[name]
            whole = name == "dx" or value == int(value)
            if not low <= round(value, 9) <= high or not whole:
                raise UserError(
                    f"`{name}` must be {'' if name == 'dx' else 'whole and '}"
                    f"between {low} and {high}. Received: {value!r}"
                )

    def _info(self) -> dict[str, float]:
        return {
            "column": self._column,
            "dx": self._dx / PIXEL,
            "paddle": self._paddle,
            "ball": self._ball,
        }

    def _screen(self) -> np.ndarray:
        rules = self.rules
        screen = np.zeros([rules.height, rules.width, 1], np.uint8)
        screen[self._t, self._ball] = 255
        paddle = self._paddle
        screen[-1, paddle : paddle + rules.paddle_width] = 255
        return screen


def register() -> None:
    """Makes gymnasium.make know the environment by its name."""
    if ID not in gymnasium.registry:
        gymnasium.register(
            ID, f"{__name__}:{GymnasiumCatch.__name__}", order_enforce=True
        )
