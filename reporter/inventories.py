"""Declared inventories read: what each says of its units, ports, states and streams."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import yaml

from reporter.messages import Text, text
from reporter.profile_inventories import Inventory

__all__ = ["Declared", "DeclaredUnit", "UnreadableInventory", "read_inventory"]

_RUNNING = frozenset(
    ("running", "active", "up", "healthy", "ok", "started", "online", "true", "yes", "on", "live")
)
_STOPPED = frozenset(
    ("stopped", "dead", "inactive", "disabled", "exited", "failed", "down", "off", "false", "no")
)
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
    """

    name: str
    unit: str | None
    state: str | None
    means: Literal["running", "stopped"] | None
    port: int | None
    streams: tuple[str, ...]


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
        streams=tuple(filter(None, map(_text, streams))) if isinstance(streams, list) else (),
    )


def _unit(inventory: Inventory, name: str | None, value: Any) -> str | None:
    if inventory.unit is None:
        return f"{name}.service" if name else None
    if "{name}" in inventory.unit:
        return inventory.unit.replace("{name}", name) if name else None
    found = _text(_at(value, inventory.unit))
    if not found:
        return None
    return found if "." in found else f"{found}.service"


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
