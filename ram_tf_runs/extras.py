"""Packages that only some commands need, and the extras that bring them."""

import contextlib
from collections.abc import Iterator

from ram_tf_runs.errors import UserError

# By the name that is imported; pyproject.toml has the extras.
EXTRAS = {
    "ai_edge_litert": "device",
    "grpc": "serving",
    "gymnasium": "games",
    "h5py": "data",
    "importlib_resources": "data",
    "jinja2": "reports",
    "matplotlib": "reports",
    "optuna": "search",
    "scipy": "reports",
    "sklearn": "data",
    "sqlalchemy": "search",
    "tensorflow_datasets": "data",
    "tensorflow_serving": "serving",
}


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Says what to install, where what is done needs a package of an extra.

    Raises:
        UserError: In place of the ModuleNotFoundError.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        raise UserError(
            f"This needs {error.name}: "
            f"pip install 'ram_tf[{EXTRAS[error.name]}]'"
        ) from error
