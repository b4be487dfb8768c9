"""Anchors: what stands behind `#` in an address, and in an `id`."""

from __future__ import annotations

from urllib.parse import quote

__all__ = ["anchor"]

_PLAIN = ":/@.,+~=!*()-_"
"""What may stand in an id and in a fragment as it is."""


def anchor(name: str) -> str:
    """Return an id of the page for a finding's, a cause's or a pattern's: safe wherever it stands.

    Browsers look for a fragment among the ids as it is written, so the one form serves both.

    >>> anchor("restart_loops:shop-api.service")
    'restart_loops:shop-api.service'
    >>> anchor('env_values:a b"<')
    'env_values:a%20b%22%3C'
    """
    return quote(name, safe=_PLAIN, errors="backslashreplace")
