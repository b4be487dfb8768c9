"""The profile's key `inventories`: files that say what should run, and where in them what stands.

    inventories:
      - path: /home/a/app/SYSTEM_INVENTORY.yaml
        date: last_update              # when it was written
        items: containers              # a mapping of name to item, or a list of items
        unit: "{name}.service"         # or a place in the item: systemd.unit
        state: status                  # what it says of the item: running, active, dead, …
        port: port
        streams: streams               # a list of texts, each with a stream's name in it
        container: "{name}"            # or a place in the item: docker.container_name

A place is keys joined by dots. `{name}` in `unit` and `container` is the item's `name`: its key in
a mapping, or what stands at the place `name` says. Items that lie in a place called `containers`
are containers of their own names, if nothing else is said.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from reporter.errors import InputError

__all__ = ["Inventory", "inventories_of"]

_KEYS = ("path", "format", "date", "items", "name", "unit", "state", "port", "streams", "container")
_FORMATS = ("yaml", "json")


@dataclass(frozen=True, slots=True)
class Inventory:
    """One inventory; places are keys joined by dots, None where the file has no such thing."""

    path: str
    format: str
    items: str | None = None
    date: str | None = None
    name: str | None = None
    unit: str | None = None
    state: str | None = None
    port: str | None = None
    streams: str | None = None
    container: str | None = None

    @property
    def title(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]


def inventories_of(value: Any, place: str) -> tuple[Inventory, ...]:
    """Check and return the inventories; raises `InputError` that says where what is wrong."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InputError(f"{place}: give a list of mappings with path, items, unit, state, …")
    return tuple(_inventory(one, f"{place}[{number}]") for number, one in enumerate(value))


def _inventory(value: Any, place: str) -> Inventory:
    if not isinstance(value, dict):
        raise InputError(f"{place}: is not a mapping: give it keys such as {', '.join(_KEYS)}")
    for key, said in value.items():
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(_KEYS)}"
            raise InputError(f"{place}: unknown key '{key}'; {hint}")
        if not isinstance(said, str) or not said:
            raise InputError(f"{place}.{key}: give a text")
    path = value.get("path", "")
    if not path.startswith("/"):
        raise InputError(f"{place}.path: give the absolute path of the file")
    kind = value.get("format") or ("json" if path.endswith(".json") else "yaml")
    if kind not in _FORMATS:
        raise InputError(f"{place}.format: '{kind}' is none of {', '.join(_FORMATS)}")
    items = str(value.get("items", ""))
    usual = {"container": "{name}"} if items.rpartition(".")[2] == "containers" else {}
    return Inventory(**{**usual, **value, "format": kind})
