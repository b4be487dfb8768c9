"""Replies of Redis as JSON values: what is kept of each, and in which shape."""

import re
from typing import Any, Dict, List, Optional, Tuple

from truthmap_collector.redis.transport import Reply, text

__all__ = [
    "ShapeError",
    "clients",
    "connected",
    "consumers",
    "databases",
    "fields",
    "group_sizes",
    "groups",
    "number",
    "pending",
    "stream",
    "version",
    "words",
]

_CLIENT_FIELDS = frozenset(
    (
        *("id", "addr", "laddr", "name", "age", "idle", "flags", "db", "sub", "psub", "ssub"),
        *("multi", "cmd", "user", "lib-name", "lib-ver"),
    )
)
_CLIENT_LINES = 2000
_CLIENT_WORD = 128  # characters kept of a field: a client chooses its own name
_CLIENT = re.compile(r" ?\b([a-z-]+)=(\S*)")
_KEYSPACE = re.compile(r"^db(\d{1,9}):keys=(\d{1,18})", re.MULTILINE)
_CONNECTED = re.compile(r"^connected_clients:(\d{1,9})", re.MULTILINE)
_VERSION = re.compile(r"^redis_version:(\d{1,6})\.(\d{1,6})", re.MULTILINE)
_NAME_CHARACTERS = 1024

Row = Dict[str, Any]


class ShapeError(Exception):
    """A reply has not the shape its command's has."""


def words(reply: Reply) -> str:
    """Return a reply that is one text."""
    if not isinstance(reply, bytes):
        raise ShapeError("a text was expected")
    return text(reply)


def number(reply: Reply) -> int:
    """Return a reply that is one number."""
    if not isinstance(reply, int):
        raise ShapeError("a number was expected")
    return reply


def version(info: str) -> Optional[List[int]]:
    """Return major and minor of INFO's `redis_version`; None if it names none."""
    found = _VERSION.search(info)
    return [int(part) for part in found.groups()] if found else None


def databases(info: str) -> Dict[int, int]:
    """Return the databases that hold anything, with their number of keys, by INFO's keyspace."""
    return {int(db): int(keys) for db, keys in _KEYSPACE.findall(info)}


def connected(info: str) -> int:
    """Return how many clients INFO counts; 0 if it does not say."""
    found = _CONNECTED.search(info)
    return int(found.group(1)) if found else 0


def fields(reply: Reply) -> Dict[str, Reply]:
    """Return a flat list of names and values as a mapping."""
    if not isinstance(reply, list) or len(reply) % 2:
        raise ShapeError("names and values were expected")
    return {words(name): value for name, value in zip(reply[::2], reply[1::2])}


def clients(reply: Reply, own: Optional[int]) -> Row:
    """Return CLIENT LIST as `own` (our connection's id), `total` and `clients`.

    Each of the first 2000 is a line of the fields that are asked for: no address of memory, and
    nothing a version yet to come may add.
    """
    lines = [line for line in words(reply).split("\n") if line.strip()]
    return {
        "own": own,
        "total": len(lines),
        "clients": [_client(line) for line in lines[:_CLIENT_LINES]],
    }


def stream(reply: Reply) -> Row:
    """Return XINFO STREAM as it is, the two entries reduced to their IDs, None if there is none."""
    found: Row = {}
    for name, value in fields(reply).items():
        if name in ("first-entry", "last-entry"):
            found[name] = words(value[0]) if isinstance(value, list) and value else None
        elif value is None or isinstance(value, int):
            found[name] = value
        elif isinstance(value, bytes):
            found[name] = text(value)[:_NAME_CHARACTERS]
    if not isinstance(found.get("length"), int):
        raise ShapeError("a stream's length was expected")
    return found


def groups(reply: Reply) -> List[Row]:
    """Return XINFO GROUPS as a list of mappings."""
    return [_named(element) for element in _list(reply)]


consumers = groups


def group_sizes(reply: Reply) -> List[Tuple[bytes, int]]:
    """Return name and number of consumers of each group of XINFO GROUPS; none for an error."""
    found = []
    for element in reply if isinstance(reply, list) else []:
        try:
            told = fields(element)
        except ShapeError:
            continue
        name, count = told.get("name"), told.get("consumers")
        if isinstance(name, bytes) and isinstance(count, int):
            found.append((name, count))
    return found


def pending(reply: Reply) -> Row:
    """Return XPENDING's summary: count, lowest and highest ID, pending by consumer."""
    if not isinstance(reply, list) or len(reply) != 4:
        raise ShapeError("a summary of four was expected")
    count, lowest, highest, owners = reply
    return {
        "count": number(count),
        "lowest": None if lowest is None else words(lowest),
        "highest": None if highest is None else words(highest),
        "consumers": dict(_owner(owner) for owner in owners or []),
    }


def _owner(owner: Reply) -> List[Any]:
    if not isinstance(owner, list) or len(owner) != 2:
        raise ShapeError("a consumer and its count were expected")
    name, count = owner
    return [words(name), int(words(count)) if isinstance(count, bytes) else number(count)]


def _client(line: str) -> str:
    chosen = [
        "{}={}".format(name, value[:_CLIENT_WORD])
        for name, value in _CLIENT.findall(line)
        if name in _CLIENT_FIELDS
    ]
    return " ".join(chosen)


def _named(element: Reply) -> Row:
    found: Row = {}
    for name, value in fields(element).items():
        if value is None or isinstance(value, int):
            found[name] = value
        elif isinstance(value, bytes):
            found[name] = text(value)[:_NAME_CHARACTERS]
    if not isinstance(found.get("name"), str):
        raise ShapeError("a name was expected")
    return found


def _list(reply: Reply) -> List[Reply]:
    if not isinstance(reply, list):
        raise ShapeError("a list was expected")
    return reply
