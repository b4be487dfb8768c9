"""Declared inventories read: what each says of its units, states, ports, streams, containers."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import yaml

from reporter.messages import Text, text
from reporter.profile_inventories import Inventory
from reporter.unit_suffix import full_name

__all__ = [
    "MASKED",
    "Declared",
    "DeclaredUnit",
    "UnreadableInventory",
    "read_inventory",
    "stream_names",
]

MASKED = "<masked:"
"""Where a text has this, masking hid a part of it."""

_RUNNING = frozenset(
    ("running", "active", "up", "healthy", "ok", "started", "online", "true", "yes", "on", "live")
)
_STOPPED = frozenset(
    ("stopped", "dead", "inactive", "disabled", "exited", "failed", "down", "off", "false", "no")
)
_NOTHING = frozenset(("-", "none", "n/a", "null", "tbd", "unknown"))
_WORD = re.compile(r"[^\s,;|()\[\]\"'`]+")
_PATTERN = re.compile(r"[{}<>$%]")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_MOST = 5000


class UnreadableInventory(Exception):  # noqa: N818 - it is an answer, not an error
    """The file says nothing that its profile's places lead to; the argument is the reason."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class DeclaredUnit:
    """What an inventory says of one item.

    `unit` is None where it names none; `state` is what was written, `means` what that comes to.
    `streams` are texts as written, `container` is the name of the container it is said to run as.
    """

    name: str
    unit: str | None
    state: str | None
    means: Literal["running", "stopped"] | None
    port: int | None
    streams: tuple[str, ...]
    container: str | None


@dataclass(frozen=True)
class Declared:
    """An inventory: `written` is the moment it gives for itself, epoch seconds, `date` its text."""

    items: tuple[DeclaredUnit, ...]
    date: str | None
    written: float | None


def read_inventory(inventory: Inventory, content: str) -> Declared:
    """Read an inventory's text. Raises `UnreadableInventory`."""
    data = _loaded(inventory, content)
    found = _at(data, inventory.items)
    if isinstance(found, dict):
        pairs = [(str(key), value) for key, value in found.items()]
    elif isinstance(found, list):
        pairs = [("", value) for value in found]
    else:
        raise UnreadableInventory(
            text(
                "{place} is neither a mapping nor a list", place=inventory.items or text("the file")
            )
        )
    items = tuple(_item(inventory, key, value) for key, value in pairs[:_MOST])
    said = _at(data, inventory.date) if inventory.date else None
    shown = None if said is None else said.isoformat() if isinstance(said, date) else str(said)
    return Declared(items, shown, _moment(shown))


def stream_names(
    said: str, patterns: Collection[str], known: Collection[str]
) -> tuple[str, ...] | None:
    """Return the names of streams in a text such as `quantum:stream:x (publish)`.

    They are the words that fit `patterns` (the profile's `streams`); else those with a colon
    inside; else those among the `known` names; else the one word there is beside what stands in
    brackets. A word with `{}`, `<>`, `$` or `%` in it is a pattern of names, and one with a colon
    at its end may be the beginning of many: neither is a name. None if masking hid a part.
    """
    if MASKED in said:
        return None
    words = tuple(_words(said, known))
    telling = [pattern for pattern in patterns if pattern.strip("*")]
    for found in (
        _fitting(words, telling),
        [word for word in words if _has_colon(word)],
        [word for word in words if word in known],
    ):
        if found:
            return tuple(dict.fromkeys(found))
    alone = _ASIDE.sub(" ", said).split()
    is_one = len(alone) == 1 and alone[0] in words and alone[0].lower() not in _NOTHING
    return tuple(alone) if is_one else ()


def _words(said: str, known: Collection[str]) -> Iterator[str]:
    for found in _WORD.findall(said):
        word = found.rstrip(".:")
        if not _PATTERN.search(word) and (word in known or not found.endswith(":")):
            yield word


def _fitting(words: Collection[str], patterns: Collection[str]) -> list[str]:
    return [
        word for word in words if any(fnmatch.fnmatchcase(word, pattern) for pattern in patterns)
    ]


def _has_colon(word: str) -> bool:
    return ":" in word and "://" not in word and any(map(str.isalpha, word))


def _loaded(inventory: Inventory, content: str) -> Any:
    try:
        if inventory.format == "json":
            return json.loads(content)
        return yaml.load(content, _Loader)  # noqa: S506 - a safe loader, without aliases
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        kind = type(error).__name__
        raise UnreadableInventory(
            text("it is no readable {format}: {error}", format=inventory.format, error=kind)
        ) from error


class _Loader(yaml.SafeLoader):
    """Without aliases: some of them, nested, make gigabytes of a few lines."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse an alias."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


def _item(inventory: Inventory, key: str, value: Any) -> DeclaredUnit:
    name = _text(_at(value, inventory.name)) if inventory.name else key
    state = _text(_at(value, inventory.state)) if inventory.state else None
    port = _at(value, inventory.port) if inventory.port else None
    streams = _at(value, inventory.streams) if inventory.streams else None
    return DeclaredUnit(
        name=name or key or "?",
        unit=_unit(inventory, name or key, value),
        state=state,
        means=_means(state),
        port=_port(port),
        streams=tuple(_texts(streams)),
        container=_named(inventory.container, name or key, value) if inventory.container else None,
    )


def _texts(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        found = _text(one)
        if found:
            yield found


def _unit(inventory: Inventory, name: str | None, value: Any) -> str | None:
    if inventory.unit is None:
        return full_name(name) if name else None
    found = _named(inventory.unit, name, value)
    return full_name(found) if found else None


def _named(place: str, name: str | None, value: Any) -> str | None:
    """Return what stands at a place of the item, or its name put into a pattern."""
    if "{name}" in place:
        return place.replace("{name}", name) if name else None
    return _text(_at(value, place))


def _means(state: str | None) -> Literal["running", "stopped"] | None:
    word = (state or "").strip().lower()
    first = word.partition(" ")[0].strip("():,")
    if word.startswith(("not ", "un")):
        return "stopped" if word.startswith("not ") else None
    if first in _RUNNING:
        return "running"
    return "stopped" if first in _STOPPED else None


def _port(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    good = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536
    return value if good else None


def _at(value: Any, place: str | None) -> Any:
    for key in place.split(".") if place else ():
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return None
    return value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _moment(shown: str | None) -> float | None:
    try:
        found = datetime.fromisoformat(shown or "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
