"""What of a stream's entry may leave the host: ID, field names, and a few values of known shape.

Payloads may hold secrets and personal data. So may names, where a producer puts data in their
place: they have to look like names, and go through the masker as values do. A value is taken only
from a field whose name is in one of the lists (time, source, type), directly or inside a field that
holds a JSON object, and only if it looks like what the list promises.
"""

import json
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from truthmap_collector.redis.replies import ShapeError, words
from truthmap_collector.redis.transport import Cut, Reply, text

__all__ = ["Allowed", "reduced"]

_FIELDS = 64  # names of one entry
_VALUES = 16  # of one entry
_JSON_BYTES = 65536
_NESTED = 2  # objects: `payload.ts`, `payload.data.ts`
_FIELD = re.compile(r"[A-Za-z_$][A-Za-z0-9_.:/$-]{0,39}\Z")
_DATA = re.compile(r"[0-9]{5}|[0-9a-fA-F]{12}")  # a number of somebody, part of a key
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:/@-]{0,63}\Z")
# Epoch seconds to nanoseconds, with a fraction or without; ISO 8601 with a zone or without.
_NUMBER = re.compile(r"[0-9]{9,19}(\.[0-9]{0,9})?\Z")
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
    r" ?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)?)?\Z"
)


class Allowed(NamedTuple):
    """The field names that are looked into, by role, and those that may hold a JSON object."""

    roles: Dict[str, str]
    payloads: Tuple[str, ...]

    @classmethod
    def of(cls, args: Dict[str, Any]) -> "Allowed":
        """Return what a probe's arguments allow; names are compared without regard to case."""
        roles: Dict[str, str] = {}
        for role in ("time", "source", "type"):
            for name in args.get(role + "_fields", []):
                roles.setdefault(name.lower(), role)
        return cls(roles, tuple(name.lower() for name in args.get("payload_fields", [])))


def reduced(reply: Reply, allowed: Allowed) -> Dict[str, List[Any]]:
    """Return XREVRANGE's entries: `reply` their {id}, `fields` their names, `values` their triples.

    The lists go side by side: the masker judges whole keys of a row. A triple is role, path of the
    field, and the value's text. Raises ShapeError.
    """
    if not isinstance(reply, list):
        raise ShapeError("a list of entries was expected")
    shown, fields, values = [], [], []
    for entry in reply:
        if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[1], list):
            raise ShapeError("an entry's ID and fields were expected")
        pairs = list(zip(entry[1][::2], entry[1][1::2]))
        shown.append({"id": words(entry[0])})
        fields.append([_shown(words(name)) for name, _ in pairs[:_FIELDS]])
        found = list(_found(pairs, allowed))[:_VALUES]
        values.append([part for triple in found for part in triple])
    return {"reply": shown, "fields": fields, "values": values}


def _shown(name: str) -> str:
    """Return a field's name; one that is none (data in its place) by its length only."""
    if _FIELD.match(name) and not _DATA.search(name):
        return name
    return "<masked:{}>".format(len(name))


def _found(
    pairs: Sequence[Tuple[Reply, Reply]], allowed: Allowed
) -> Iterator[Tuple[str, str, str]]:
    for name, value in pairs:
        if isinstance(name, bytes) and isinstance(value, bytes) and not isinstance(value, Cut):
            yield from _values(text(name), text(value), text(name), allowed, 0)


def _values(
    name: str, value: Any, path: str, allowed: Allowed, depth: int
) -> Iterator[Tuple[str, str, str]]:
    role = allowed.roles.get(name.lower())
    if isinstance(value, str):
        if role and _fits(role, value):
            yield role, path, value
            return
        if name.lower() not in allowed.payloads or depth >= _NESTED:
            return
        value = _object(value)
    if isinstance(value, dict) and name.lower() in allowed.payloads and depth < _NESTED:
        for inner, content in value.items():
            yield from _values(inner, content, path + "." + inner, allowed, depth + 1)


def _fits(role: str, value: str) -> bool:
    if role == "time":
        return bool(_NUMBER.match(value) or _ISO.match(value))
    return bool(_NAME.match(value))


def _object(value: str) -> Any:
    """Return the JSON object a text holds, numbers as they are written; None if it holds none."""
    if len(value) > _JSON_BYTES or value.lstrip()[:1] != "{":
        return None
    try:
        return json.loads(value, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
