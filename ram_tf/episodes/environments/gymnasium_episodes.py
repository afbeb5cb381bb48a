"""Episodes of a Gymnasium environment, played side by side and recorded."""

import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import gymnasium
import numpy as np

from ram_tf.episodes.environments.gymnasium_frames import find_interface
from ram_tf.errors import UserError
from ram_tf.validation import check_positive_int


class Player(Protocol):
    """Says what is done in all N episodes.

    It takes the frames [N, H, W, C], what it remembered (None at first), the
    seed of the episodes [2] int32 and the number of steps made; it returns
    actions by name, "action" [N] among them, and what it remembers.
    """

    def __call__(
        self, frames: np.ndarray, memory: Any, seed: np.ndarray, t: int
    ) -> tuple[dict[str, Any], Any]: ...


class Episodes(NamedTuple):
    """What happened; all but `ended` is [N, t, ...].

    t is the length of the longest, rounded up to a power of two but not beyond
    T: few lengths, because what trains on them is compiled for each. Of what
    follows an end only `valid` and `reward` mean something; they are 0.

    Attributes:
        observation: Frames, uint8 or float32 in [0, 1], [N, t, H, W, C].
        action: Actions by name, as the player gave them.
        reward: That followed step t, float32.
        valid: 1 while the episode was running, else 0, float32.
        ended: Whether it ended within T steps, [N] bool; else it was cut.
    """

    observation: np.ndarray
    action: dict[str, np.ndarray]
    reward: np.ndarray
    valid: np.ndarray
    ended: np.ndarray


class GymnasiumEpisodes:
    """Plays N fresh episodes at a time, each of at most T steps.

    Args:
        env_id: Of the environment, as `gymnasium.make` takes it.
        rows: N.
        steps: T; longer episodes are cut there.

    Attributes:
        frame_shape: (H, W, C).
        num_actions: A.

    Raises:
        UserError: On counts below one, or as `find_interface`.
    """

    def __init__(self, env_id: str, rows: int, steps: int):
        check_positive_int("rows", rows)
        check_positive_int("steps", steps)
        self.env_id = env_id
        self.rows = rows
        self.steps = steps
        self._interface = find_interface(env_id)
        self.frame_shape = self._interface.frame_shape
        self.num_actions = self._interface.num_actions

    def play(self, player: Player, seed: Sequence[int]) -> Episodes:
        """Plays; the same seed and player give the same episodes.

        Args:
            player: Chooses the actions.
            seed: Integers of 0 or above.

        Raises:
            UserError: If the environment shows what it has not declared, or
                rewards are not finite float32.
        """
        words = np.random.SeedSequence(seed).generate_state(self.rows + 2)
        starts, drawn = words[:-2], (words[-2:] >> 1).astype(np.int32)
        # Fresh ones, since not all forget everything at a reset (MinAtar keeps
        # the last action): a resumed run could then not equal a whole one.
        envs = gymnasium.make_vec(
            self.env_id,
            self.rows,
            vectorization_mode="sync",
            disable_env_checker=True,
            wrappers=[self._interface.held],
        )
        with contextlib.closing(envs):
            return self._play(envs, starts, player, drawn)

    def _play(self, envs, starts, player, seed) -> Episodes:
        observation, _ = envs.reset(seed=[int(start) for start in starts])
        running, memory = np.ones(self.rows, bool), None
        steps: list[tuple] = []
        while running.any() and len(steps) < self.steps:
            frames = self._interface.read_frames(observation)
            action, memory = player(frames, memory, seed, len(steps))
            action = {name: np.asarray(value) for name, value in action.items()}
            # Those that have ended start again, unheeded.
            observation, reward, terminated, truncated, _ = envs.step(
                action["action"] + self._interface.first_action
            )
            with np.errstate(over="ignore"):
                paid = reward.astype(np.float32)  # As models are trained on it.
            if not np.isfinite(paid[running]).all():
                raise UserError(
                    f"Rewards of {self.env_id} must be finite. Received: "
                    f"{reward[running].tolist()} at step {len(steps)}"
                )
            steps.append((frames, action, paid, running))
            running = running & ~(terminated | truncated)
        return self._record(steps, ~running)

    def _record(self, steps, ended) -> Episodes:
        frames, actions, rewards, running = zip(*steps, strict=True)
        valid = self._join(running).astype(np.float32)
        return Episodes(
            observation=self._join(frames),
            action={
                name: self._join([action[name] for action in actions])
                for name in actions[0]
            },
            # What follows an end may be anything.
            reward=np.where(valid > 0, self._join(rewards), np.float32(0)),
            valid=valid,
            ended=ended,
        )

    def _join(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Of each step, [N, ...], to [N, t, ...]; 0 where none was made."""
        made, first = len(values), values[0]
        length = min(1 << (made - 1).bit_length(), self.steps)
        joined = np.zeros([self.rows, length, *first.shape[1:]], first.dtype)
        joined[:, :made] = np.stack(values, axis=1)
        return joined
