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
    container: str | None = None

    @property
    def title(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]


def inventories_of(value: Any) -> tuple[Inventory, ...]:
    """Read the checked key `inventories`, with what is usual where nothing is said.

    The format is the name's, and items in a place called `containers` are containers.
    """
    return tuple(Inventory(**{**_usual(one), **one}) for one in value or ())


def _usual(one: dict[str, str]) -> dict[str, str]:
    usual = {"format": "json" if one["path"].endswith(".json") else "yaml"}
    if one.get("items", "").rpartition(".")[2] == "containers":
        usual["container"] = "{name}"
    return usual
