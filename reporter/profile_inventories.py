"""The profile's key `inventories`: files that say what should run, and where in them what stands.

    inventories:
      - path: /home/a/app/SYSTEM_INVENTORY.yaml
        date: last_update              # when it was written
        items: containers              # a mapping of name to item, or a list of items
        unit: "{name}.service"         # or a place in the item: systemd.unit
        state: status                  # what it says of the item: running, active, dead, …
        port: port
        streams: streams

A place is keys joined by dots. `{name}` in `unit` is the item's `name`: its key in a mapping, or
what stands at the place `name` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Inventory", "inventories_of"]


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

    @property
    def title(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]


def inventories_of(value: Any) -> tuple[Inventory, ...]:
    """Read the checked key `inventories`; the format is the name's where none is said."""
    return tuple(
        Inventory(**{"format": "json" if one["path"].endswith(".json") else "yaml", **one})
        for one in value or ()
    )
