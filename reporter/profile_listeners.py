"""What a profile declares of listeners: where each port listens and whose it is.

listeners:
  443: {unit: nginx}
  8001: {address: loopback, unit: quantum-api}
loopback_ports: [6379, 8001]
"""

from __future__ import annotations

import difflib
import ipaddress
from dataclasses import dataclass
from typing import Any

from reporter.errors import InputError

__all__ = ["DeclaredListener", "listeners_of", "loopback_ports_of"]

_KEYS = ("address", "unit")
_WORDS = ("any", "loopback")


@dataclass(frozen=True, slots=True)
class DeclaredListener:
    """One port that is documented; None: it is not said.

    `address` is an IP address, `loopback`, or `any` for all addresses; `unit` a name or pattern.
    """

    port: int
    address: str | None = None
    unit: str | None = None


def listeners_of(value: Any, place: str) -> tuple[DeclaredListener, ...]:
    """Read the key `listeners`: a mapping from port to where it listens and whose it is.

    Raises `InputError` with the place, what is wrong and the nearest known word.
    """
    if value is None:
        return ()
    if isinstance(value, list):
        value = dict.fromkeys(map(_hashable, value))
    if not isinstance(value, dict):
        raise InputError(f"{place}: give a mapping from port to {{address, unit}}")
    return tuple(_listener(port, value[port], place) for port in value)


def loopback_ports_of(value: Any, place: str) -> tuple[int, ...]:
    """Read the key `loopback_ports`: ports nothing may listen on but at loopback."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InputError(f"{place}: give a list of port numbers from 1 to 65535")
    return tuple(_port(port, place) for port in value)


def _hashable(value: Any) -> Any:
    return value if isinstance(value, int | str) else str(value)


def _listener(port: Any, data: Any, place: str) -> DeclaredListener:
    number = _port(port, place)
    data = {} if data is None else data
    where = f"{place}.{number}"
    if not isinstance(data, dict):
        raise InputError(f"{where}: give a mapping with the keys {', '.join(_KEYS)}")
    for key in data:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(_KEYS)}"
            raise InputError(f"{where}: unknown key '{key}'; {hint}")
    unit = data.get("unit")
    if unit is not None and (not isinstance(unit, str) or not unit):
        raise InputError(f"{where}.unit: give a unit's name or a shell pattern")
    return DeclaredListener(number, _address(data.get("address"), f"{where}.address"), unit)


def _address(value: Any, place: str) -> str | None:
    if value is None:
        return None
    if value in _WORDS:
        return str(value)
    if value in {"*", "0.0.0.0", "::"}:  # noqa: S104 - read, not bound
        return "any"
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        near = difflib.get_close_matches(str(value), _WORDS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "give an IP address, loopback or any"
        raise InputError(f"{place}: '{value}' is no address; {hint}") from None


def _port(value: Any, place: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)  # the keys of a mapping are text in an archive
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535:
        return value
    raise InputError(f"{place}: '{value}' is no port; give numbers from 1 to 65535")
