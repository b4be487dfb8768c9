"""Findings that belong to no single host: drift between hosts, and waivers that need a look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporter.findings import Finding, Status
from reporter.messages import Text
from reporter.report import Report

__all__ = ["Common", "Place", "common_of"]

_ORDER: tuple[Status, ...] = ("down", "degraded", "unknown", "ok")


@dataclass(frozen=True)
class Place:
    """Evidence on one host, or on none: its lines, or the `reason` why there are none.

    `page` is the address of the host's page, None where there is no other than this one.
    """

    host: str
    page: str | None
    record: str
    excerpt: str
    commands: tuple[str, ...]
    reason: Text | None = None


@dataclass(frozen=True)
class Common:
    """One such finding, with where it can be seen."""

    finding: Finding
    places: tuple[Place, ...]


def common_of(report: Report, pages: Mapping[str, str]) -> list[Common]:
    """Return them, the worst first, what is waived last; `pages` are addresses by host."""
    order = sorted(
        report.findings,
        key=lambda one: (one.waived, _ORDER.index(one.verdict.status), one.id),
    )
    return [Common(finding, tuple(_places(finding, report, pages))) for finding in order]


def _places(finding: Finding, report: Report, pages: Mapping[str, str]) -> Iterator[Place]:
    known = {host.host: host.commands for host in report.hosts}
    for citation in dict.fromkeys(finding.verdict.citations):
        own = known.get(citation.host, {}).get(citation.record)
        yield Place(
            host=citation.host,
            page=pages.get(citation.host),
            record=citation.record,
            excerpt=citation.excerpt,
            commands=citation.by_hand or ((own,) if own else ()),
        )
    for missing in finding.verdict.missing:
        own = known.get(missing.host, {}).get(missing.probe)
        yield Place(
            host=missing.host,
            page=pages.get(missing.host),
            record=missing.probe,
            excerpt="",
            commands=(own,) if own else (),
            reason=missing.reason,
        )
