"""What nginx serves, from its configuration as the collector reduced it (kind `server_config`).

Sample (one row a file; `lines` are the numbers in the file of the lines of `data`):

    {"path":"/etc/nginx/nginx.conf","mtime":"2026-...","root":true,"balanced":true,"left_out":19,
     "data":"http {\\ninclude /etc/nginx/sites-enabled/*;\\n}\\n","lines":[13,52,53],"places":[],
     "includes":[{"line":52,"pattern":"/etc/nginx/sites-enabled/*","paths":["/etc/nginx/..."],
     "denied":[]}],"references":[]}

Source: nginx's documentation (ngx_http_core_module: listen, server_name; ngx_http_upstream_module),
ngx_conf_file.c (include).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reporter.evidence import Record
from reporter.facts import fact
from reporter.messages import Text, text
from reporter.web.nginx_tree import Statement, statements
from reporter.web.rows import gap_of, gaps_of, number_of, references_of, rows_of, seconds
from reporter.web.types import (
    Fault,
    File,
    Listen,
    Passed,
    Reference,
    Site,
    Target,
    WebConfig,
    target,
)

__all__ = ["nginx"]

_MOST = 50_000
"""Statements that are looked at, those of files included many times counted each time."""

_DEEPEST = 50
"""Blocks, and files, that are followed into one another."""

_PASSES = {
    "proxy_pass": "http",
    "grpc_pass": "grpc",
    "fastcgi_pass": "",
    "uwsgi_pass": "",
    "scgi_pass": "",
    "memcached_pass": "",
}
_LISTEN = re.compile(r"(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.*-]+):)?(\d{1,5})")
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class _At:
    """A statement, the file it stands in, and the files by which one comes there."""

    statement: Statement
    path: str
    line: int
    stack: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.statement.name

    @property
    def args(self) -> list[str]:
        return self.statement.args


@dataclass
class _Reading:
    """What was found so far."""

    rows: dict[str, dict[str, Any]]
    trees: dict[str, list[Statement]] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    gaps: dict[Text, None] = field(default_factory=dict)
    seen: int = 0

    def main(self, path: str) -> None:
        """Read a main file with all it includes."""
        self._load(path, "")
        for one in self._inside(self._tree(path), path, (path,)):
            if one.name in {"http", "stream"} and one.statement.block is not None:
                self._context(one)

    def _context(self, context: _At) -> None:
        upstreams: dict[str, tuple[Target, ...]] = {}
        servers = []
        for one in list(self._below(context)):
            if one.name == "upstream" and one.args:
                upstreams[one.args[0]] = tuple(
                    target(line.args[0], "http", bool({"backup", "down"} & set(line.args[1:])))
                    for line in self._below(one)
                    if line.name == "server" and line.args
                )
            elif one.name == "server" and one.statement.block is not None:
                servers.append(one)
        for one in servers:
            self.sites.append(self._site(one, upstreams, context.name))

    def _site(self, server: _At, upstreams: dict[str, tuple[Target, ...]], context: str) -> Site:
        names: list[str] = []
        listens: list[Listen] = []
        passed: list[Passed] = []
        somewhere = False
        for one in self._below(server):
            if one.name == "server_name":
                names += [name.lower() for name in one.args]
            elif one.name == "listen" and one.args:
                somewhere = True
                listens += _listen(one.args)
            passed += self._passed(one, "", upstreams, context, _DEEPEST)
        if not somewhere and context == "http":
            listens = [Listen("*", 80)]
        return Site(tuple(names), tuple(listens), tuple(passed), server.path, server.line)

    def _passed(
        self,
        one: _At,
        place: str,
        upstreams: dict[str, tuple[Target, ...]],
        context: str,
        left: int,
    ) -> Iterator[Passed]:
        if one.name in _PASSES and one.args:
            scheme = _PASSES[one.name] if context == "http" else ""
            aimed = target(one.args[0], scheme)
            named = upstreams.get(aimed.host or "")
            yield Passed(place, named if named is not None else (aimed,))
        elif one.name in {"location", "if"} and one.statement.block is not None:
            if not left:
                self.gaps[text("{path}: blocks too deep in one another", path=one.path)] = None
                return
            inner = self._place(one) if one.name == "location" else place
            for below in self._below(one):
                yield from self._passed(below, inner, upstreams, context, left - 1)

    def _place(self, location: _At) -> str:
        places = self.rows[location.path].get("places") or []
        return next((str(where) for line, where in places if line == location.line), "?")

    def _below(self, block: _At) -> Iterator[_At]:
        return self._inside(block.statement.block or [], block.path, block.stack)

    def _inside(self, block: list[Statement], path: str, stack: tuple[str, ...]) -> Iterator[_At]:
        """Yield a block's statements in order, those of included files in their place."""
        for statement in block:
            self.seen += 1
            if self.seen > _MOST:
                self.gaps[text("it has more than {count} statements", count=_MOST)] = None
                return
            one = _At(statement, path, number_of(self.rows[path], statement.line), stack)
            if statement.include < 0:
                yield one
            else:
                yield from self._included(one)

    def _included(self, one: _At) -> Iterator[_At]:
        known = self.rows[one.path].get("includes") or []
        if one.statement.include >= len(known):
            return
        include = known[one.statement.include]
        pattern, paths = str(include["pattern"]), [str(path) for path in include["paths"]]
        for folder in include.get("denied") or ():
            self.gaps[text("{folder}: Permission denied", folder=str(folder))] = None
        if "<masked:" in pattern or "$" in pattern:
            self.gaps[text("an include of {path} is not shown", path=one.path)] = None
        elif not paths and not _MAGIC.search(pattern) and not include.get("denied"):
            self._fault(
                f"include/{pattern}",
                text("{path} is included and does not exist", path=pattern),
                one,
            )
        for path in paths:
            if path in one.stack or len(one.stack) > _DEEPEST:
                self._fault(
                    f"circle/{path}", text("{path} includes itself in a circle", path=path), one
                )
            elif path not in self.rows:
                self.gaps[text("{path} was not read", path=path)] = None
            else:
                self._load(path, pattern)
                if str(self.rows[path].get("error", "")).startswith("No such file"):
                    self._fault(
                        f"include/{path}",
                        text("{path} is included and is a link that leads nowhere", path=path),
                        one,
                    )
                yield from self._inside(self._tree(path), path, (*one.stack, path))

    def _load(self, path: str, pattern: str) -> None:
        if path in self.files:
            return
        row = self.rows[path]
        self.files[path] = File(path, pattern, seconds(row.get("mtime")))
        gap = gap_of(row)
        if gap is not None and not str(row.get("error", "")).startswith("No such file"):
            self.gaps[gap] = None
        elif row.get("balanced") is False:
            message = text("{path}: its braces or quotes do not match", path=path)
            self.faults.setdefault(
                f"syntax/{path}", Fault(f"syntax/{path}", message, True, path, 0)
            )

    def _tree(self, path: str) -> list[Statement]:
        if path not in self.trees:
            self.trees[path] = statements(str(self.rows[path].get("data") or ""))
        return self.trees[path]

    def _fault(self, subject: str, message: Text, at: _At) -> None:
        self.faults.setdefault(subject, Fault(subject, message, True, at.path, at.line))


@fact("edge_nginx", accepts=("collected", "absent"))
def nginx(record: Record) -> WebConfig:
    """Return the sites of nginx; none where there is no configuration of it."""
    rows = rows_of(record)
    reading = _Reading(rows)
    reading.gaps.update(dict.fromkeys(gaps_of(record)))
    for path, row in rows.items():
        if row.get("root"):
            reading.main(path)
    for fault in _duplicate_defaults(reading.sites):
        reading.faults.setdefault(fault.subject, fault)
    references: list[Reference] = []
    for path in reading.files:
        references += references_of(rows[path])
    return WebConfig(
        server="nginx",
        record=record.id,
        files=tuple(reading.files.values()),
        sites=tuple(reading.sites),
        references=tuple(references),
        faults=tuple(reading.faults.values()),
        gaps=tuple(reading.gaps),
        beside=len(rows) - len(reading.files),
        rows=rows,
    )


def _listen(args: list[str]) -> list[Listen]:
    """Return what a listen directive names: nothing for a unix socket or a masked one."""
    found = _LISTEN.fullmatch(args[0])
    if found is None and re.fullmatch(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.*-]+", args[0]):
        address, port = args[0], 80
    elif found is not None and 0 < int(found[2]) < 65536:
        address, port = found[1] or "*", int(found[2])
    else:
        return []
    if address in {"0.0.0.0", "*"}:  # noqa: S104 - compared, not bound
        address = "*"
    flags = set(args[1:])
    if {"udp", "quic"} & flags:
        return []
    default = bool({"default_server", "default"} & flags)
    address = "127.0.0.1" if address == "localhost" else address
    return [Listen(address, port, default, "ssl" in flags)]


def _duplicate_defaults(sites: list[Site]) -> Iterator[Fault]:
    first: dict[str, Site] = {}
    for site in sites:
        for listen in site.listens:
            if listen.default and first.setdefault(str(listen), site) is not site:
                yield Fault(
                    f"default/{listen}",
                    text(
                        "two sites are the default server of {listen}: {first} and {second}",
                        listen=str(listen),
                        first=f"{first[str(listen)].file}:{first[str(listen)].line}",
                        second=f"{site.file}:{site.line}",
                    ),
                    True,
                    site.file,
                    site.line,
                )
