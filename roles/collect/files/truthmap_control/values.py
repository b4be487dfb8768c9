"""Values out of an inventory: made plain, checked, and errors made one readable line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

__all__ = ["SettingError", "flag", "number", "one_line", "plain", "text", "texts"]

_REASON_CHARACTERS = 500


class SettingError(Exception):
    """A variable's value cannot be used; the text names the variable."""


def plain(value: Any, where: str) -> Any:
    """Copy a templated value into plain JSON types: Ansible's own subclasses carry tags.

    Raises SettingError for anything JSON has no word for, naming the place.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {
            str(plain(key, where)): plain(item, f"{where}.{key}") for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}[{at}]") for at, item in enumerate(value)]
    raise SettingError(f"{where} is a {type(value).__name__}: expected text, number, list, mapping")


def number(value: Any, where: str) -> float:
    """Read a positive number; text counts, since `-e name=5` and surveys give text."""
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        raise SettingError(f"{where} is {value!r}: expected a number above 0")
    return found


def flag(value: Any, where: str, default: bool) -> bool:
    """Read true or false, also as text; `default` where nothing is given."""
    if value is None or value == "":
        return default
    if isinstance(value, bool):
        return value
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(value, (str, int)) and str(value).lower() in known:
        return known[str(value).lower()]
    raise SettingError(f"{where} is {value!r}: expected true or false")


def texts(value: Any, where: str) -> list[str]:
    """Read a list of texts; None and "" are an empty one."""
    if value is None or value == "":
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise SettingError(f"{where} is no list of texts")
    return list(value)


def text(value: Any, where: str) -> str:
    """Read text; None and "" (an optional survey question left out) are both ""."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SettingError(f"{where} is a {type(value).__name__}: expected text")
    return str.__str__(value).strip()


def one_line(message: object) -> str:
    """Make an error's text one printable line of at most 500 characters, cut in its middle.

    Both ends matter: ssh says last what went wrong.
    """
    lines = [" ".join(line.split()) for line in str(message).splitlines()]
    joined = "; ".join(line for line in lines if line.strip("@ "))
    shown = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii")
        for sign in joined
    )
    if len(shown) <= _REASON_CHARACTERS:
        return shown
    return f"{shown[: _REASON_CHARACTERS // 2 - 3]} ... {shown[-(_REASON_CHARACTERS // 2 - 2) :]}"
