"""Every finding of a report, with what else is said of it: what lists of findings are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.findings import Finding
from reporter.report import HostReport, Report

__all__ = ["Found", "found", "found_on"]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of a host: `cause` is the id of what explains it.

    `evidence` are the ids of the records it stands on, `commands` repeat them by hand.
    """

    host: str
    finding: Finding
    cause: str | None
    evidence: tuple[str, ...]
    commands: tuple[str, ...]


def found(report: Report) -> Iterator[Found]:
    """Yield the findings of all hosts, in the order of the report."""
    for host in report.hosts:
        yield from found_on(host)


def found_on(host: HostReport) -> Iterator[Found]:
    """Yield the findings of one host."""
    explained = host.judgement.explained
    for finding in host.findings:
        cause = explained.get(finding.id)
        yield Found(
            host=host.host,
            finding=finding,
            cause=cause.id if cause else None,
            evidence=tuple(dict.fromkeys(one.record for one in finding.verdict.citations)),
            commands=tuple(dict.fromkeys(_commands(finding, host))),
        )


def _commands(finding: Finding, host: HostReport) -> Iterator[str]:
    for citation in finding.verdict.citations:
        own = host.commands.get(citation.record)
        yield from citation.by_hand or ((own,) if own else ())
