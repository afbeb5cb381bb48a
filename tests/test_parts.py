"""Parts by name, errors for the user, and what belongs to neither."""

import keras
import numpy as np
import pytest

from ram_tf import (
    GLIMPSE_ENCODERS,
    LOCATION_POLICIES,
    GlimpseEncoder,
    GlimpseNet,
    LocationPolicy,
    RecurrentAttentionModel,
    UserError,
    widening,
)
from ram_tf.errors import DamagedError, DivergedError, FileError
from ram_tf.export import flatbuffer, tflite
from ram_tf.files import write_bytes
from ram_tf.parts import Parts


@GLIMPSE_ENCODERS.register("convolutional")
@keras.saving.register_keras_serializable("tests")
class ConvolutionalEncoder(GlimpseEncoder):
    """A convolution of each window's pixels, and the place beside it."""

    def __init__(self, units=5, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.convolution = keras.layers.Conv2D(
            3, 2, activation="relu", data_format="channels_last"
        )
        self.flatten = keras.layers.Flatten(data_format="channels_last")
        self.what = keras.layers.Dense(units)
        self.where = keras.layers.Dense(units)

    @classmethod
    def make(cls, *, units, **others):
        return cls(units)

    def build(self, windows_shape, place_shape):
        self.convolution.build(windows_shape)
        seen = self.convolution.compute_output_shape(windows_shape)
        self.what.build((None, int(np.prod(seen[1:]))))
        self.where.build(place_shape)

    def call(self, windows, place):
        seen = self.flatten(self.convolution(windows))
        return keras.ops.relu(self.what(seen) + self.where(place))

    def exact_kernels(self):
        return [self.where.kernel.numpy()]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@pytest.fixture
def model(make_model):
    return make_model(glimpse_encoder="convolutional", scales=2)


def test_the_models_own_parts_have_names():
    assert GLIMPSE_ENCODERS["dense"] is GlimpseNet
    assert LOCATION_POLICIES["gaussian"] is LocationPolicy
    assert {"convolutional", "dense"} <= set(GLIMPSE_ENCODERS.names)


@pytest.mark.parametrize("part", ["glimpse_encoder", "location_policy"])
def test_an_unknown_name(part):
    message = rf"`{part}` must be one of \[.*plugin.*{part}='nobody'"
    with pytest.raises(UserError, match=message):
        RecurrentAttentionModel(**{part: "nobody"})


def test_a_name_is_taken_once():
    parts = Parts("colour")
    parts.register("red")(int)
    parts.register("red")(int)
    with pytest.raises(UserError, match=r"`colour` must have a name.*'red'"):
        parts.register("red")(str)
    assert parts["red"] is int


def test_another_encoder_is_saved_and_loaded(model, images, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.cell.glimpse_net) is ConvolutionalEncoder
    np.testing.assert_array_equal(
        loaded(images)["logits"], model(images)["logits"]
    )


def test_its_multiply_adds_by_hand(model):
    # Glimpses of 4 x 4 x 2: 3 x 3 places of a kernel 2 x 2 x 2 x 3; then 27
    # numbers, and 2 of the place, to 7 units.
    expected = 9 * 2 * 2 * 2 * 3 + 27 * 7 + 2 * 7
    assert model.cell.glimpse_net.multiply_adds() == expected


def test_it_is_exported(model, images):
    from ai_edge_litert.interpreter import Interpreter

    square = images[:1, :9, :9]
    expected = model(square)
    for flat in tflite.convert(model, 9).values():
        content = flatbuffer.write(flat)
        run = Interpreter(model_content=content).get_signature_runner
        answer = run("classify")(image=square)
        np.testing.assert_allclose(
            answer["probabilities_by_glimpse"],
            expected["probabilities"],
            atol=0.02,
        )


def test_weights_of_the_same_windows_are_kept(make_model, model, images):
    other = make_model(
        glimpse_encoder="convolutional", scales=2, location_range=2.0
    )
    widening.adopt(model, other)
    for one, its in zip(
        model.cell.glimpse_net.weights,
        other.cell.glimpse_net.weights,
        strict=True,
    ):
        np.testing.assert_array_equal(one, its)
    np.testing.assert_array_equal(
        other.cell.location_policy.dense.kernel * 2.0,
        model.cell.location_policy.dense.kernel,
    )


def test_configs_from_before_there_were_parts(model):
    config = RecurrentAttentionModel(3, 3, 4).get_config()
    for name in ("glimpse_encoder", "location_policy"):
        del config[name]
    old = RecurrentAttentionModel.from_config(config)
    assert type(old.cell.glimpse_net) is GlimpseNet
    assert type(old.cell.location_policy) is LocationPolicy


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (UserError, ValueError),
        (DamagedError, RuntimeError),
        (DivergedError, FloatingPointError),
        (FileError, OSError),
    ],
)
def test_errors_are_for_the_user_and_what_they_were(error, builtin):
    assert issubclass(error, UserError)
    assert issubclass(error, builtin)
    assert error("words").for_the_user
    assert str(error("words")) == "words"


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "folder").write_bytes(b"a file")
    path = tmp_path / "folder" / "model.json"
    with pytest.raises(FileError, match=r"model\.json cannot be written: "):
        write_bytes(path, b"content")
    write_bytes(tmp_path / "new" / "model.json", b"content")
    assert (tmp_path / "new" / "model.json").read_bytes() == b"content"
    assert len(list((tmp_path / "new").iterdir())) == 1
