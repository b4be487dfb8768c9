"""The JSON report, version 1: a public format of its own, apart from the internals.

Keys may be added within a version; none is taken away or changes its meaning. Times are
ISO 8601 in UTC; counts are numbers, null when unknown. Sentences are English: the language-free
key is `message_id` with `message_values`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from reporter.findings import Citation, Finding, Missing, Waiver
from reporter.messages import Text
from reporter.profile_schema import PREFIX
from reporter.render.judgement_v1 import (
    CauseV1,
    RiskV1,
    TopV1,
    WorkV1,
    causes_v1,
    risks_v1,
    top_v1,
    works_v1,
)
from reporter.render.models_v1 import ModelsV1, models_v1
from reporter.render.state_v1 import StateV1, state_v1
from reporter.render.streams_v1 import StreamV1, streams_v1
from reporter.report import HostReport, Report

__all__ = [
    "SCHEMA",
    "FindingV1",
    "ReportV1",
    "finding_v1",
    "fleet_finding_v1",
    "render",
    "report_schema",
]

SCHEMA = "truthmap/report/1"


class EvidenceV1(msgspec.Struct, frozen=True):
    """The evidence of a finding; `sha256` and `excerpt` are null where there is no record.

    `missing` says why there is none, `missing_id` the same without numbers and names. `host` is
    whose it is, of a finding that belongs to no single host.
    """

    probe: str
    command: str | None
    sha256: str | None
    excerpt: str | None
    missing: str | None = None
    missing_id: str | None = None
    host: str | None = None


class WaiverV1(msgspec.Struct, frozen=True):
    """Why a finding is accepted, by whom, and the last day of it."""

    reason: str
    owner: str
    expires: str


class FindingV1(msgspec.Struct, frozen=True):
    """One finding; `id` is stable from run to run, `stands_on` are ids of others it is made of.

    `severity_by` names the profile that says `severity`, or `at_worst` of what is unknown, null
    where the rule does; `rule_severity` is what the rule itself says of it.
    """

    id: str
    rule: str
    section: str
    application: str | None
    layer: str | None
    component: str
    subject: str
    status: str
    running: str
    connected_to: tuple[str, ...]
    verified_at: str
    severity: str | None
    at_worst: str | None
    severity_by: str | None
    rule_severity: str | None
    confidence: str
    cause: str | None
    message: str
    message_id: str
    message_values: dict[str, Any]
    details: tuple[str, ...]
    waived: bool
    waiver: WaiverV1 | None
    stands_on: tuple[str, ...]
    evidence: tuple[EvidenceV1, ...]


class ClockV1(msgspec.Struct, frozen=True):
    """The host's clock minus the control node's, seconds."""

    offset_s: float | None
    uncertainty_s: float | None


class CoverageV1(msgspec.Struct, frozen=True):
    """Counts of evidence records and of findings.

    `resolving` are the probes whose answer most unknown findings wait for, with how many.
    """

    probes: int
    collected: int
    absent: int
    missing: int
    findings: int
    unknown_findings: int
    resolving: tuple[tuple[str, int], ...]


class HostV1(msgspec.Struct, frozen=True):
    """One host."""

    host: str
    collected_at: str
    collected_by: str
    collected_as: str
    cut_short: str | None
    groups: tuple[str, ...]
    fingerprint_key_id: str | None
    clock: ClockV1
    applications: tuple[str, ...]
    coverage: CoverageV1
    perturbations: tuple[str, ...]
    findings: tuple[FindingV1, ...]
    streams: tuple[StreamV1, ...]
    models: ModelsV1
    state: StateV1
    works: tuple[WorkV1, ...]
    causes: tuple[CauseV1, ...]
    risks: tuple[RiskV1, ...]
    top: tuple[TopV1, ...]


class ArchiveV1(msgspec.Struct, frozen=True):
    """What the report was made from."""

    digest: str
    run: str
    complete: bool
    problems: tuple[str, ...]


class UnreachableV1(msgspec.Struct, frozen=True):
    """A host without usable evidence."""

    host: str
    reason: str


class FleetV1(msgspec.Struct, frozen=True):
    """Totals over all hosts; `statuses` counts hosts by their worst status.

    `counts` counts all findings by status, those that are `waived` apart. `findings` are those that
    belong to no single host.
    """

    hosts: int
    reached: int
    statuses: dict[str, int]
    counts: dict[str, int]
    findings: tuple[FindingV1, ...]


class ReportV1(msgspec.Struct, frozen=True):
    """The whole report."""

    schema: str
    archive: ArchiveV1
    hosts: tuple[HostV1, ...]
    unreachable: tuple[UnreachableV1, ...]
    fleet: FleetV1


def render(report: Report) -> str:
    """Return the report as indented JSON with a final newline."""
    return json.dumps(msgspec.to_builtins(_report(report)), indent=2, ensure_ascii=True) + "\n"


def report_schema() -> dict[str, Any]:
    """Return the published JSON Schema of the report."""
    schema = msgspec.json.schema(ReportV1)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = SCHEMA
    return schema


def _report(report: Report) -> ReportV1:
    statuses = {"ok": 0, "degraded": 0, "down": 0, "unknown": 0}
    counts = {**statuses, "waived": 0}
    for host in report.hosts:
        statuses[host.status] += 1
    for finding in report.all_findings:
        counts["waived" if finding.waived else finding.verdict.status] += 1
    hosts = {host.host: host for host in report.hosts}
    return ReportV1(
        schema=SCHEMA,
        archive=ArchiveV1(report.digest, report.run, report.complete, report.problems),
        hosts=tuple(_host(host) for host in report.hosts),
        unreachable=tuple(UnreachableV1(item.host, item.reason) for item in report.unreachable),
        fleet=FleetV1(
            hosts=len(report.hosts) + len(report.unreachable),
            reached=len(report.hosts),
            statuses=statuses,
            counts=counts,
            findings=tuple(fleet_finding_v1(finding, hosts) for finding in report.findings),
        ),
    )


def _host(host: HostReport) -> HostV1:
    coverage = host.coverage
    return HostV1(
        host=host.host,
        collected_at=host.collected_at,
        collected_by=host.bundle.collected_by,
        collected_as=host.bundle.collector.user,
        cut_short=host.cut_short,
        groups=tuple(host.bundle.groups),
        fingerprint_key_id=host.bundle.fingerprint_key_id,
        clock=ClockV1(host.clock.offset_s, host.clock.uncertainty_s),
        applications=tuple(profile.name for profile in host.profiles),
        coverage=CoverageV1(
            coverage.probes,
            coverage.collected,
            coverage.absent,
            coverage.missing,
            coverage.findings,
            coverage.unknown_findings,
            coverage.resolving,
        ),
        perturbations=tuple(host.bundle.perturbations),
        findings=tuple(finding_v1(finding, host) for finding in host.findings),
        streams=streams_v1(host.streams),
        models=models_v1(host.models),
        state=state_v1(host.state),
        works=works_v1(host.judgement),
        causes=causes_v1(host.judgement),
        risks=risks_v1(host.judgement),
        top=top_v1(host.judgement),
    )


def finding_v1(finding: Finding, host: HostReport) -> FindingV1:
    """Return one finding as the report shows it."""
    verdict = finding.verdict
    evidence = (
        *(_cited(citation, host) for citation in verdict.citations),
        *(_missing(missing, host) for missing in verdict.missing),
    )
    cause = host.judgement.explained.get(finding.id)
    return _finding(finding, evidence, cause.id if cause else None)


def fleet_finding_v1(finding: Finding, hosts: Mapping[str, HostReport]) -> FindingV1:
    """Return a finding that belongs to no single host; its evidence names the hosts."""
    verdict = finding.verdict
    evidence = (
        *(_cited(citation, hosts.get(citation.host)) for citation in verdict.citations),
        *(_missing(missing, hosts.get(missing.host)) for missing in verdict.missing),
    )
    return _finding(finding, evidence, None)


def _finding(finding: Finding, evidence: tuple[EvidenceV1, ...], cause: str | None) -> FindingV1:
    verdict = finding.verdict
    return FindingV1(
        id=finding.id,
        rule=finding.rule,
        section=finding.section,
        application=verdict.application,
        layer=verdict.layer,
        component=str(verdict.component),
        subject=verdict.subject,
        status=verdict.status,
        running=verdict.running,
        connected_to=tuple(str(one) for one in verdict.connected_to),
        verified_at=finding.verified_at,
        severity=verdict.severity,
        at_worst=finding.at_worst,
        severity_by=f"profile {PREFIX}{finding.severity_by}" if finding.severity_by else None,
        rule_severity=finding.rule_severity,
        confidence=verdict.confidence,
        cause=cause,
        message=str(verdict.message),
        message_id=verdict.message.template,
        message_values={key: _value(value) for key, value in verdict.message.values},
        details=tuple(str(detail) for detail in verdict.details),
        waived=finding.waived,
        waiver=_waiver(finding.waiver),
        stands_on=verdict.stands_on,
        evidence=evidence,
    )


def _waiver(waiver: Waiver | None) -> WaiverV1 | None:
    return None if waiver is None else WaiverV1(waiver.reason, waiver.owner, waiver.expires)


def _value(value: str | float | Text) -> Any:
    if isinstance(value, Text):
        return {"id": value.template, "values": {key: _value(part) for key, part in value.values}}
    return value


def _cited(citation: Citation, host: HostReport | None) -> EvidenceV1:
    record = host.records.get(citation.record) if host else None
    own = record.command if record else host.commands.get(citation.record) if host else None
    return EvidenceV1(
        probe=citation.record,
        command="; ".join(citation.by_hand) or own,
        sha256=record.sha256 if record else None,
        excerpt=citation.excerpt,
        host=citation.host or None,
    )


def _missing(missing: Missing, host: HostReport | None) -> EvidenceV1:
    record = host.records.get(missing.probe) if host else None
    return EvidenceV1(
        probe=missing.probe,
        command=host.commands.get(missing.probe) if host else None,
        sha256=record.sha256 if record else None,
        excerpt=None,
        missing=str(missing.reason),
        missing_id=missing.reason.kind,
        host=missing.host or None,
    )
