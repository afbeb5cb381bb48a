"""What has changed between two records."""

from typing import Any


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What has changed, in words, setting by setting."""
    return [
        f"{name} was {old.get(name)!r}, now {new.get(name)!r}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
