"""Makes text from a host safe to print on a terminal.

A compromised host chooses unit descriptions and log lines. Control characters (ANSI and OSC
sequences among them), bidirectional overrides and invisible characters are shown as what they
are; the evidence in the archive keeps them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from reporter.messages import Catalogue, Text, Value

__all__ = ["Shown", "safe", "shown_in"]

Shown = Callable[[Value], str]
"""Renders a value in the reader's language, made safe for a terminal."""

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def safe(text: str) -> str:
    r"""Return the text with every control, format and unassigned character spelled out.

    >>> safe("a\x1b[31mb\u202e")
    'a\\x1b[31mb\\u202e'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spell(char) if unicodedata.category(char) in _HIDDEN else char for char in text)


def shown_in(catalogue: Catalogue) -> Shown:
    """Return what renders values in the catalogue's language, safely."""

    def shown(value: Value) -> str:
        return safe(value.render(catalogue) if isinstance(value, Text) else str(value))

    return shown


def _spell(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
