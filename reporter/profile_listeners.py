"""What a profile declares of listeners: where each port listens and whose it is.

listeners:
  443: {unit: nginx}
  8001: {address: loopback, unit: quantum-api}
loopback_ports: [6379, 8001]
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from reporter.errors import InputError

__all__ = ["DeclaredListener", "listeners_of", "loopback_ports_of"]

_WORDS = frozenset({"any", "loopback"})


@dataclass(frozen=True, slots=True)
class DeclaredListener:
    """One port that is documented; None: it is not said.

    `address` is an IP address, `loopback`, or `any` for all addresses; `unit` a name or pattern.
    """

    port: int
    address: str | None = None
    unit: str | None = None


def listeners_of(value: Any, place: str) -> tuple[DeclaredListener, ...]:
    """Read the checked key `listeners`: a mapping from port to where it listens and whose it is.

    Raises `InputError` with the place where an address is none.
    """
    said = dict.fromkeys(value) if isinstance(value, list) else value or {}
    return tuple(_listener(int(port), said[port] or {}, f"{place}.{port}") for port in said)


def loopback_ports_of(value: Any) -> tuple[int, ...]:
    """Read the checked key `loopback_ports`: ports nothing may listen on but at loopback."""
    return tuple(map(int, value or ()))


def _listener(port: int, data: dict[str, Any], place: str) -> DeclaredListener:
    return DeclaredListener(
        port, _address(data.get("address"), f"{place}.address"), data.get("unit")
    )


def _address(value: str | None, place: str) -> str | None:
    if value is None or value in _WORDS:
        return value
    if value in {"*", "0.0.0.0", "::"}:  # noqa: S104 - read, not bound
        return "any"
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise InputError(f"{place}: give an IP address, loopback or any, not '{value}'") from None
