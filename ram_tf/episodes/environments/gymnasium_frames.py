"""What an environment of Gymnasium must be for a model that looks and acts."""

import functools
import importlib.metadata
from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces

from ram_tf.episodes.environments import gymnasium_catch
from ram_tf.errors import UserError
from ram_tf.gate import check_channels_last

# Catch is known by its name wherever we make environments.
gymnasium_catch.register()


class Interface(NamedTuple):
    """Between an environment and a model.

    Attributes:
        frame_shape: (H, W, C).
        read_frames: Makes frames [N, H, W, C], uint8 or float32 in [0, 1], of
            the observations of N environments; raises UserError on values
            outside the bounds that the environment declares, NaN among them.
        num_actions: A.
        first_action: What the environment calls action 0.
    """

    frame_shape: tuple[int, int, int]
    read_frames: Callable[[Any], np.ndarray]
    num_actions: int
    first_action: int


def find_interface(env_id: str) -> Interface:
    """Looks an environment up, makes one, and says what it shows and takes.

    Args:
        env_id: As `gymnasium.make` takes it, "module:ID" among others.

    Raises:
        UserError: On an unknown id, or an environment that cannot be made,
            shows no image, or takes no discrete actions.
    """
    with _make(env_id) as env:
        seen, done = env.observation_space, env.action_space
    if not isinstance(done, spaces.Discrete):
        raise UserError(
            "The environment's actions must be discrete, one a step. "
            f"Received: {env_id} with {done}"
        )
    shape, read = _frame_reader(env_id, seen)
    return Interface(shape, read, int(done.n), int(done.start))


def _make(env_id: str) -> gymnasium.Env:
    try:
        try:
            return gymnasium.make(env_id, disable_env_checker=True)
        except gymnasium.error.UnregisteredEnv:
            _register_announced()
            return gymnasium.make(env_id, disable_env_checker=True)
    except (gymnasium.error.Error, ImportError) as error:
        if not _is_unknown(env_id, error):
            raise  # Of a module that the environment imports.
        raise UserError(
            "The environment must be one that gymnasium.make(ID) makes; where "
            "a package must be imported first, MODULE:ID names it. Received: "
            f"{env_id!r} ({error})"
        ) from error


def _is_unknown(env_id: str, error: Exception) -> bool:
    """Whether Gymnasium says so, or its module is not there."""
    if isinstance(error, gymnasium.error.Error):
        return True
    missing = (error.__cause__ or error).name  # Gymnasium puts words around.
    module = env_id.partition(":")[0]
    return missing is not None and f"{module}.".startswith(f"{missing}.")


@functools.cache  # Once: Gymnasium warns of what is registered again.
def _register_announced() -> None:
    """Registers what installed packages announce by their entry points.

    Gymnasium did so itself before 1.0; MinAtar still relies on it.
    """
    for entry in importlib.metadata.entry_points(group="gymnasium.envs"):
        entry.load()()


def _frame_reader(env_id: str, space: spaces.Space):
    """The shape of the frames, and what makes them of observations."""
    named = isinstance(space, spaces.Dict) and "image" in space.spaces
    box = space["image"] if named else space
    if not _shows_images(box):
        raise UserError(
            'The environment\'s observations, or their part "image", must be '
            "images [H, W] or [H, W, C] of numbers with finite bounds. "
            f"Received: {env_id} with {space}"
        )
    if len(box.shape) == 3:
        _check_order(env_id, box.shape)
    low, high = np.float32(box.low.min()), np.float32(box.high.max())
    bytes_already = box.dtype == np.uint8 and (low, high) == (0, 255)

    def read(observation) -> np.ndarray:
        frames = observation["image"] if named else observation
        if not bytes_already:
            _check_bounds(env_id, frames, low, high)
            frames = (frames.astype(np.float32) - low) / (high - low)
        return frames.reshape([-1, *shape])

    height, width, *channels = box.shape
    shape = (height, width, channels[0] if channels else 1)
    return shape, read


def _check_order(env_id: str, shape: tuple[int, ...]) -> None:
    try:
        check_channels_last(shape)
    except UserError as error:
        raise UserError(
            f"{env_id}: {error}, in gymnasium.wrappers.TransformObservation"
        ) from None


def _check_bounds(env_id: str, frames: np.ndarray, low, high) -> None:
    least, most = float(frames.min()), float(frames.max())
    if not (low <= least and most <= high):  # NaN is never within.
        raise UserError(
            f"What {env_id} shows must lie within the bounds that its "
            f"observation space declares, {low:g} to {high:g}. Received: "
            f"values from {least:g} to {most:g}"
        )


def _shows_images(box: spaces.Space) -> bool:
    if not isinstance(box, spaces.Box) or len(box.shape) not in (2, 3):
        return False
    if 0 in box.shape:
        return False
    low, high = float(box.low.min()), float(box.high.max())
    return low < high and np.isfinite([low, high]).all()
