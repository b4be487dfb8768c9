"""The page over all hosts: which is worst, where, and what many of them have in common.

It is made of one small summary a host, so that what a host's report holds need not be kept. Its
first rows are written out; the others stand in a list that a script shows as rows, filtered and
sorted: without it, the list leads to every page.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reporter.findings import SEVERITIES, Finding, Severity, Status
from reporter.judgement.things import is_broken
from reporter.messages import Text, Value, common, text
from reporter.render.html.common import Common
from reporter.render.html.environment import Pages
from reporter.render.layers import layer_of, layers
from reporter.report import SECTIONS, HostReport, Unreachable

__all__ = ["Cell", "Fleet", "HostSummary", "Shared", "summary_of"]

ROWS = 50
"""Rows written out, and shown at a time."""

_MOST_SHARED = 150
_MOST_ALONE = 50
_MOST_NAMES = 12
_FEW = 5
"""In a fleet of fewer hosts, what only one of them has is nothing odd."""

_ORDER: tuple[Status, ...] = ("down", "degraded", "unknown", "ok")
_LETTERS: Mapping[Status, str] = {"down": "d", "degraded": "g", "unknown": "u", "ok": "o"}

_SECTIONS: Mapping[str, Text] = {
    "host": text("host"),
    "services": text("services"),
    "loops": text("restart loops"),
    "timers": text("timers"),
    "redis": text("Redis"),
    "models": text("models"),
    "frontend": text("front end"),
    "repository": text("repository"),
    "components": text("components"),
    "config": text("configuration"),
    "logging": text("logging"),
    "network": text("network"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of the heat map: the worst status of what stands there, and how many are broken."""

    status: Status
    broken: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A finding that may be shared: its id, how bad it is, what it says."""

    id: str
    severity: Severity
    status: Status
    message: Text


@dataclass(frozen=True, slots=True)
class HostSummary:
    """What the page over all hosts needs of one.

    `page` is the address of the host's own page. `cells` go by `layer NAME` and by section.
    """

    host: str
    page: str
    status: Status
    counts: Mapping[Status, int]
    severities: Mapping[Severity, int]
    coverage: float
    collected_at: str
    cut_short: bool
    layers: tuple[str, ...]
    cells: Mapping[str, Cell]
    broken: tuple[Broken, ...]

    @property
    def worst(self) -> Severity | None:
        """The worst severity of its findings."""
        return next((one for one in SEVERITIES if self.severities.get(one)), None)

    @property
    def order(self) -> tuple[object, ...]:
        """Worst first."""
        counted = tuple(-self.severities.get(one, 0) for one in SEVERITIES)
        return (self.worst or "P9", _ORDER.index(self.status), counted, self.host)


@dataclass(frozen=True, slots=True)
class Shared:
    """A finding that several hosts have: what all say of it, how many they are, and which.

    `mask` says by a bit a host, in the order of the page, which they are (base64).
    """

    finding: str
    severity: Severity
    status: Status
    message: Text | None
    count: int
    names: tuple[tuple[str, str], ...]
    mask: str


@dataclass(frozen=True)
class _Findings:
    """What several hosts have and what only one has, and how many more there are of each."""

    shared: list[Shared]
    more_shared: int
    alone: list[Shared]
    more_alone: int


@dataclass
class _Gathered:
    """A finding while hosts are gathered."""

    severity: Severity
    status: Status
    message: Text | None
    hosts: list[str] = field(default_factory=list)


def summary_of(host: HostReport, page: str) -> HostSummary:
    """Return what is needed of a host's report; the report itself can be let go."""
    grouped: dict[str, list[Finding]] = {}
    for finding in host.findings:
        grouped.setdefault(finding.section, []).append(finding)
        layer = layer_of(finding, host.profiles)
        if layer is not None:
            grouped.setdefault(f"layer {layer}", []).append(finding)
    severities = Counter(
        finding.verdict.severity for finding in host.findings if is_broken(finding)
    )
    return HostSummary(
        host=host.host,
        page=page,
        status=host.status,
        counts=host.counts(),
        severities={one: severities[one] for one in SEVERITIES if severities[one]},
        coverage=host.coverage.percent,
        collected_at=host.collected_at,
        cut_short=bool(host.cut_short),
        layers=layers(host.profiles),
        cells={key: _cell(findings) for key, findings in grouped.items()},
        broken=tuple(
            Broken(
                finding.id,
                finding.verdict.severity,
                finding.verdict.status,
                finding.verdict.message,
            )
            for finding in host.findings
            if is_broken(finding) and finding.verdict.severity is not None
        ),
    )


class Fleet:
    """Gathers hosts, one after another, and makes the page over them."""

    def __init__(self, *, run: str, digest: str, complete: bool) -> None:
        self._run = run
        self._digest = digest
        self._complete = complete
        self._hosts: list[_Row] = []
        self._found: dict[str, _Gathered] = {}

    def add(self, host: HostSummary) -> None:
        """Take a host in."""
        for one in host.broken:
            known = self._found.get(one.id)
            if known is None:
                known = _Gathered(one.severity, one.status, one.message)
                self._found[one.id] = known
            else:
                known.message = common(known.message, one.message)
                known.severity = min(known.severity, one.severity)
                known.status = min(known.status, one.status, key=_ORDER.index)
            known.hosts.append(host.host)
        self._hosts.append(_Row(host))

    def page(
        self, pages: Pages, unreachable: Sequence[Unreachable], common: Sequence[Common] = ()
    ) -> str:
        """Return the page; `common` are the findings that belong to no single host."""
        rows = sorted(self._hosts, key=lambda row: row.order)
        columns = _columns(rows)
        counts = Counter(row.status for row in rows)
        return pages.page(
            "html/fleet.html.j2",
            "style.css",
            "fleet.js",
            run=self._run,
            digest=self._digest,
            complete=self._complete,
            hosts=len(rows),
            unreachable=unreachable,
            common=common,
            counts={status: counts[status] for status in _ORDER},
            columns=columns,
            layers=sum(1 for key, _ in columns if key.startswith("layer ")),
            rows=rows,
            first=[(row, row.fields(columns)) for row in rows[:ROWS]],
            data=[(row, row.packed(columns)) for row in rows],
            found=self._findings(rows),
            most=ROWS,
        )

    def _findings(self, rows: Sequence[_Row]) -> _Findings:
        """Return what several hosts have, and what only one has, the worst first."""
        places = {row.host: number for number, row in enumerate(rows)}
        pages = {row.host: row.page for row in rows}
        order = sorted(
            self._found.items(), key=lambda pair: (pair[1].severity, -len(pair[1].hosts), pair[0])
        )
        several = [pair for pair in order if len(pair[1].hosts) > 1]
        single = [pair for pair in order if len(pair[1].hosts) == 1] if len(rows) >= _FEW else []
        return _Findings(
            shared=[_shared(*pair, places, pages) for pair in several[:_MOST_SHARED]],
            more_shared=len(several[_MOST_SHARED:]),
            alone=[_shared(*pair, places, pages) for pair in single[:_MOST_ALONE]],
            more_alone=len(single[_MOST_ALONE:]),
        )


class _Row:
    """A host in the table: what a summary comes to, without its findings."""

    def __init__(self, host: HostSummary) -> None:
        self.host = host.host
        self.page = host.page
        self.status = host.status
        self.worst = host.worst
        self.counts = tuple(host.counts[status] for status in _ORDER)
        self.coverage = f"{host.coverage:.0f}"
        self.moment = f"{host.collected_at[:10]} {host.collected_at[11:16]}"
        self.cut_short = host.cut_short
        self.layers = host.layers
        self.cells = host.cells
        self.order = host.order

    def fields(self, columns: Sequence[tuple[str, Value]]) -> list[Cell | None]:
        """Return its cells, None where nothing was looked at."""
        return [self.cells.get(key) for key, _ in columns]

    def packed(self, columns: Sequence[tuple[str, Value]]) -> str:
        """Return all a row shows, as the script reads it.

        For each column `d`, `g`, `u`, `o` or `-` and how many are broken; then, after semicolons,
        the worst severity, the counts by status, the coverage, and when it was verified.
        """
        cells = "".join(
            "-" if cell is None else f"{_LETTERS[cell.status]}{cell.broken or ''}"
            for cell in self.fields(columns)
        )
        counts = ",".join(map(str, self.counts))
        cut = "!" if self.cut_short else ""
        letter = _LETTERS[self.status]
        return f"{letter}{cells};{self.worst or ''};{counts};{self.coverage}{cut};{self.moment}"


def _cell(findings: Iterable[Finding]) -> Cell:
    kept = [finding for finding in findings if not finding.waived]
    worst: Status = min((one.verdict.status for one in kept), key=_ORDER.index, default="ok")
    return Cell(worst, sum(1 for one in kept if one.verdict.status in ("down", "degraded")))


def _columns(rows: Iterable[_Row]) -> list[tuple[str, Value]]:
    """Return the columns: layers as they are declared, then sections anything is known of."""
    named: dict[str, Value] = {}
    seen: set[str] = set()
    for row in rows:
        seen.update(row.cells)
        for layer in row.layers:
            named.setdefault(f"layer {layer}", layer)
    named.update((section, _SECTIONS[section]) for section in SECTIONS)
    return [(key, title) for key, title in named.items() if key in seen]


def _shared(
    name: str, found: _Gathered, places: Mapping[str, int], pages: Mapping[str, str]
) -> Shared:
    numbers = sorted(places[host] for host in found.hosts)
    mask = bytearray(numbers[-1] // 8 + 1)
    for number in numbers:
        mask[number // 8] |= 1 << number % 8
    first = sorted(found.hosts, key=places.__getitem__)[:_MOST_NAMES]
    return Shared(
        finding=name,
        severity=found.severity,
        status=found.status,
        message=found.message,
        count=len(numbers),
        names=tuple((host, pages[host]) for host in first),
        mask=base64.b64encode(mask).decode("ascii"),
    )
