"""Datasets that TFDS has prepared, or prepares, as arrays."""

import logging
import os

import numpy as np

from ram_tf_data.errors import SourceError
from ram_tf_data.splits import Split


def read_splits(name: str, data_dir: str | None) -> tuple[Split, Split]:
    """All images of a TFDS dataset to train on, and all to test on.

    Raises:
        SourceError: If TFDS has not got the data and cannot fetch it.
    """
    train, test = (
        Split.whole(split, part["image"], part["label"])
        for split, part in zip(
            ("train", "test"),
            read(name, data_dir, "train", "test"),
            strict=True,
        )
    )
    return train, test


def read(
    name: str, data_dir: str | None, *splits: str
) -> list[dict[str, np.ndarray]]:
    """Reads splits of a TFDS dataset whole.

    Args:
        name: As TFDS names it.
        data_dir: TFDS's data directory; by default TFDS_DATA_DIR or TFDS's own.
        splits: As TFDS names them.

    Returns:
        For each split its features by name, each [n, ...].

    Raises:
        SourceError: If TFDS has not got the data and cannot fetch it.
    """
    import tensorflow_datasets as tfds  # Slow to import; not always needed.

    try:
        builder = tfds.builder(name, data_dir=data_dir)
        if not builder.is_prepared():
            logging.warning(
                "%s is not in %s: downloading it (offline, TFDS tries for "
                "minutes)",
                name,
                builder.data_dir,
            )
            builder.download_and_prepare()
        whole = builder.as_dataset(list(splits), batch_size=-1)
        return [tfds.as_numpy(split) for split in whole]
    except Exception as error:  # TFDS raises many kinds, by the failure.
        place = data_dir or os.environ.get("TFDS_DATA_DIR") or "TFDS's default"
        raise SourceError(
            f"TFDS could not load {name!r} from data_dir={place} nor download "
            f"it there ({type(error).__name__}: {error}). Ways out: name a "
            "directory that TFDS has prepared with --data_dir or "
            "TFDS_DATA_DIR; run once with internet; or use trainers.mnist "
            "with --source=digits, which needs neither."
        ) from error
