"""What the tests of the survey share: asking it, reading its rows, a small known population."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from truthmap_collector.runner import collect

from .conftest import Record

__all__ = ["FIELDS", "LEAST", "populate", "probe", "row", "rows", "surveyed"]

FIELDS: dict[str, list[str]] = {
    "time_fields": ["ts", "timestamp"],
    "source_fields": ["source"],
    "type_fields": ["type", "event"],
    "payload_fields": ["payload", "data"],
}

LEAST = (
    "-@all +hello +auth +ping +info +dbsize +scan +type +xinfo|stream +xinfo|groups "
    "+xinfo|consumers +xlen +xrange +xrevrange +xpending +client|list +client|id "
    "+client|setname +acl|whoami %R~*"
)
"""The least-privilege user of the documentation (Redis 7.0)."""


def probe(endpoint: str, *, timeout_s: float = 20, limit: int = 8388608, **args: Any) -> Any:
    """A declaration of kind redis; named, since the server is of whoever runs the tests."""
    return {
        "id": "it",
        "description": "A test.",
        "kind": "redis",
        "args": {"endpoint": endpoint, **FIELDS, "duty": 1.0, "named": True, **args},
        "limits": {"timeout_s": timeout_s, "bytes": limit},
    }


def surveyed(endpoint: str, secret: dict[str, Any] | None = None, **options: Any) -> Record:
    """Survey a server as the collector does; return its record."""
    answer = collect(
        {
            "probes": [probe(endpoint, **options)],
            "limits": {},
            "fingerprint_key": None,
            "secrets": {"redis": secret} if secret else {},
        }
    )
    (record,) = answer["evidence"]
    found: Record = record
    return found


def rows(record: Record) -> list[dict[str, Any]]:
    """All rows of a record."""
    return [json.loads(line) for line in record["stdout"]["data"].splitlines()]


def _matching(record: Record, words: tuple[str, ...], more: dict[str, Any]) -> Iterator[Any]:
    for found in rows(record):
        if tuple(found["ask"][: len(words)]) == words and _has(found, more):
            yield found


def row(record: Record, *words: str, **more: Any) -> dict[str, Any]:
    """The one row whose command begins with these words, and that has these keys."""
    (found,) = _matching(record, words, more)
    assert isinstance(found, dict)
    return found


def populate(client: Any) -> None:
    """Two streams with a group each way, one empty, some keys that are none."""
    client.xadd("a", {"source": "ai-engine", "ts": "1771171927", "payload": '{"ts": 1}'}, id="5-1")
    client.xadd("a", {"source": "ai-engine", "ts": "1771171928", "note": "x"}, id="6-1")
    client.xgroup_create("a", "g", id="0")
    client.xreadgroup("g", "c", {"a": ">"}, count=1)
    client.xadd("b", {"x": "1"}, id="7-1")
    client.xdel("b", "7-1")
    for number in range(50):
        client.set(f"key:{number}", "v")


def _has(found: dict[str, Any], more: dict[str, Any]) -> bool:
    return all(found.get(key) == value for key, value in more.items())
