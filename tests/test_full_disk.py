"""A disk that is full is an error in one line, whoever writes.

No file may grow beyond a limit, for which the kernel has the same answer.
"""

import contextlib
import resource

import pytest

from ram_tf.errors import FileError
from ram_tf.training.summaries import Summaries
from ram_tf_runs.searching.study import Study


@contextlib.contextmanager
def _limited(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _assert_told(error, path):
    message = str(error.value)
    assert message.startswith(f"{path} cannot be ")
    assert "\n" not in message


def test_events_from_the_first(tmp_path):
    place = tmp_path / "tensorboard"
    with pytest.raises(FileError) as error, _limited(10):
        Summaries(tmp_path / "m.jsonl", place, 0, {"seed": 1}).scalars(
            1, {"loss": 0.5}
        )
    _assert_told(error, place)
    assert "{" not in str(error.value)


def test_events_later(tmp_path):
    place = tmp_path / "tensorboard"
    summaries = Summaries(tmp_path / "metrics.jsonl", place, 0, {"seed": 1})
    summaries.scalars(1, {"loss": 0.5})
    (events,) = place.iterdir()
    with pytest.raises(FileError) as error, _limited(events.stat().st_size):
        summaries.scalars(2, {"loss": 0.4})
    _assert_told(error, place)


def test_a_study(tmp_path):
    path = tmp_path / "study.db"
    study = Study(path, {"seed": 1}, {"learning_rate": (0.1, 1.0)}, 1)
    with pytest.raises(FileError) as error, _limited(512):
        study.ask(3)
    _assert_told(error, path)
    assert study.ask(3).params
