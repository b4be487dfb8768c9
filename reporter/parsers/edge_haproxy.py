"""What HAProxy binds and passes on, from its reduced configuration (kind `server_config`).

Sample of the `data` of a row:

    frontend web
    bind *:443
    default_backend app
    backend app
    server app1 127.0.0.1:8001 check

Source: HAProxy Configuration Manual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reporter.evidence import Record
from reporter.facts import fact
from reporter.messages import Text
from reporter.web.rows import gap_of, gaps_of, number_of, references_of, rows_of, seconds
from reporter.web.types import File, Listen, Passed, Site, Target, WebConfig, target

__all__ = ["haproxy"]

_BIND = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.*-]*):(\d{1,5})(?:-\d+)?")


@dataclass
class _Proxy:
    kind: str
    name: str
    file: str
    line: int
    listens: list[Listen] = field(default_factory=list)
    servers: list[Target] = field(default_factory=list)
    backends: dict[str, None] = field(default_factory=dict)


@fact("edge_haproxy", accepts=("collected", "absent"))
def haproxy(record: Record) -> WebConfig:
    """Return the front ends of HAProxy; none where there is no configuration of it."""
    rows = rows_of(record)
    gaps: dict[Text, None] = dict.fromkeys(gaps_of(record))
    proxies: list[_Proxy] = []
    for path, row in rows.items():
        gap = gap_of(row)
        if gap is not None:
            gaps[gap] = None
        for at, line in enumerate(str(row.get("data") or "").split("\n"), 1):
            words = line.split()
            if words:
                _read(words, proxies, path, number_of(row, at))
    backends = {one.name: tuple(one.servers) for one in proxies if one.kind != "frontend"}
    sites = [
        Site(
            names=(one.name,),
            listens=tuple(one.listens),
            passed=tuple(
                Passed(name, targets)
                for name, targets in (
                    ("", tuple(one.servers)),
                    *((name, backends.get(name, ())) for name in one.backends),
                )
                if targets
            ),
            file=one.file,
            line=one.line,
        )
        for one in proxies
        if one.kind in {"frontend", "listen"}
    ]
    return WebConfig(
        server="haproxy",
        record=record.id,
        files=tuple(File(path, "", seconds(row.get("mtime"))) for path, row in rows.items()),
        sites=tuple(sites),
        references=tuple(one for row in rows.values() for one in references_of(row)),
        gaps=tuple(gaps),
        rows=rows,
    )


def _read(words: list[str], proxies: list[_Proxy], path: str, line: int) -> None:
    directive, rest = words[0], words[1:]
    if directive in {"frontend", "backend", "listen", "defaults"}:
        proxies.append(_Proxy(directive, rest[0] if rest else "", path, line))
    elif not proxies or not rest:
        return
    elif directive == "bind":
        proxies[-1].listens += [
            Listen(found[1] or "*", int(found[2]))
            for place in rest[0].split(",")
            if (found := _BIND.fullmatch(place)) and 0 < int(found[2]) < 65536
        ]
    elif directive == "server" and len(rest) > 1:
        spare = bool({"backup", "disabled"} & set(rest[2:]))
        proxies[-1].servers.append(target(rest[1], spare=spare))
    elif directive in {"default_backend", "use_backend"}:
        proxies[-1].backends[rest[0]] = None
