"""The JSON report, version 1: a public format of its own, apart from the internals.

Keys may be added within a version; none is taken away or changes its meaning. Times are
ISO 8601 in UTC; counts are numbers, null when unknown. Sentences are English: the language-free
key is `message_id` with `message_values`.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from reporter.findings import Citation, Finding, Missing
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
from reporter.render.streams_v1 import StreamV1, streams_v1
from reporter.report import HostReport, Report

__all__ = ["SCHEMA", "FindingV1", "finding_v1", "render", "report_schema"]

SCHEMA = "truthmap/report/1"


class EvidenceV1(msgspec.Struct, frozen=True):
    """The evidence of a finding; `sha256` and `excerpt` are null where there is no record."""

    probe: str
    command: str | None
    sha256: str | None
    excerpt: str | None
    missing: str | None = None


class FindingV1(msgspec.Struct, frozen=True):
    """One finding; `id` is stable from run to run.

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
    clock: ClockV1
    applications: tuple[str, ...]
    coverage: CoverageV1
    perturbations: tuple[str, ...]
    findings: tuple[FindingV1, ...]
    streams: tuple[StreamV1, ...]
    models: ModelsV1
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
    """Totals over all hosts; `statuses` counts hosts by their worst status."""

    hosts: int
    reached: int
    statuses: dict[str, int]
    findings: dict[str, int]


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
    totals = {"ok": 0, "degraded": 0, "down": 0, "unknown": 0}
    statuses = dict(totals)
    for host in report.hosts:
        statuses[host.status] += 1
        for status, count in host.counts().items():
            totals[status] += count
    return ReportV1(
        schema=SCHEMA,
        archive=ArchiveV1(report.digest, report.run, report.complete, report.problems),
        hosts=tuple(_host(host) for host in report.hosts),
        unreachable=tuple(UnreachableV1(item.host, item.reason) for item in report.unreachable),
        fleet=FleetV1(
            hosts=len(report.hosts) + len(report.unreachable),
            reached=len(report.hosts),
            statuses=statuses,
            findings=totals,
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
        works=works_v1(host.judgement),
        causes=causes_v1(host.judgement),
        risks=risks_v1(host.judgement),
        top=top_v1(host.judgement),
    )


def finding_v1(finding: Finding, host: HostReport) -> FindingV1:
    """Return one finding as the report shows it."""
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
        cause=cause.id if (cause := host.judgement.explained.get(finding.id)) else None,
        message=str(verdict.message),
        message_id=verdict.message.template,
        message_values={key: _value(value) for key, value in verdict.message.values},
        details=tuple(str(detail) for detail in verdict.details),
        waived=finding.waived,
        evidence=(
            *(_cited(citation, host) for citation in verdict.citations),
            *(_missing(missing, host) for missing in verdict.missing),
        ),
    )


def _value(value: str | float | Text) -> Any:
    if isinstance(value, Text):
        return {"id": value.template, "values": {key: _value(part) for key, part in value.values}}
    return value


def _cited(citation: Citation, host: HostReport) -> EvidenceV1:
    record = host.records.get(citation.record)
    own = record.command if record else host.commands.get(citation.record)
    return EvidenceV1(
        probe=citation.record,
        command="; ".join(citation.by_hand) or own,
        sha256=record.sha256 if record else None,
        excerpt=citation.excerpt,
    )


def _missing(missing: Missing, host: HostReport) -> EvidenceV1:
    record = host.records.get(missing.probe)
    return EvidenceV1(
        probe=missing.probe,
        command=host.commands.get(missing.probe),
        sha256=record.sha256 if record else None,
        excerpt=None,
        missing=str(missing.reason),
    )
