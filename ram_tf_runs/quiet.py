"""Imports TensorFlow without its notes on start-up.

Import it before whatever else imports TensorFlow. Whoever sets
TF_CPP_MIN_LOG_LEVEL=0 sees the notes; other levels are TensorFlow's own, and
hold back what it says later.
"""

import os

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def _import_tensorflow() -> None:
    """No log level holds back the notes of its libraries."""
    if os.environ.setdefault(_LEVEL, "3") == "0":
        return
    errors = os.dup(2)
    with open(os.devnull, "w") as sink:
        os.dup2(sink.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        finally:
            os.dup2(errors, 2)
            os.close(errors)


_import_tensorflow()
