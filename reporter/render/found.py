"""Every finding of a report, with what else is said of it: what lists of findings are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporter.findings import Finding
from reporter.report import HostReport, Report

__all__ = ["Found", "found", "found_on", "found_over_all"]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of a host, or with an empty `host` one that belongs to no single one.

    `cause` is the id of what explains it. `evidence` are the ids of the records it stands on, with
    `host: ` before those of another host than its own; `commands` repeat them by hand.
    """

    host: str
    finding: Finding
    cause: str | None
    evidence: tuple[str, ...]
    commands: tuple[str, ...]


def found(report: Report) -> Iterator[Found]:
    """Yield every finding, those of the hosts first, in the order of the report."""
    for host in report.hosts:
        yield from found_on(host)
    yield from found_over_all(report)


def found_on(host: HostReport) -> Iterator[Found]:
    """Yield the findings of one host."""
    explained = host.judgement.explained
    for finding in host.findings:
        cause = explained.get(finding.id)
        yield _found(host.host, finding, cause.id if cause else None, {host.host: host})


def found_over_all(report: Report) -> Iterator[Found]:
    """Yield the findings that belong to no single host."""
    hosts = {host.host: host for host in report.hosts}
    for finding in report.findings:
        yield _found("", finding, None, hosts)


def _found(
    name: str, finding: Finding, cause: str | None, hosts: Mapping[str, HostReport]
) -> Found:
    places = [(one.host or name, one) for one in finding.verdict.citations]
    evidence = [one.record if host == name else f"{host}: {one.record}" for host, one in places]
    commands = [
        command
        for host, one in places
        for command in one.by_hand or _own(hosts.get(host), one.record)
    ]
    return Found(
        host=name,
        finding=finding,
        cause=cause,
        evidence=tuple(dict.fromkeys(evidence)),
        commands=tuple(dict.fromkeys(commands)),
    )


def _own(host: HostReport | None, record: str) -> Iterator[str]:
    """Yield the command of a record, where there is one."""
    if host is not None and record in host.commands:
        yield host.commands[record]
