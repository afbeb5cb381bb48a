"""The processes that train together, as the variable TF_CONFIG names them.

Kubernetes, Slurm's scripts, Ray Train and others set it in each of their
processes, as `--workers` does. Nothing here imports TensorFlow.
"""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ram_tf_runs.errors import UserError

VARIABLE = "TF_CONFIG"
# Jobs of a cluster that train; the chief, if there is one, is the first.
_TRAIN = ("chief", "worker")
_LOOPBACK = "127.0.0.1"


class Place(NamedTuple):
    """Of this process among those that train together.

    Attributes:
        index: From 0, which is the chief.
        count: How many there are; 1 where nobody else is.
    """

    index: int = 0
    count: int = 1


ALONE = Place()


def name(index: int) -> str:
    """What a process is called in what is printed."""
    return f"worker {index}"


def place(environment: Mapping[str, str] = os.environ) -> Place:
    """Where this process is.

    Raises:
        UserError: If TF_CONFIG is not JSON of the form that TensorFlow reads,
            or names jobs that do not train.
    """
    text = environment.get(VARIABLE)
    if not text:
        return ALONE
    try:
        values = json.loads(text)
        addresses = values.get("cluster") or {}
        sizes = {job: len(tasks) for job, tasks in addresses.items()}
        if sum(sizes.values()) < 2:
            return ALONE
        job, index = values["task"]["type"], int(values["task"]["index"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _wrong(
            'be JSON such as {"cluster": {"worker": ["HOST:PORT", '
            '"HOST:PORT"]}, "task": {"type": "worker", "index": 0}}',
            text,
        ) from error
    if not {job, *sizes} <= set(_TRAIN) or sizes.get("chief", 0) > 1:
        raise _wrong("name workers, and at most one chief, alone", text)
    if not 0 <= index < sizes.get(job, 0):
        raise _wrong(f"name a {job} {index}, as its task is", text)
    before = sizes.get("chief", 0) if job == "worker" else 0
    return Place(before + index, sum(sizes.values()))


def check_alone() -> None:
    """Raises UserError where TF_CONFIG names several processes.

    For commands whose runs are processes of their own: each of them would take
    the place of this one.
    """
    if place().count > 1:
        raise UserError(
            f"{VARIABLE} must not name several processes for this command, "
            "which starts its runs by itself; --workers among the flags of "
            f"the runs lets several share one. Received: {VARIABLE} of "
            f"{place().count} workers"
        )


def on_loopback(count: int) -> list[str]:
    """Values of TF_CONFIG for so many processes of this machine."""
    addresses = [f"{_LOOPBACK}:{port}" for port in _free_ports(count)]
    return [_value(addresses, index) for index in range(count)]


def _value(addresses: Sequence[str], index: int) -> str:
    value: dict[str, Any] = {
        "cluster": {"worker": addresses},
        "task": {"type": "worker", "index": index},
    }
    return json.dumps(value)


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens at; all are held until all are found."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((_LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _wrong(rule: str, text: str) -> UserError:
    return UserError(f"{VARIABLE} must {rule}. Received: {text}")
