"""The page of one host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reporter import registry
from reporter.dataflow.activity import Active
from reporter.dataflow.table import ServerTable, StreamRow
from reporter.engine import Rule
from reporter.findings import SEVERITIES, Citation, Finding, Severity
from reporter.judgement.causes import Cause
from reporter.messages import Text, text
from reporter.render import stream_text
from reporter.render.html.anchors import anchor
from reporter.render.html.common import common_of
from reporter.render.html.drawing import Drawing
from reporter.render.html.environment import Pages
from reporter.render.html.flowmap import flow_maps
from reporter.render.page import short_command
from reporter.render.terminal import Shown
from reporter.report import HostReport, Report

__all__ = ["host_page"]

_MOST_ROWS = 1000
"""Rows shown of one server's streams: the JSON report holds them all."""

_LONG = 600
"""Characters of an excerpt from which it is shown once, where several findings stand on it."""

_LONG_COMMAND = 200
"""Characters of a command from which it is shown whole only at its record."""

_HEADS = (text("who writes"), text("stream"), text("consumer group"), text("who reads"))
_ORDER: tuple[Active, ...] = ("no", "stale", "unknown", "yes")
_MARKS = {"yes": "ok", "stale": "degraded", "no": "down", "unknown": "unknown"}


def host_page(host: HostReport, report: Report, pages: Pages, *, index: str | None) -> str:
    """Return the page; `index` is the address of the page over all hosts, relative to this one.

    Where there is none, the page also tells what belongs to no single host.
    """
    return pages.page(
        "html/host.html.j2",
        "style.css",
        "host.js",
        host=host,
        page=_Page(host, pages.shown),
        digest=report.digest,
        complete=report.complete,
        index=index,
        common=common_of(report, {}) if index is None else [],
    )


@dataclass(frozen=True)
class _Cited:
    """What a finding shows of one record: the lines, or where they are shown already.

    A command that is `cut` stands whole at the record.
    """

    record: str
    excerpt: str
    same_as: str | None
    commands: tuple[str, ...]
    cut: bool


@dataclass(frozen=True)
class _Row:
    """A row of the truth table; it is sorted by `order`, `length` and `moment`, or by its cells."""

    cells: tuple[list[str], ...]
    finding: Finding | None
    mark: str
    order: int
    length: int
    moment: str


@dataclass(frozen=True)
class _Drawn:
    """A drawing with the heads of its columns."""

    drawing: Drawing
    columns: tuple[tuple[Text, float], ...]

    def __getattr__(self, name: str) -> Any:
        """Return what the drawing itself holds."""
        return getattr(self.drawing, name)


class _Page:
    """What the template asks of a host's report."""

    def __init__(self, host: HostReport, shown: Shown) -> None:
        self.host = host
        self.by_id = {finding.id: finding for finding in host.findings}
        names = sorted({shown(block.component) for block in host.blocks}, key=str.casefold)
        self.components = {name: number for number, name in enumerate(names)}
        self._shown = shown
        self.maps = flow_maps(host)
        self._first: dict[Citation, str] = {}
        self._parts = _parts(host)
        rules = {finding.rule for finding in host.findings}
        self.rules: list[Rule] = [one for one in registry.rules() if one.id in rules]

    def evidence(self, finding: Finding) -> Iterator[_Cited]:
        """Yield what the finding stands on; long lines that stand on the page are named."""
        for citation in dict.fromkeys(finding.verdict.citations):
            first = self._first.setdefault(citation, finding.id)
            seen = first != finding.id and len(citation.excerpt) > _LONG
            record = self.host.records.get(citation.record)
            command = record.command if record else ""
            cut = not citation.by_hand and len(command) > _LONG_COMMAND
            own = (short_command(command) if cut else command,) if command else ()
            yield _Cited(
                record=citation.record,
                excerpt="" if seen else citation.excerpt,
                same_as=first if seen else None,
                commands=citation.by_hand or own,
                cut=cut,
            )

    def repeat_missing(self, probe: str) -> tuple[str, ...]:
        """Return how to ask by hand for what is missing."""
        return (self.host.commands[probe],) if probe in self.host.commands else ()

    def part_of(self, finding: Finding) -> Sequence[tuple[str, Text]]:
        """Return the anchors and titles of the cause, the patterns and the risk it is part of."""
        return self._parts.get(finding.id, ())

    def findings(self, ids: Iterable[str]) -> list[Finding]:
        """Return the findings of these ids."""
        return [self.by_id[one] for one in ids if one in self.by_id]

    def findings_of(self, causes: Iterable[Cause]) -> list[Finding]:
        """Return the findings the causes begin with."""
        return [cause.lead for cause in causes]

    def components_of(self, findings: Iterable[Finding]) -> list[int]:
        """Return the numbers of the components the findings stand in."""
        names = (self._shown(finding.verdict.component) for finding in findings)
        return sorted({self.components[name] for name in names})

    def worst(self, findings: Iterable[Finding]) -> Severity | None:
        """Return the worst severity of the findings."""
        given = [one.verdict.severity for one in findings if one.verdict.severity]
        return min(given, key=SEVERITIES.index, default=None)

    def drawn(self, drawing: Drawing) -> _Drawn:
        """Return a drawing with the heads of its columns."""
        return _Drawn(drawing, tuple(zip(_HEADS, drawing.heads, strict=True)))

    def table_title(self, server: ServerTable) -> Text:
        """Return the title of a server's table."""
        return stream_text.title(server, self._prefix(server))

    def rows(self, server: ServerTable) -> Iterator[_Row]:
        """Yield the rows of a server's table; of too many, those that move are left out first."""
        kept = sorted(server.rows, key=lambda row: _ORDER.index(row.active))[:_MOST_ROWS]
        subjects = {row.subject for row in kept}
        prefix = self._prefix(server)
        several = len({row.db for row in server.rows}) > 1
        for row in server.rows:
            if row.subject in subjects:
                yield self._row(row, prefix, several=several)

    def notes(self, server: ServerTable) -> Iterator[Text]:
        """Yield what is to be said below a server's table."""
        if len(server.rows) > _MOST_ROWS:
            more = len(server.rows) - _MOST_ROWS
            yield text("and {more} more: --format json holds every row", more=more)
        yield from server.notes

    def _row(self, row: StreamRow, prefix: str, *, several: bool) -> _Row:
        about = (f"{rule}:{row.subject}" for rule in ("stream_activity", "expected_streams"))
        activity = row.activity
        cells = stream_text.cells(row, prefix, self._shown, several=several)
        return _Row(
            cells=cells,
            finding=next((self.by_id[one] for one in about if one in self.by_id), None),
            mark=_MARKS[row.active],
            order=_ORDER.index(row.active),
            length=-1 if row.length is None else row.length,
            moment=_moment(activity.id_at if activity else None),
        )

    def _prefix(self, server: ServerTable) -> str:
        return stream_text.prefix_of([row.stream for row in server.rows])


def _moment(at: float | None) -> str:
    return "0" if at is None else f"{at:.0f}"


def _parts(host: HostReport) -> dict[str, list[tuple[str, Text]]]:
    """Return by finding what it is part of: a chain of more than itself, patterns, a risk."""
    found: dict[str, list[tuple[str, Text]]] = {}
    for cause in host.judgement.causes:
        if cause.explains:
            name = cause.root.thing.name
            for finding in cause.findings:
                found.setdefault(finding.id, []).append(
                    (anchor(cause.id), text("On the causal chain to {name}", name=name))
                )
    for pattern in host.judgement.patterns:
        for finding in pattern.findings:
            title = text("Part of: {title}", title=pattern.title)
            found.setdefault(finding.id, []).append((anchor(pattern.id), title))
    for number, risk in enumerate(host.judgement.risks, start=1):
        for finding in risk.findings:
            title = text("Risk {severity}, number {number}", severity=risk.severity, number=number)
            found.setdefault(finding.id, []).append((f"risk-{number}", title))
    return found
