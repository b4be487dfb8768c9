"""One side of a diff: a report as far as it is compared, whatever it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reporter.findings import SEVERITIES, Finding, Severity, Status, counts_for
from reporter.messages import Text
from reporter.report import HostReport, Report
from reporter.state.model import HostState

__all__ = ["HostSide", "Seen", "Side", "side_of"]

_STATUS: tuple[Status, ...] = ("ok", "degraded", "down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One finding; `gate` is the severity a threshold goes by: of an unknown one the worst it
    could be. `missing` are the probes it misses, each with the kind of reason; `stands_on` the ids
    of findings it is made of.
    """

    id: str
    rule: str
    subject: str
    application: str | None
    component: Text
    status: Status
    severity: Severity | None
    gate: Severity | None
    message: Text
    waived: bool
    missing: frozenset[tuple[str, str]] = frozenset()
    stands_on: tuple[str, ...] = ()

    @property
    def bad(self) -> bool:
        """Whether it is down or degraded."""
        return self.status in ("degraded", "down")

    @property
    def rank(self) -> tuple[int, int]:
        """How bad it is, or could be: the higher, the worse; by severity, then by status."""
        severity = len(SEVERITIES) - SEVERITIES.index(self.gate) if self.gate else 0
        return severity, 2 if self.status == "unknown" else _STATUS.index(self.status)

    def reaches(self, threshold: str) -> bool:
        """Say whether it counts for a threshold; waived findings never count."""
        counts = counts_for(threshold, self.status, self.severity, self.gate)
        return counts and not self.waived


@dataclass(frozen=True, kw_only=True)
class HostSide:
    """One host, collected at a time of its own clock (ISO 8601 in UTC).

    `state` is None in a report that does not hold it. `key_id` names the key of its fingerprints.
    """

    name: str
    collected_at: str
    findings: Mapping[str, Seen]
    state: HostState | None
    key_id: str | None


@dataclass(frozen=True, kw_only=True)
class Side:
    """One report. `findings` are those that belong to no single host.

    `incomplete` says whether a host was not reached, or was cut short, or the run interrupted.
    """

    run: str
    digest: str
    complete: bool
    hosts: Mapping[str, HostSide]
    unreachable: Mapping[str, str]
    findings: Mapping[str, Seen] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    incomplete: bool = False

    @property
    def collected(self) -> tuple[str, ...]:
        """When its first and its last host were collected; nothing without a host."""
        times = sorted(host.collected_at for host in self.hosts.values())
        return (times[0], times[-1]) if times else ()


def side_of(report: Report) -> Side:
    """Return a report as a side."""
    return Side(
        run=report.run,
        digest=report.digest,
        complete=report.complete,
        hosts={host.host: _host(host) for host in report.hosts},
        unreachable={item.host: item.reason for item in report.unreachable},
        findings={finding.id: seen(finding) for finding in report.findings},
        problems=report.problems,
        incomplete=report.incomplete,
    )


def _host(host: HostReport) -> HostSide:
    return HostSide(
        name=host.host,
        collected_at=host.collected_at,
        findings={finding.id: seen(finding) for finding in host.findings},
        state=host.state,
        key_id=host.bundle.fingerprint_key_id,
    )


def seen(finding: Finding) -> Seen:
    """Return a finding as it is compared."""
    verdict = finding.verdict
    return Seen(
        id=finding.id,
        rule=finding.rule,
        subject=verdict.subject,
        application=verdict.application,
        component=verdict.component,
        status=verdict.status,
        severity=verdict.severity,
        gate=finding.gate,
        message=verdict.message,
        waived=finding.waived,
        missing=frozenset(
            (f"{one.host}:{one.probe}" if one.host else one.probe, one.reason.kind)
            for one in verdict.missing
        ),
        stands_on=verdict.stands_on,
    )
