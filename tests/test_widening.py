"""A model that sees and reaches further answers as the trained one did."""

import numpy as np
import pytest

from ram_tf import RecurrentAttentionModel, widening
from ram_tf_runs import start
from ram_tf_runs.errors import UserError as SettingError


@pytest.mark.parametrize(
    ("old_gain", "new_gain"), [(1.0, 1.0), (1.0, 2.0), (2.0, 0.5)]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_more_windows_and_other_gains_change_no_answer(
    make_model, old_gain, new_gain, channels
):
    trained = make_model(channels, scales=2, scale_gain=old_gain)
    model = make_model(channels, scales=4, scale_gain=new_gain)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, [5, 9, 11, channels], np.uint8)
    expected = trained(images)
    widening.adopt(trained, model)
    outputs = model(images)
    for name in ("probabilities", "locations", "baseline"):
        np.testing.assert_allclose(outputs[name], expected[name], atol=1e-6)


def test_the_windows_that_are_added_weigh_nothing(make_model):
    trained, model = make_model(scales=1), make_model(scales=3)
    widening.adopt(trained, model)
    # A pixel's three windows, then the next pixel's.
    kernel = model.cell.glimpse_net.see.kernel.numpy()
    np.testing.assert_array_equal(
        kernel[0::3], trained.cell.glimpse_net.see.kernel
    )
    assert not kernel[1::3].any()
    assert not kernel[2::3].any()


def test_a_longer_range_keeps_short_moves(make_model):
    trained = make_model(location_range=1.0)
    model = make_model(location_range=8.0)
    widening.adopt(trained, model)
    heads = [m.cell.location_policy for m in (trained, model)]
    features = np.full([1, 6], 1e-3, "f")
    for head in heads:
        head.dense.bias.assign([0.0, 0.0])
    short, same = (head(features) for head in heads)
    np.testing.assert_allclose(same, short, rtol=1e-4)
    assert np.abs(short).min() > 0
    # tanh(2) = 0.964; eight times tanh(2 / 8) = 1.959.
    heads[0].dense.bias.assign([2.0, 0.0])
    widening.adopt(trained, model)
    means = [head(np.zeros([1, 6], "f"))[0, 0] for head in heads]
    np.testing.assert_allclose(means, [0.9640276, 1.9593495], rtol=1e-5)


@pytest.mark.parametrize(
    ("old", "new", "flag"),
    [
        ({"glimpse_size": 12}, {"glimpse_size": 8}, "glimpse_size"),
        (
            {"glimpse_size": 12},
            {"glimpse_size": 12, "encoder_size": 8},
            "encoder_size",
        ),
        (
            {"glimpse_size": 16, "encoder_size": 12},
            {"glimpse_size": 8},
            "encoder_size",
        ),
    ],
)
def test_as_much_must_be_read(old, new, flag, make_model):
    with pytest.raises(SettingError, match=rf"--{flag}=12, with.*{flag}=8$"):
        start._check_settings("mine", old, new)
    enough = {"glimpse_size": 32, "encoder_size": 12}
    start._check_settings("mine", old, enough)
    with pytest.raises(ValueError, match=r"given 12 x 12 pixels.*: 8 x 8"):
        widening.adopt(make_model(**old), make_model(**new))


def test_a_larger_retina_around_what_is_read():
    """The weights are the same, and so is what the encoder makes of them."""

    def make(**sizes):
        model = RecurrentAttentionModel(
            num_classes=3,
            scales=2,
            core_units=6,
            location_policy="cells",
            first_fixation="centre",
            **sizes,
        )
        model.build((None, None, None, 1))
        return model

    trained, model = make(glimpse_size=4), make(glimpse_size=6, encoder_size=4)
    widening.adopt(trained, model)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, [3, 20, 22, 1], np.uint8)
    first = [m(images)["probabilities"][:, 0].numpy() for m in (trained, model)]
    np.testing.assert_array_equal(*first)


@pytest.mark.parametrize("flag", widening.ARCHITECTURE)
def test_what_must_be_equal_is_told_by_its_flag(flag):
    old, new = {flag: 1}, {flag: 2}
    with pytest.raises(SettingError, match=f"needs --{flag}=1, .*--{flag}=2"):
        start._check_settings("mine", old, new)
    start._check_settings("mine", old, old)
