"""Datasets that TFDS has prepared, or prepares, as arrays."""

import logging
import os
import pathlib
import socket
import threading
import urllib.parse
import urllib.request

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


# Where TFDS downloads from.
_URLS = {
    "mnist": "https://storage.googleapis.com",
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "svhn_cropped": "http://ufldl.stanford.edu",
}
# Seconds after which there is no network.
_PATIENCE = 5.0
_WAYS_OUT = (
    "Ways out: name a directory that TFDS has prepared with --data_dir or "
    "TFDS_DATA_DIR; leave both out and run once with internet; or use "
    "trainers.mnist with --source=digits, which needs neither."
)


def read(
    name: str, data_dir: str | None, *splits: str
) -> list[dict[str, np.ndarray]]:
    """Reads splits of a TFDS dataset whole.

    Nothing is downloaded to a directory that was named: it is more likely a
    slip than an empty directory.

    Args:
        name: As TFDS names it.
        data_dir: TFDS's data directory; by default TFDS_DATA_DIR or TFDS's own.
        splits: As TFDS names them.

    Returns:
        For each split its features by name, each [n, ...].

    Raises:
        SourceError: If a directory was named that has not got the data, or
            TFDS has not got them and cannot fetch them.
    """
    place = data_dir or os.environ.get("TFDS_DATA_DIR")
    if place:
        place = os.path.expanduser(place)
        _check_named(name, place)
    import tensorflow_datasets as tfds  # Slow to import; not always needed.

    if not place:
        _check_default(name, tfds.core.utils.file_utils.list_data_dirs())
    try:
        builder = tfds.builder(name, data_dir=place)
        if not builder.is_prepared():
            if place:
                raise FileNotFoundError(f"there is no {builder.data_dir}")
            logging.warning(
                "%s is not in %s: downloading it", name, builder.data_dir
            )
            builder.download_and_prepare()
        whole = builder.as_dataset(list(splits), batch_size=-1)
        return [tfds.as_numpy(split) for split in whole]
    except Exception as error:  # TFDS raises many kinds, by the failure.
        reason = " ".join(str(error).split())
        raise _refusal(
            name, place, f"{type(error).__name__}: {reason}"
        ) from error


def _check_named(name: str, place: str) -> None:
    """Refuses a directory that has not got the data, before any work."""
    if "://" in place:  # On another machine, which TFDS knows how to ask.
        return
    if not os.path.isdir(place):
        raise _refusal(name, place, "there is no such directory")
    if not _holds(place, name):
        raise _refusal(name, place, f"it holds no prepared {name}")


def _check_default(name: str, places: list) -> None:
    """Refuses a download without a network, which TFDS tries for minutes."""
    if not any(_holds(place, name) for place in places) and not _reaches(name):
        raise _refusal(name, None, "it is not there, and there is no network")


def _holds(place: str | os.PathLike[str], name: str) -> bool:
    """Whether a directory has a version of a dataset that TFDS has prepared."""
    folder = pathlib.Path(place, name)
    facts = "dataset_info.json"
    return any(folder.glob(f"*/{facts}")) or any(folder.glob(f"*/*/{facts}"))


def _reaches(name: str) -> bool:
    """Whether a dataset's host, or the proxy before it, can be reached."""
    url = urllib.parse.urlsplit(_URLS.get(name, _URLS["mnist"]))
    proxy = urllib.request.getproxies().get(url.scheme)
    if proxy is not None and not urllib.request.proxy_bypass(url.hostname):
        url = urllib.parse.urlsplit(proxy)
    if not url.hostname:
        return False
    port = url.port or {"https": 443}.get(url.scheme, 80)
    reached = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((url.hostname, port), _PATIENCE).close()
        except OSError:
            return
        reached.set()

    # Looking the name up may take longer, and has no limit of its own.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return reached.is_set()


def _refusal(name: str, place: str | None, reason: str) -> SourceError:
    return SourceError(
        f"TFDS could not load {name!r} from "
        f"data_dir={place or 'the default of TFDS'}: {reason}. {_WAYS_OUT}"
    )
