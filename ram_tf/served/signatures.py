"""What an exported model computes, by name: the same in every format.

`classify` looks T times at a still image. `step` looks once, at one frame, and
is driven by its caller, who feeds the state back: the outputs that are named
like inputs are the next state. Its "location" is where the step looks, and,
as an output, where the next one will.
"""

import keras
import tensorflow as tf

from ram_tf.errors import UserError


def with_sensor(model: keras.Model, sensor: str) -> keras.Model:
    """A copy of a built model that reads the image by another sensor.

    A pyramid stays one: no other sensor cuts the same windows. It is plain in
    place of what TFLite runs.
    """
    if model.sensor.endswith("pyramid"):
        plain = sensor in ("slices", "gather")
        sensor = "plain_pyramid" if plain else "pyramid"
    return model.read_by(sensor)


def classify(model: keras.Model, image: tf.Tensor) -> dict[str, tf.Tensor]:
    """Looks at images [B, H, W, C].

    Returns:
        `class` [B] int32 and `probabilities` [B, K] after the last glimpse,
        `probabilities_by_glimpse` [B, T, K], `locations` [B, T, 2]. A model
        that stops by itself has `glimpses_used` [B] int32, too, and its answer
        is that at the stop.

    Raises:
        UserError: If the model has no classes.
    """
    if not model.num_classes:
        raise UserError(
            "Only a model that classifies can be exported with `classify`. "
            f"Received: num_classes={model.num_classes}"
        )
    outputs = model(image)
    last = outputs.get("answer", outputs["probabilities"][:, -1])
    answers = {
        "class": tf.argmax(last, axis=-1, output_type=tf.int32),
        "probabilities": last,
        "probabilities_by_glimpse": outputs["probabilities"],
        "locations": outputs["locations"],
    }
    if "glimpses_used" in outputs:
        answers["glimpses_used"] = outputs["glimpses_used"]
    return answers


def step(
    model: keras.Model,
    frame: tf.Tensor,
    state: dict[str, tf.Tensor],
) -> dict[str, tf.Tensor]:
    """Looks once, at state["location"] of frames [B, H, W, C].

    Args:
        model: A built model.
        frame: What is to be seen.
        state: By the cell's `state_names`, [B, ...] each.

    Returns:
        The next state by the same names, and what the cell's heads export:
        where the model has classes, `probabilities` [B, K] after this look;
        where it acts, `action` [B] int32, the likeliest, and
        `action_probabilities` [B, A]; where it stops by itself,
        `stop_probability` [B]: above 0.5 this look was the last.
    """
    cell = model.cell
    states = [state[name] for name in cell.state_names]
    features, after = cell.look(frame, states[-1], states)
    outputs = dict(zip(cell.state_names, after.cell, strict=True))
    for key, head in cell.heads.items():
        outputs |= head.exported(cell.parameters(key, features))
    return outputs


def initial_state(model: keras.Model, batch_size) -> dict[str, tf.Tensor]:
    """The state before the first step, by the cell's `state_names`."""
    cell = model.cell
    states = cell.get_initial_state(batch_size)
    return dict(zip(cell.state_names, states, strict=True))
