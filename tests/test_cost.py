"""What models cost, against numbers worked out by hand."""

import pytest

from ram_tf import RecurrentAttentionModel
from ram_tf.comparators import make_comparator
from ram_tf.cost import cost, training_flop

# 12x12 glimpses of three scales: 432 inputs. Glimpse network 432 x 128,
# 2 x 128, and twice 128 x 256; location network 256 x 2; baseline 256.
_GLIMPSE = 55_296 + 256 + 2 * 32_768 + 512
_BIASES = 128 + 128 + 256 + 2 + 1 + 10
_RNN = 2 * 256 * 256
_LSTM = 2 * 256 * 1024
_CLASSIFIER = 2_560


def _ram(**settings):
    model = RecurrentAttentionModel(
        **{"glimpses": 8, "glimpse_size": 12, "scales": 3, **settings}
    )
    model.build((None, 60, 60, 1))
    return model


@pytest.mark.parametrize(
    ("kind", "core", "biases", "parameters", "last"),
    [
        ("rnn", _RNN, 256, 256_269, 2_023_936),
        ("lstm", _LSTM, 1_024, 650_253, 5_169_664),
    ],
)
def test_ram_by_hand(kind, core, biases, parameters, last):
    found = cost(_ram(core=kind))
    weights = _GLIMPSE + core + 256 + _CLASSIFIER
    assert found["parameters"] == weights + _BIASES + biases == parameters
    assert found["multiply_adds_by_glimpse"] == [
        t * (_GLIMPSE + core) + _CLASSIFIER for t in range(1, 9)
    ]
    assert found["multiply_adds_by_glimpse"][-1] == last


def test_a_model_that_stops_asks_for_an_answer_at_each_glimpse():
    each = _GLIMPSE + _RNN + _CLASSIFIER + 257
    found = cost(_ram(stop=True))["multiply_adds_by_glimpse"]
    assert found == [t * each for t in range(1, 9)]


@pytest.mark.parametrize(
    ("glimpses", "size", "scales", "pixels"),
    [(7, 8, 1, 448), (8, 12, 3, 3_456), (8, 12, 4, 4_608)],
)
def test_pixels_of_the_papers_models(glimpses, size, scales, pixels):
    model = _ram(glimpses=glimpses, glimpse_size=size, scales=scales)
    sensed = cost(model)["pixels_by_glimpse"]
    assert sensed == [t * pixels // glimpses for t in range(1, glimpses + 1)]
    assert sensed[-1] == pixels


def test_ram_costs_the_same_on_any_canvas():
    small, large = (
        _ram(),
        RecurrentAttentionModel(glimpses=8, glimpse_size=12, scales=3),
    )
    large.build((None, 1000, 1000, 1))
    assert cost(small) == cost(large)


def test_training_by_hand():
    """benchmarks/README.md: 6 (8 * 252,928 + 2,560)."""
    assert training_flop(_ram()) == 12_155_904


@pytest.mark.parametrize(
    ("name", "side", "parameters", "multiply_adds"),
    [
        # 3600 x 64, 64 x 64, 64 x 10; biases 64, 64, 10.
        ("fc_64", 60, 235_274, 230_400 + 4_096 + 640),
        # 784 x 256, 256 x 256, 256 x 10; biases 256, 256, 10.
        ("fc_256", 28, 269_322, 200_704 + 65_536 + 2_560),
        # 800 weights at 11 x 11 places, 968 x 256, 256 x 10; biases 8, 256, 10.
        ("conv", 60, 251_442, 96_800 + 247_808 + 2_560),
        # 800 weights at 19 x 19 places, 2888 x 86, 86 x 10; biases 8, 86, 10.
        ("conv", 100, 250_132, 288_800 + 248_368 + 860),
    ],
)
def test_comparators_by_hand(name, side, parameters, multiply_adds):
    assert cost(make_comparator(name, side)) == {
        "parameters": parameters,
        "multiply_adds_by_glimpse": [multiply_adds],
        "pixels_by_glimpse": [side * side],
    }
