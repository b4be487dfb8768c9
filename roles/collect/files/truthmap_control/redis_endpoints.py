"""The variable probe_redis_endpoints: servers that the control node itself asks, checked.

probe_redis_endpoints:
  - {name: cache, host: cache.example, port: 6380, tls: true, ca: /etc/ssl/ca.pem,
     username: truthmap, password: "{{ vault_cache }}"}
  - {name: bus, sentinel: {service: bus, nodes: ["s1.example:26379", "s2.example:26379"]}}
  - {name: shards, host: shard1.example, cluster: true}
  - {name: here, unix: /run/redis/redis.sock}
  - {name: there, url: "rediss://there.example:6379"}
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .values import SettingError

__all__ = ["Endpoint", "Sentinel", "endpoints", "shown"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z")
_TEXTS = ("name", "host", "unix", "url", "ca", "cert", "key", "username", "password")
_FLAGS = ("tls", "verify", "cluster")
_KEYS = (*_TEXTS, *_FLAGS, "port", "sentinel")
_SENTINEL_KEYS = ("service", "nodes", "username", "password")
_PORT, _SENTINEL_PORT = 6379, 26379


@dataclass(frozen=True)
class Sentinel:
    """Whom to ask for the primary of `service`, and as whom."""

    service: str
    nodes: tuple[tuple[str, int], ...]
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Endpoint:
    """One server, or one cluster, or what a sentinel calls a service.

    `host` is empty where `unix` (a socket's path) or `sentinel` says where it is. `ca`, `cert` and
    `key` are files of the control node.
    """

    name: str
    host: str = ""
    port: int = _PORT
    unix: str = ""
    tls: bool = False
    verify: bool = True
    ca: str = ""
    cert: str = ""
    key: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    cluster: bool = False
    sentinel: Sentinel | None = None


def endpoints(value: Any, where: str) -> list[Endpoint]:
    """Read the variable's plain value. Raises SettingError that names the place and no value of it.

    `where` is the variable's name.
    """
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise SettingError(f"{where} is no list of endpoints")
    found = [_endpoint(item, f"{where}[{at}]") for at, item in enumerate(value)]
    for at, endpoint in enumerate(found):
        if endpoint.name in [other.name for other in found[:at]]:
            raise SettingError(f"{where}[{at}]: the name {endpoint.name!r} is used twice")
    return found


def shown(host: str, port: int) -> str:
    """Write an address: `host:port`, `[v6]:port`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _endpoint(item: Any, where: str) -> Endpoint:
    chosen = _mapping(item, where, _KEYS)
    name = chosen.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise SettingError(
            f"{where}: name is missing or no name (letters, digits, _ . : -, at most 64)"
        )
    where = f"{where} ({name})"
    for key in _TEXTS:
        if not isinstance(chosen.get(key, ""), str):
            raise SettingError(f"{where}: {key} is no text; a number belongs in quotes")
    for key in _FLAGS:
        if not isinstance(chosen.get(key, False), bool):
            raise SettingError(f"{where}: {key} is neither true nor false")
    chosen = {key: item for key, item in chosen.items() if item != "" and item is not None}
    if "url" in chosen:
        chosen = {**_from_url(chosen.pop("url"), chosen, where), **chosen}
    _check_places(chosen, where)
    if "port" in chosen:
        chosen["port"] = _port(chosen["port"], f"{where}: port")
    if "sentinel" in chosen:
        chosen["sentinel"] = _sentinel(chosen["sentinel"], f"{where}: sentinel")
    if ("cert" in chosen) != ("key" in chosen):
        raise SettingError(f"{where}: cert and key belong together")
    return Endpoint(**chosen)


def _check_places(chosen: Mapping[str, Any], where: str) -> None:
    places = [key for key in ("host", "unix", "sentinel") if key in chosen]
    if len(places) != 1:
        said = "none of them" if not places else " and ".join(places)
        raise SettingError(f"{where}: one of host, unix, url and sentinel is needed, not {said}")
    if chosen.get("cluster") and places != ["host"]:
        raise SettingError(f"{where}: a cluster is asked over TCP: give host and port of one node")
    tls_only = [key for key in ("ca", "cert", "key", "verify") if key in chosen]
    if tls_only and not chosen.get("tls"):
        raise SettingError(f"{where}: {tls_only[0]} is given, but tls is not true")


def _from_url(url: str, chosen: Mapping[str, Any], where: str) -> dict[str, Any]:
    if "host" in chosen or "unix" in chosen or "port" in chosen:
        raise SettingError(f"{where}: url says where it is, so host, port and unix are too much")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingError(f"{where}: url cannot be read as one") from error
    if parts.password:
        raise SettingError(f"{where}: url holds a password: give it as password, from a vault")
    user = {"username": parts.username} if parts.username else {}
    if parts.scheme == "unix" and parts.path:
        return {"unix": parts.path, **user}
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise SettingError(f"{where}: url is none of redis://, rediss:// and unix://")
    secure = {"tls": True} if parts.scheme == "rediss" else {}
    return {"host": parts.hostname, "port": port or _PORT, **secure, **user}


def _sentinel(value: Any, where: str) -> Sentinel:
    chosen = _mapping(value, where, _SENTINEL_KEYS)
    for key in ("service", "username", "password"):
        if not isinstance(chosen.get(key, ""), str):
            raise SettingError(f"{where}: {key} is no text")
    nodes = chosen.get("nodes")
    if not chosen.get("service") or not isinstance(nodes, list) or not nodes:
        raise SettingError(f"{where}: service and nodes (a list of host:port) are needed")
    found = tuple(_node(node, f"{where}: nodes[{at}]") for at, node in enumerate(nodes))
    return Sentinel(
        chosen["service"], found, chosen.get("username", ""), chosen.get("password", "")
    )


def _node(value: Any, where: str) -> tuple[str, int]:
    if not isinstance(value, str) or not value:
        raise SettingError(f"{where} is no host:port")
    host, colon, port = value.rpartition(":")
    if not colon or value.endswith("]"):
        host, port = value, str(_SENTINEL_PORT)
    return host.strip("[]"), _port(port, where)


def _port(value: Any, where: str) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 65536:
        raise SettingError(f"{where} is no whole number from 1 to 65535")
    return number


def _mapping(value: Any, where: str, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise SettingError(f"{where} is no mapping; it may have {', '.join(known)}")
    for key in value:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]!r}?" if close else f": {', '.join(known)}"
            raise SettingError(f"{where}: unknown key {str(key)!r}{hint}")
    return dict(value)
