"""A game as a film or a story: the screen, the retina, what it saw."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw

from ram_tf import geometry
from ram_tf.episodes.environments.catch import Catch, Games
from ram_tf.evaluation.games import GameEvaluator, Played
from ram_tf.model import RecurrentAttentionModel
from ram_tf.pictures.paths import foveate

_ZOOM = 10  # Film pixels in a pixel of the screen.
_MARGIN = 4  # Pixels around the screen, where windows may overhang.
_BACKGROUND = (32, 34, 40)
# Of the windows, finest first, and of the end of a game.
_COLOURS = [(255, 209, 102), (17, 168, 171), (108, 117, 210), (150, 150, 150)]
_CAUGHT, _MISSED = (80, 190, 110), (220, 80, 80)
_MILLISECONDS, _PAUSE = 140, 1400
_IN_A_ROW, _SMALLER = 6, 3  # Of a story's pictures.


def film(evaluator: GameEvaluator, count: int) -> bytes:
    """An animated GIF of the evaluator's first games, one after the other.

    Args:
        evaluator: Has the model, the games, and how the model looks.
        count: Number of games.
    """
    played = evaluator.play()
    pictures, pauses = [], []
    for i in range(count):
        frames = _draw_played(evaluator, played, i)
        pictures += frames
        pauses += [_MILLISECONDS] * (len(frames) - 1) + [_PAUSE]
    return _gif(pictures, pauses)


def story(evaluator: GameEvaluator, played: Played) -> np.ndarray:
    """The steps of the first game as small pictures in rows.

    Args:
        evaluator: Has the model and the games.
        played: What came of them.

    Returns:
        [h, w, 3] uint8.
    """
    frames = [
        np.asarray(picture.reduce(_SMALLER))
        for picture in _draw_played(evaluator, played, 0)
    ]
    missing = -len(frames) % _IN_A_ROW
    frames += [np.full_like(frames[0], _BACKGROUND)] * missing
    rows = [
        np.concatenate(frames[i : i + _IN_A_ROW], axis=1)
        for i in range(0, len(frames), _IN_A_ROW)
    ]
    return np.concatenate(rows)


def _draw_played(evaluator, played, i: int) -> list[Image.Image]:
    games = Games(*(part[i : i + 1] for part in evaluator.games))
    return draw_game(
        evaluator.model,
        Catch(evaluator.rules, games),
        played.locations[i],
        played.actions[i],
    )


def draw_game(
    model: RecurrentAttentionModel,
    environment: Catch,
    locations: np.ndarray,
    actions: np.ndarray,
) -> list[Image.Image]:
    """A picture of each step of a game, and of its end.

    Args:
        model: That played.
        environment: With the game as its only row.
        locations: Looked at, [T, 2].
        actions: Done then, [T].
    """
    state, time_step = environment.reset()
    pictures = []
    for location, action in zip(locations, actions, strict=True):
        pictures.append(_draw(model, time_step.observation, location))
        state, time_step = environment.step(state, {"action": action[None]})
    caught = bool(time_step.reward[0])
    end = _draw(model, time_step.observation, None)
    colour = _CAUGHT if caught else _MISSED
    ImageDraw.Draw(end).rectangle(_frame(end), outline=colour, width=4)
    return [*pictures, end]


def _frame(picture: Image.Image) -> list[int]:
    return [0, 0, picture.width - 1, picture.height - 1]


def _draw(model, frame: tf.Tensor, location) -> Image.Image:
    """The screen [1, H, W, 1] with its windows; beside it what they show."""
    sensor = model.cell.sensor
    height, width = frame.shape[1:3]
    windows = sensor.windows_of(frame.shape)
    wide = windows[-1]
    sheet = Image.new(
        "RGB",
        (
            (width + wide + 3 * _MARGIN) * _ZOOM,
            (max(height, wide) + 2 * _MARGIN) * _ZOOM,
        ),
        _BACKGROUND,
    )
    sheet.paste(_enlarged(frame[0].numpy() / 255), _place(0, 0))
    if location is None:
        return sheet
    offsets = geometry.to_offsets(
        location[None], frame, model.cell.location_unit
    )
    seen = foveate(sensor(frame, offsets)[0].numpy(), len(windows))
    sheet.paste(_enlarged(seen), _place(0, width + _MARGIN))
    draw = ImageDraw.Draw(sheet)
    coloured = zip(windows, _COLOURS, strict=False)
    for window, colour in reversed(list(coloured)):
        start = geometry.window_start(offsets[0], [height, width], window)
        inner = (wide - window) // 2
        for y, x in (start.numpy(), (inner, inner + width + _MARGIN)):
            corner, end = _place(y, x), _place(y + window, x + window)
            draw.rectangle([*corner, *end], outline=colour, width=2)
    return sheet


def _place(y: int, x: int) -> tuple[int, int]:
    """Film pixels (x, y) of a pixel of the screen."""
    return (int(x) + _MARGIN) * _ZOOM, (int(y) + _MARGIN) * _ZOOM


def _enlarged(picture: np.ndarray) -> Image.Image:
    """[h, w, 1] in [0, 1] as an image."""
    grey = np.uint8(np.rint(255 * picture[..., 0]))
    large = grey.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)
    return Image.fromarray(large).convert("RGB")


def _gif(pictures: list[Image.Image], pauses: list[int]) -> bytes:
    first, *others = [picture.quantize(32) for picture in pictures]
    content = io.BytesIO()
    first.save(
        content,
        "GIF",
        save_all=True,
        append_images=others,
        duration=pauses,
        loop=0,
        optimize=True,
    )
    return content.getvalue()
