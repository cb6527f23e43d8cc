"""Read fields of decoded JSON objects that may not be there. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from metallb_kube.objects import Manifest


def at(value: Any, *keys: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Follow keys into nested maps; None where one of them is missing or null."""
    for key in keys:
        # The first test is the quicker one; it is what JSON becomes.
        if type(value) is not dict and not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text_at(value: Any, *keys: str) -> str:  # noqa: ANN401 - JSON has no narrower type
    """Follow keys to a string; "" where there is none."""
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def count_at(value: Any, *keys: str) -> int:  # noqa: ANN401 - JSON has no narrower type
    """Follow keys to an integer; 0 where there is none."""
    found = at(value, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def name_of(manifest: Manifest) -> str:
    """Return metadata.name, "" where there is none."""
    return text_at(manifest, "metadata", "name")


def time_of(text: str) -> datetime | None:
    """Read an RFC 3339 time of the API server; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def time_text(time: datetime) -> str:
    """Write a time as the API server does: RFC 3339, UTC, whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_terminating(manifest: Manifest) -> bool:
    """Return whether somebody has asked for the object's deletion."""
    return bool(at(manifest, "metadata", "deletionTimestamp"))


def condition_of(manifest: Manifest, kind: str) -> Mapping[str, Any]:
    """Return the condition of one type from status.conditions; empty where it is not set."""
    found = at(manifest, "status", "conditions") or ()
    return next((c for c in found if c.get("type") == kind), {})
