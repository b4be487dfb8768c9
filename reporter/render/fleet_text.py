"""What belongs to no single host, and what was waived, in the text report."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reporter.findings import Citation, Finding, Missing
from reporter.messages import Text, text
from reporter.render.terminal import Shown
from reporter.report import HostReport, Report

__all__ = ["fleet_lines", "waived_lines"]

_MOST_EVIDENCE = 4
_ORDER = ("down", "degraded", "unknown", "ok")

Wrapped = Callable[[str, str, str], str]
"""Breaks a line that was made safe: the line, what it begins with, and what its others do."""


def fleet_lines(report: Report, shown: Shown, wrapped: Wrapped, icons: dict[str, str]) -> str:
    """Return the lines about findings of the fleet; nothing where there is none.

    What is alike, and waivers in use, stand in one line each.
    """
    return "\n".join(_fleet(report, shown, wrapped, icons))


def _fleet(report: Report, shown: Shown, wrapped: Wrapped, icons: dict[str, str]) -> Iterator[str]:
    worth = sorted(
        (one for one in report.findings if one.verdict.status != "ok"),
        key=lambda one: (one.waived, _ORDER.index(one.verdict.status), one.id),
    )
    for finding in worth:
        verdict = finding.verdict
        severity = f" {verdict.severity}" if verdict.severity else ""
        head = f"{icons[verdict.status]}{severity} {shown(verdict.message)} [{shown(finding.id)}]"
        yield wrapped(head, "  ", "     ")
        if finding.waiver is not None:
            yield wrapped(shown(finding.waiver.said), "     ", "     ")
        for detail in verdict.details:
            yield wrapped(shown(detail), "     ", "       ")
        for line in _evidence(finding, report):
            yield wrapped(shown(line), "     ", "       ")
    for finding in report.findings:
        if finding.verdict.status == "ok":
            yield wrapped(f"{icons['ok']} {shown(finding.verdict.message)}", "  ", "     ")


def _evidence(finding: Finding, report: Report) -> Iterator[Text]:
    """Yield where what a finding stands on can be seen; `explain` shows the lines themselves."""
    hosts = {host.host: host for host in report.hosts}
    places: list[Citation | Missing] = [*finding.verdict.citations, *finding.verdict.missing]
    for place in places[:_MOST_EVIDENCE]:
        host = hosts.get(place.host)
        probe = place.record if isinstance(place, Citation) else place.probe
        by_hand = place.by_hand if isinstance(place, Citation) else ()
        command = by_hand[0] if by_hand else host.commands.get(probe, "") if host else ""
        if place.host and command:
            yield text(
                "Evidence: {command} on {host} [{probe}]",
                command=_short(command),
                host=place.host,
                probe=probe,
            )
        elif command:
            yield text("Evidence: {command}", command=_short(command))
    if len(places) > _MOST_EVIDENCE:
        yield text("and {count} more pieces of evidence", count=len(places) - _MOST_EVIDENCE)


def _short(command: str) -> str:
    words = command.split(" ")
    return " ".join(word if len(word) <= 60 else f"{word[:40]}..." for word in words)


def waived_lines(host: HostReport, shown: Shown, wrapped: Wrapped) -> str:
    """Return a line for each waived finding of a host, with reason, owner and last day."""
    return "\n".join(
        wrapped(
            f"{shown(finding.verdict.message)} [{shown(finding.id)}] {shown(finding.waiver.said)}",
            "- ",
            "  ",
        )
        for finding in host.waived
        if finding.waiver is not None
    )
