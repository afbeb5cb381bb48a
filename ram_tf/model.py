"""The recurrent attention model, whole."""

from types import MappingProxyType
from typing import Any, Self

import keras
import tensorflow as tf

from ram_tf import keras_compile, losses
from ram_tf.agents.reinforce import ReinforceAgent
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.environments.video import Video
from ram_tf.episodes.policies import Policy
from ram_tf.episodes.unroll import unroll
from ram_tf.layers.cell import RAMCell
from ram_tf.layers.glimpse_sensor import IMPLEMENTATIONS, GlimpseSensor
from ram_tf.parts import GLIMPSE_ENCODERS, LOCATION_POLICIES
from ram_tf.presets.preset_model import PresetModel
from ram_tf.served import keras_export
from ram_tf.validation import (
    check_choice,
    check_count,
    check_frames,
    check_positive,
    check_positive_int,
)

CORES = ("rnn", "lstm")


@keras.saving.register_keras_serializable("ram_tf")
class RecurrentAttentionModel(PresetModel):
    """Looks T times at an image and says what it is (paper, section 3).

    Every size of the paper is a default; every size is an argument.

    Args:
        num_classes: K, or None where nothing is classified.
        glimpses: T, looks at a still image; a video has one a frame.
        glimpse_size: g, side of a glimpse in pixels.
        scales: S, windows of the retina; None for as many as it takes to see
            the edges of the image, of any size (`location_policy="cells"`).
        core: "rnn" (linear with ReLU, starting from the identity) or "lstm".
        core_units: Size of the core.
        glimpse_units, location_units, units: Sizes of the glimpse network.
        location_std, location_range, location_gain: See LocationPolicy.
        location_unit: Pixels in a unit of location; None for half the canvas.
        first_fixation: "learned", "centre" or "random"; see RAMCell.
        sensor: Implementation of the GlimpseSensor.
        pooling: Pooling of the GlimpseSensor.
        scale_gain: G; the glimpse network sees window s multiplied by G^s, so
            that wide windows of sparse images are not faint.
        num_actions: A, of the softmax over what is done after each look in a
            dynamic environment (paper, section 4.2); None for looking only.
        stop: Whether it decides after each look whether it has seen enough,
            which T then bounds.
        glimpse_encoder: Name of the GlimpseEncoder; "dense" is the paper's.
        location_policy: Name of the FixationPolicy; "gaussian" is the paper's,
            "cells" chooses among what the retina shows, "directed_cells"
            does so in an order, "colour_cells" in photographs.
        encoder_scales: Windows that the encoder is given, the finest; None for
            all.
        encoder_size: Side of what it is given of each of them, from the middle;
            None for all.
        policy_scales, policy_filters: See CellPolicy, ColourCellPolicy.

    Call arguments:
        images: [B, H, W, C] or a video [B, T, H, W, C], uint8 or float32.
        training: True warns that this is no way to teach it where to look; see
            `fit`.

    Returns:
        A dictionary of one deterministic rollout: `logits` [B, T, K] and
        `probabilities` [B, T, K] after each glimpse, `locations` [B, T, 2]
        looked at, and `baseline` [B, T] expected before each glimpse. Where the
        model stops by itself also `glimpses_used` [B] int32, 1 to T, and
        `answer` [B, K], the probabilities after the last of these; what the
        other outputs say of later glimpses is what they would have been.

    Raises:
        UserError: On sizes below one, unknown names, or bad images; see
            `ram_tf.gate` for what of an image is checked where.
    """

    learning = MappingProxyType(
        {
            "rollouts": 4,
            "baseline": "leave_one_out",
            "reward": "log_likelihood",
            "intermediate_weight": 0.0,
            "policy_weight": 0.14,
            "baseline_weight": 1.0,
            "reinforce_into_core": True,
            "teaching_weight": 0.0,
        }
    )

    def __init__(
        self,
        num_classes: int | None = 10,
        glimpses: int = 6,
        glimpse_size: int = 8,
        scales: int | None = 1,
        core: str = "rnn",
        core_units: int = 256,
        glimpse_units: int = 128,
        location_units: int = 128,
        units: int = 256,
        location_std: float = 0.1,
        location_range: float = 1.0,
        location_gain: float = 1.0,
        location_unit: float | None = None,
        first_fixation: str = "learned",
        sensor: str = "extract_glimpse",
        pooling: str = "average",
        scale_gain: float = 1.0,
        num_actions: int | None = None,
        stop: bool = False,
        glimpse_encoder: str = "dense",
        location_policy: str = "gaussian",
        encoder_scales: int | None = None,
        encoder_size: int | None = None,
        policy_scales: int = 7,
        policy_filters: int = 0,
        **kwargs,
    ):
        check_positive_int("glimpses", glimpses)
        check_positive_int("glimpse_size", glimpse_size)
        check_positive_int("core_units", core_units)
        check_choice("core", core, CORES)
        check_choice("sensor", sensor, IMPLEMENTATIONS)
        check_positive_int("policy_scales", policy_scales)
        check_count("policy_filters", policy_filters)
        check_positive("scale_gain", scale_gain)
        check_positive("location_gain", location_gain)
        check_positive("location_std", location_std)
        super().__init__(autocast=False, **kwargs)
        self.num_classes = num_classes
        self.glimpses = glimpses
        self.glimpse_size = glimpse_size
        self.scales = scales
        self.core = core
        self.core_units = core_units
        self.glimpse_units = glimpse_units
        self.location_units = location_units
        self.units = units
        self.location_std = location_std
        self.location_range = location_range
        self.location_gain = location_gain
        self.location_unit = location_unit
        self.first_fixation = first_fixation
        self.sensor = sensor
        self.pooling = pooling
        self.scale_gain = scale_gain
        self.num_actions = num_actions
        self.stop = stop
        self.glimpse_encoder = glimpse_encoder
        self.location_policy = location_policy
        self.encoder_scales = encoder_scales
        self.encoder_size = encoder_size
        self.policy_scales = policy_scales
        self.policy_filters = policy_filters
        sizes = {**self._sizes(), "dtype": self.dtype_policy}
        sizes["scales"] = encoder_scales or scales  # What an encoder is given.
        self.cell = RAMCell(
            GlimpseSensor(glimpse_size, scales, sensor, pooling),
            GLIMPSE_ENCODERS[glimpse_encoder].make(**sizes),
            _core(core, core_units, self.dtype_policy),
            LOCATION_POLICIES[location_policy].make(**sizes),
            num_classes=num_classes,
            first_fixation=first_fixation,
            location_unit=location_unit,
            num_actions=num_actions,
            stop=stop,
            encoder_scales=encoder_scales,
            encoder_size=encoder_size,
            name="cell",
        )

    @property
    def channels(self) -> int:
        """C, of the images that it was built for."""
        return self.cell.channels

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """The parts of its cell, in the order in which a look needs them.

        `summary` lists them, `get_layer` finds them, and each can be frozen;
        the cell alone would say nothing.
        """
        cell = self.cell
        parts = [cell.sensor, cell.glimpse_net, cell.core, cell.location_policy]
        return [*parts, *cell.heads.values(), cell.baseline]

    def build(self, images_shape):
        self.cell.build((None, *images_shape[-3:]))

    def call(
        self, images: tf.Tensor, training: bool | None = None
    ) -> dict[str, tf.Tensor]:
        if training:
            keras_compile.warn_of_calls(self.cell.location_policy)
        trajectory = unroll(Policy(self.cell), self.environment(images))
        valid = trajectory.valid
        outputs = {
            "locations": trajectory.action["location"],
            "baseline": trajectory.baseline,
        }
        if trajectory.logits is not None:
            outputs["logits"] = trajectory.logits
            outputs["probabilities"] = tf.nn.softmax(trajectory.logits)
        if "stop" in trajectory.action:
            outputs["glimpses_used"] = losses.length(valid)
            if trajectory.logits is not None:
                outputs["answer"] = losses.at_last_valid(
                    outputs["probabilities"], valid
                )
        return outputs

    def environment(
        self, images: tf.Tensor, labels=None, looks: int | None = None, **kwargs
    ):
        """Images or videos as the environment that this model looks at.

        Args:
            images: As in a call.
            labels: [B], or None.
            looks: T, at a still image; None for `glimpses`.
            kwargs: Of the environment.
        """
        images = tf.convert_to_tensor(images)
        check_frames(images, (4, 5))
        kwargs["may_stop"] = self.cell.stop
        if images.shape.rank == 5:
            return Video(images, labels, **kwargs)
        return StillImage(
            images, labels, steps=looks or self.glimpses, **kwargs
        )

    def make_agent(  # type: ignore[override]  # All of `learning` is given.
        self, optimizer, *, reward, intermediate_weight, **learning
    ):
        del reward, intermediate_weight  # Of the episodes.
        return ReinforceAgent(self, optimizer, **learning)

    def make_episodes(  # type: ignore[override]  # All of `learning` is given.
        self, images, labels, *, rollouts, reward, intermediate_weight, **others
    ):
        del others
        return self.environment(
            images,
            labels,
            rollouts=rollouts,
            reward=reward,
            intermediate_weight=intermediate_weight,
        )

    def read_by(self, sensor: str) -> Self:
        """A copy of the built model that reads images by another sensor."""
        copy = type(self).from_config({**self.get_config(), "sensor": sensor})
        copy.build((None, None, None, self.cell.channels))
        copy.set_weights(self.get_weights())
        return copy

    def export(self, filepath, *arguments, **options):
        keras_export.export(self, filepath, *arguments, **options)

    def get_config(self):
        return {**super().get_config(), **self._sizes()}

    def _sizes(self) -> dict[str, Any]:
        """The arguments that the model and its parts are made with, by name."""
        return {
            "num_classes": self.num_classes,
            "glimpses": self.glimpses,
            "glimpse_size": self.glimpse_size,
            "scales": self.scales,
            "core": self.core,
            "core_units": self.core_units,
            "glimpse_units": self.glimpse_units,
            "location_units": self.location_units,
            "units": self.units,
            "location_std": self.location_std,
            "location_range": self.location_range,
            "location_gain": self.location_gain,
            "location_unit": self.location_unit,
            "first_fixation": self.first_fixation,
            "sensor": self.sensor,
            "pooling": self.pooling,
            "scale_gain": self.scale_gain,
            "num_actions": self.num_actions,
            "stop": self.stop,
            "glimpse_encoder": self.glimpse_encoder,
            "location_policy": self.location_policy,
            "encoder_scales": self.encoder_scales,
            "encoder_size": self.encoder_size,
            "policy_scales": self.policy_scales,
            "policy_filters": self.policy_filters,
        }


def _core(kind: str, units: int, dtype) -> keras.layers.Layer:
    if kind == "lstm":
        return keras.layers.LSTMCell(units, dtype=dtype, name="core")
    # Starting from the identity, the core remembers before it has learned to.
    return keras.layers.SimpleRNNCell(
        units,
        activation="relu",
        recurrent_initializer="identity",
        dtype=dtype,
        name="core",
    )
