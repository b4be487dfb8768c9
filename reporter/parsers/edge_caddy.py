"""What Caddy serves, from its reduced Caddyfile (kind `server_config`).

Sample of the `data` of a row:

    example.org {
    handle {
    reverse_proxy 127.0.0.1:8001
    }
    import sites/*.caddy
    }

Source: Caddy's documentation, "Caddyfile Concepts".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reporter.evidence import Record
from reporter.facts import fact
from reporter.messages import Text, text
from reporter.web.rows import gap_of, gaps_of, number_of, references_of, rows_of, seconds
from reporter.web.types import File, Listen, Passed, Site, Target, WebConfig, target

__all__ = ["caddy"]

_SITE = re.compile(r"(?:(https?)://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.*-]*)(?::(\d{1,5}))?(?:/.*)?")
_RANGE = re.compile(r"(.*:)(\d{1,5})-(\d{1,5})")
_MOST = 10_000


@dataclass
class _Open:
    """A site that is being read."""

    names: list[str]
    listens: list[Listen]
    file: str
    line: int
    depth: int
    passed: list[Passed] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


@dataclass
class _Reading:
    rows: dict[str, dict[str, Any]]
    files: dict[str, File] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    gaps: dict[Text, None] = field(default_factory=dict)
    depth: int = 0
    site: _Open | None = None
    seen: int = 0

    def read(self, path: str, pattern: str, stack: tuple[str, ...]) -> None:
        """Read one file, and those it imports in their place."""
        row = self.rows[path]
        self.files.setdefault(path, File(path, pattern, seconds(row.get("mtime"))))
        gap = gap_of(row)
        if gap is not None:
            self.gaps[gap] = None
        imports = iter(row.get("includes") or ())
        for at, line in enumerate(str(row.get("data") or "").split("\n"), 1):
            self.seen += 1
            words = line.split()
            if not words or self.seen > _MOST:
                continue
            number = number_of(row, at)
            if words[0] == "import":
                self._import(next(imports, {}), (*stack, path))
            elif words == ["}"]:
                self._close()
            elif words[-1] == "{":
                self._open(words[:-1], path, number)
            elif self.site and words[0] in {"reverse_proxy", "php_fastcgi", "to"}:
                place = next((one for one in reversed(self.site.places) if one), "")
                targets = tuple(one for word in words[1:] for one in _targets(word))
                if targets:
                    self.site.passed.append(Passed(place, targets))
        if self.seen > _MOST:
            self.gaps[text("it has more than {count} lines", count=_MOST)] = None

    def _import(self, found: dict[str, Any], stack: tuple[str, ...]) -> None:
        for path in found.get("paths") or ():
            if path in self.rows and path not in stack:
                self.read(path, str(found.get("pattern")), stack)
            elif path not in self.rows:
                self.gaps[text("{path} was not read", path=str(path))] = None

    def _open(self, head: list[str], path: str, line: int) -> None:
        self.depth += 1
        if self.site is None:
            names, listens = _addresses(head)
            self.site = _Open(names, listens, path, line, self.depth)
            return
        places = self.rows[path].get("places") or []
        where = next((str(one) for at, one in places if at == line), "")
        self.site.places.append(where if head == ["handle"] else "")

    def _close(self) -> None:
        self.depth -= 1
        if self.site is None:
            return
        if self.depth >= self.site.depth:
            if self.site.places:
                self.site.places.pop()
            return
        one, self.site = self.site, None
        if not one.names[:1] or not one.names[0].startswith("("):
            self.sites.append(
                Site(tuple(one.names), tuple(one.listens), tuple(one.passed), one.file, one.line)
            )


@fact("edge_caddy", accepts=("collected", "absent"))
def caddy(record: Record) -> WebConfig:
    """Return the sites of Caddy; none where there is no Caddyfile."""
    rows = rows_of(record)
    reading = _Reading(rows)
    reading.gaps.update(dict.fromkeys(gaps_of(record)))
    for path, row in rows.items():
        if row.get("root"):
            reading.read(path, "", ())
    return WebConfig(
        server="caddy",
        record=record.id,
        files=tuple(reading.files.values()),
        sites=tuple(reading.sites),
        references=tuple(one for path in reading.files for one in references_of(rows[path])),
        gaps=tuple(reading.gaps),
        beside=len(rows) - len(reading.files),
        rows=rows,
    )


def _addresses(words: list[str]) -> tuple[list[str], list[Listen]]:
    """Return a site's names, and the ports that are named: the default ones depend on options."""
    names: list[str] = []
    listens: list[Listen] = []
    for word in words:
        found = _SITE.fullmatch(word)
        if found is None:
            names.append(word)
            continue
        if found[2]:
            names.append(found[2])
        if found[3] and 0 < int(found[3]) < 65536:
            listens.append(Listen("*", int(found[3]), tls=found[1] == "https"))
    return names, listens


def _targets(word: str) -> Iterator[Target]:
    found = _RANGE.fullmatch(word)
    if found and 0 <= int(found[3]) - int(found[2]) < 100:
        for port in range(int(found[2]), int(found[3]) + 1):
            yield target(f"{found[1]}{port}", "http")
    else:
        yield target(word, "http")
