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
        held: Wraps an environment; the other one raises UserError where it
            shows another shape than it declares, or numbers that are others in
            the type that it declares. Arrays of many would change them.
        read_frames: Makes frames [N, H, W, C], uint8 or float32 in [0, 1], of
            the observations of N environments; raises UserError on values
            outside the bounds that the environment declares, NaN among them.
        num_actions: A.
        first_action: What the environment calls action 0.
    """

    frame_shape: tuple[int, int, int]
    held: Callable[[gymnasium.Env], gymnasium.Wrapper]
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
    held = functools.partial(_Held, env_id)
    return Interface(shape, held, read, int(done.n), int(done.start))


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
    cause: Any = error.__cause__ or error  # Gymnasium puts words around.
    missing = cause.name
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
    named, box = _box_of(space)
    if not _shows_images(box):
        raise UserError(
            'The environment\'s observations, or their part "image", must be '
            "images [H, W] or [H, W, C] of numbers with finite bounds. "
            f"Received: {env_id} with {space}"
        )
    if len(box.shape) == 3:
        _check_order(env_id, box.shape)
    low, high = np.float32(box.low.min()), np.float32(box.high.max())
    bytes_already = box.dtype == np.uint8 and low == 0 and high == 255

    def read(observation) -> np.ndarray:
        frames = observation["image"] if named else observation
        if not bytes_already:
            _check_bounds(env_id, frames, box)
            frames = (frames.astype(np.float32) - low) / (high - low)
        return frames.reshape([-1, *shape])

    height, width, *channels = box.shape
    shape = (height, width, channels[0] if channels else 1)
    return shape, read


def _box_of(space: spaces.Space) -> tuple[bool, Any]:
    """Whether the frames have a name in observations, and their own space."""
    parts = space.spaces if isinstance(space, spaces.Dict) else {}
    return "image" in parts, parts.get("image", space)


class _Held(gymnasium.ObservationWrapper):
    """Keeps an environment to the shape and type that it declares."""

    def __init__(self, env_id: str, env: gymnasium.Env):
        super().__init__(env)
        self._id = env_id
        self._named, self._box = _box_of(env.observation_space)

    def observation(self, observation):
        if not self._named:
            return self._checked(observation)
        return {**observation, "image": self._checked(observation["image"])}

    def _checked(self, shown: Any) -> np.ndarray:
        frame, box = np.asarray(shown), self._box
        if frame.shape == box.shape and frame.dtype == box.dtype:
            return frame
        if frame.shape == box.shape and frame.dtype.kind in "biuf":
            with np.errstate(invalid="ignore"):
                cast = frame.astype(box.dtype)
            # Of a float another float's rounding does not matter.
            both = {frame.dtype.kind, box.dtype.kind}
            if both == {"f"} or np.array_equal(cast, frame):
                return cast
        values = (
            f", from {frame.min():g} to {frame.max():g}"
            if frame.size and frame.dtype.kind in "iuf"
            else ""
        )
        raise UserError(
            f"What {self._id} shows must be what its observation space "
            f"declares, {box.dtype} {list(box.shape)}. Received: "
            f"{frame.dtype} {list(frame.shape)}{values}"
        )


def _check_order(env_id: str, shape: tuple[int, ...]) -> None:
    try:
        check_channels_last(shape)
    except UserError as error:
        raise UserError(
            f"{env_id}: {error}, in gymnasium.wrappers.TransformObservation"
        ) from None


def _check_bounds(env_id: str, frames: np.ndarray, box: spaces.Box) -> None:
    """Each number has bounds of its own."""
    outside = ~((box.low <= frames) & (frames <= box.high))  # NaN is, too.
    if outside.any():
        place = tuple(np.argwhere(outside)[0][1:])
        low, high = float(box.low[place]), float(box.high[place])
        least, most = (float(f(frames[outside])) for f in (np.min, np.max))
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
    low, high = np.float32(box.low.min()), np.float32(box.high.max())
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(low < high and np.isfinite(high - low))
