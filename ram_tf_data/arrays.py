"""Files of arrays."""

import pathlib
from collections.abc import Sequence

import numpy as np

from ram_tf_data.errors import UserError


def read(path: pathlib.Path, names: Sequence[str]) -> list[np.ndarray]:
    """Arrays of an .npz file, by name.

    Raises:
        UserError: On a file that lacks one or cannot be read.
    """
    try:
        with np.load(path) as file:
            if missing := set(names) - set(file):
                raise UserError(f"{path} has no {', '.join(sorted(missing))}.")
            return [file[name] for name in names]
    except UserError:
        raise
    except Exception as error:  # Its kind depends on the damage.
        raise UserError(
            f"{path} is not an .npz file that can be read: {error}"
        ) from error
