"""Imports TensorFlow without its notes on start-up.

Import it before whatever else imports TensorFlow. Whoever sets
TF_CPP_MIN_LOG_LEVEL sees the notes.
"""

import os


def _import_tensorflow() -> None:
    """No log level holds back the notes of its libraries."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    errors = os.dup(2)
    with open(os.devnull, "w") as sink:
        os.dup2(sink.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        finally:
            os.dup2(errors, 2)
            os.close(errors)


_import_tensorflow()
