"""Sites, what they listen on, and what they pass on to: alike for nginx, Caddy and HAProxy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reporter.findings import Citation
from reporter.messages import Text

__all__ = [
    "Fault",
    "File",
    "Listen",
    "Passed",
    "Reference",
    "Site",
    "Target",
    "WebConfig",
    "target",
]

_TARGET = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+]*)://)?(?:<masked:\d+>@)?"
    r"(?:unix[:@/](?P<socket>/[^:]+)(?::.*)?|(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.$*-]*)"
    r"(?::(?P<port>\d{1,5}))?(?:/.*)?)",
    re.DOTALL,
)
_PORTS = {"http": 80, "https": 443, "grpc": 80, "grpcs": 443, "h2c": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is passed on to: a unix `socket`, or `host` and `port`.

    `host` is None where a variable decides or it was masked; `spare`: a backup, or marked down.
    """

    shown: str
    host: str | None = None
    port: int | None = None
    socket: str | None = None
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Listen:
    """What a site listens on; `address` is `*` for all of IPv4, `[::]` for all of IPv6."""

    address: str
    port: int
    default: bool = False
    tls: bool = False

    def __str__(self) -> str:
        """Return address and port."""
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Passed:
    """What one place of a site (`/api/`, "" for all of it) is passed on to."""

    place: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """One site; `file` and `line` say where it begins."""

    names: tuple[str, ...]
    listens: tuple[Listen, ...]
    passed: tuple[Passed, ...]
    file: str
    line: int

    @property
    def targets(self) -> tuple[Target, ...]:
        """All it passes on to, each once."""
        return tuple(dict.fromkeys(one for passed in self.passed for one in passed.targets))

    @property
    def name(self) -> str:
        """Its first name, `_` if it has none."""
        return next((name for name in self.names if name), "_")


@dataclass(frozen=True, slots=True)
class Reference:
    """A file or unix socket that the configuration names; `error` says why it was not seen.

    `mtime` is epoch seconds; `listening` is of a socket, None where it is none.
    """

    directive: str
    path: str
    type: str | None
    mtime: float | None
    error: str | None
    listening: bool | None
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class File:
    """One file of the configuration; `pattern` is the include that loads it, "" for a main file."""

    path: str
    pattern: str
    mtime: float | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something the server stumbles over when it reads its configuration, in its words."""

    subject: str
    message: Text
    refuses: bool
    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class WebConfig:
    """What one server's configuration says. `files` are those that are loaded, in that order.

    `gaps` say what of it was not seen; `beside` counts files that lie beside and are not loaded.
    """

    server: str
    record: str
    files: tuple[File, ...] = ()
    sites: tuple[Site, ...] = ()
    references: tuple[Reference, ...] = ()
    faults: tuple[Fault, ...] = ()
    gaps: tuple[Text, ...] = ()
    beside: int = 0
    rows: dict[str, dict[str, Any]]

    @property
    def present(self) -> bool:
        """Whether there is any configuration."""
        return bool(self.files)

    def cite(self, *places: tuple[str, int]) -> Citation:
        """Return the citation of some lines, each as `FILE:LINE text`."""
        return Citation(self.record, "\n".join(self._lines(places)))

    def _lines(self, places: tuple[tuple[str, int], ...]) -> Iterator[str]:
        for path, number in dict.fromkeys(places):
            row = self.rows.get(path, {})
            data = str(row.get("data") or "").split("\n")
            numbers = row.get("lines") or []
            found = [text for text, line in zip(data, numbers, strict=False) if line == number]
            yield f"{path}:{number} {' '.join(found)}".rstrip()


def target(word: str, scheme: str = "", spare: bool = False) -> Target:
    """Read an address or URL as the collector lets it out; one of another form has no host."""
    found = _TARGET.fullmatch(word)
    if found is None:
        return Target(word, spare=spare)
    if found["socket"]:
        return Target(f"unix:{found['socket']}", socket=found["socket"], spare=spare)
    host = found["host"]
    if not host and not found["port"]:
        return Target(word, spare=spare)
    if "$" in host:
        return Target(host, spare=spare)
    if host.isdecimal() and not found["port"] and not found["scheme"]:
        host, port = "localhost", int(host)
    else:
        port = int(found["port"] or _PORTS.get(found["scheme"] or scheme, 0))
    host = host.strip("[]") or "localhost"
    if not 0 < port < 65536:
        return Target(host, host=host, spare=spare)
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Target(shown, host=host, port=port, spare=spare)
