"""Arguments of constructors: a set that goes together, and one that is not."""

from hypothesis import strategies as st

from benchmarks.fuzzing.arrays import JUNK
from ram_tf.layers.glimpse_sensor import IMPLEMENTATIONS

_SIZE = st.integers(1, 4)
_NUMBER = st.sampled_from((0.05, 0.5, 1, 1.0, 3.0))
_CHOICE = st.sampled_from
SENSOR = {
    "size": st.integers(1, 5),
    "scales": st.integers(1, 3),
    "implementation": _CHOICE(IMPLEMENTATIONS),
    "pooling": _CHOICE(("average", "max")),
}
MODEL = {
    "num_classes": _SIZE | st.none(),
    "glimpses": st.integers(1, 3),
    "glimpse_size": _SIZE,
    "scales": st.integers(1, 3) | st.none(),
    "core": _CHOICE(("rnn", "lstm")),
    "core_units": _SIZE,
    "glimpse_units": _SIZE,
    "location_units": _SIZE,
    "units": _SIZE,
    "location_std": _NUMBER,
    "location_range": _NUMBER,
    "location_gain": _NUMBER,
    "location_unit": _NUMBER | st.none(),
    "first_fixation": _CHOICE(("learned", "centre", "random")),
    "sensor": _CHOICE(IMPLEMENTATIONS),
    "pooling": _CHOICE(("average", "max")),
    "scale_gain": _NUMBER,
    "num_actions": _SIZE | st.none(),
    "stop": st.booleans(),
    "glimpse_encoder": _CHOICE(("dense", "conv")),
    "location_policy": _CHOICE(("gaussian", "cells")),
    "encoder_scales": st.integers(1, 3) | st.none(),
    "policy_scales": _SIZE,
    "policy_filters": st.integers(0, 2),
}
# So that a drawn model is small.
SMALL = {
    "num_classes": 3,
    "glimpses": 2,
    "glimpse_size": 3,
    "core_units": 4,
    "glimpse_units": 3,
    "location_units": 2,
    "units": 4,
}
POLICIES = {
    "LocationPolicy": {
        "std": _NUMBER,
        "location_range": _NUMBER,
        "gain": _NUMBER,
    },
    "CellPolicy": {"scales": _SIZE, "filters": st.integers(0, 2)},
    "StopPolicy": {"certain": st.booleans()},
    "ActionPolicy": {"num_actions": _SIZE},
}


@st.composite
def arguments(draw, known, fixed=()):
    """Some arguments by name, and in half of the cases one that is junk.

    Args:
        known: Strategies by name.
        fixed: Values of others.
    """
    most = min(len(known), 6)
    names = draw(
        st.lists(st.sampled_from(list(known)), max_size=most, unique=True)
    )
    drawn = dict(fixed) | {name: draw(known[name]) for name in names}
    if draw(st.booleans()):
        drawn[draw(st.sampled_from(list(known)))] = draw(st.sampled_from(JUNK))
    return drawn
