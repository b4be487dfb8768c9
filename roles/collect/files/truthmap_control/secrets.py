"""What lets a probe in: variables of the inventory, shipped beside the probes and stored nowhere.

A declaration is stored in the bundle, so it never holds a secret. A kind that needs one has an
entry here; its turn finds it in `turn.secret`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .values import SettingError, flag, text

__all__ = ["KINDS", "gathered"]

Value = Callable[[str], Any]


def gathered(kinds: Iterable[str], value: Value) -> dict[str, dict[str, Any]]:
    """Return the secrets of those kinds that have any, by kind.

    `value` gives a variable's templated, plain value, None where it is not set. Raises SettingError
    that names the variable and never its value.
    """
    found = {}
    for kind in sorted(set(kinds) & set(KINDS)):
        chosen = {key: read(value(name), name) for key, (name, read) in KINDS[kind].items()}
        chosen = {key: item for key, item in chosen.items() if item}
        if chosen:
            found[kind] = chosen
    return found


def _flag(value: Any, where: str) -> bool:
    return flag(value, where, False)


def _secret(value: Any, where: str) -> str:
    """Read text as it is: blanks belong to a password."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise SettingError(f"{where} is a number: put it in quotes, or its zeros may be lost")
    return "" if value is None else value if isinstance(value, str) else text(value, where)


def _logins(value: Any, where: str) -> dict[str, dict[str, str]]:
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise SettingError(f"{where} is no mapping of endpoint to username and password")
    return {
        str(endpoint): _login(login, f"{where}[{endpoint}]") for endpoint, login in value.items()
    }


def _login(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise SettingError(f"{where} is no mapping with username and password")
    unknown = sorted(set(value) - {"username", "password"})
    if unknown:
        raise SettingError(f"{where} has the unknown key {unknown[0]!r}: username, password")
    return {key: _secret(item, f"{where}.{key}") for key, item in value.items()}


KINDS: dict[str, dict[str, tuple[str, Callable[[Any, str], Any]]]] = {
    "redis": {
        "username": ("probe_redis_username", _secret),
        "password": ("probe_redis_password", _secret),
        "credentials": ("probe_redis_credentials", _logins),
        "use_server_configuration": ("probe_redis_use_server_configuration", _flag),
    },
}
"""By kind what its secret is made of: key, the variable it comes from, how that is read."""
