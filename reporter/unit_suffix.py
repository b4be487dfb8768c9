"""A unit's whole name from what people write: `app` and `app.web` are services without a suffix."""

from __future__ import annotations

__all__ = ["full_name"]

_TYPES = frozenset(
    (
        "service",
        "socket",
        "device",
        "mount",
        "automount",
        "swap",
        "target",
        "path",
        "timer",
        "slice",
        "scope",
    )
)
"""Suffixes of systemd.unit(5)."""


def full_name(name: str) -> str:
    """Return the name with its suffix; one without a unit's type is a service's.

    >>> full_name("shop.api"), full_name("shop-backup.timer")
    ('shop.api.service', 'shop-backup.timer')
    """
    return name if name.rpartition(".")[2] in _TYPES else f"{name}.service"
