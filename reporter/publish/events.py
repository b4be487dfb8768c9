"""Findings as events, version 1: flat fields of text, for a stream that another service reads.

One event for each finding that is not ok, and a summary after them. A field that has no value is
not there. Keys may be added within a version; none is taken away or changes its meaning.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from reporter.render import summary_v1
from reporter.render.found import Found, found
from reporter.render.terminal import safe
from reporter.report import Report

__all__ = ["SCHEMA", "event_schema", "events"]

SCHEMA = "truthmap/event/1"


class FindingEventV1(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="finding"
):
    """A finding that is not ok; its `host` is empty where it belongs to no single one.

    `event` is the same whenever the same archive is published again: whoever acts on an event does
    so once by remembering it. `timestamp` is when the evidence was taken, ISO 8601 in UTC.
    """

    schema: str
    source: Literal["truthmap"]
    event: str
    timestamp: str
    archive: str
    run: str
    host: str
    id: str
    rule: str
    section: str
    component: str
    subject: str
    status: str
    running: str
    confidence: str
    waived: Literal["yes", "no"]
    message: str
    message_id: str
    application: str | None = None
    severity: str | None = None
    at_worst: str | None = None
    cause: str | None = None
    waiver: str | None = None
    details: str | None = None
    evidence: str | None = None


class SummaryEventV1(msgspec.Struct, frozen=True, tag_field="type", tag="summary"):
    """The end of a report's events: how many findings came before, and the totals.

    `summary` is JSON, `truthmap/summary/1`.
    """

    schema: str
    source: Literal["truthmap"]
    event: str
    archive: str
    run: str
    findings: str
    summary: str


def events(report: Report) -> Iterator[dict[str, str]]:
    """Yield the fields of every event, the summary last."""
    count = 0
    for one in found(report):
        if one.finding.verdict.status != "ok":
            count += 1
            yield _fields(_finding(one, report))
    totals = json.loads(summary_v1.render(report))
    yield _fields(
        SummaryEventV1(
            schema=SCHEMA,
            source="truthmap",
            event=_identity(report.digest, "summary"),
            archive=report.digest,
            run=report.run,
            findings=str(count),
            summary=json.dumps(totals, separators=(",", ":")),
        )
    )


def event_schema() -> dict[str, Any]:
    """Return the published JSON Schema of an event's fields."""
    schema = msgspec.json.schema(FindingEventV1 | SummaryEventV1)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = SCHEMA
    return schema


def _finding(one: Found, report: Report) -> FindingEventV1:
    finding, verdict = one.finding, one.finding.verdict
    return FindingEventV1(
        schema=SCHEMA,
        source="truthmap",
        event=_identity(report.digest, one.host, finding.id),
        timestamp=finding.verified_at,
        archive=report.digest,
        run=report.run,
        host=one.host,
        id=finding.id,
        rule=finding.rule,
        section=finding.section,
        component=str(verdict.component),
        subject=verdict.subject,
        status=verdict.status,
        running=verdict.running,
        confidence=verdict.confidence,
        waived="yes" if finding.waived else "no",
        message=str(verdict.message),
        message_id=verdict.message.template,
        application=verdict.application,
        severity=verdict.severity,
        at_worst=finding.at_worst,
        cause=one.cause,
        waiver=str(finding.waiver.said) if finding.waiver else None,
        details="; ".join(str(detail) for detail in verdict.details) or None,
        evidence="; ".join(one.evidence) or None,
    )


def _fields(event: FindingEventV1 | SummaryEventV1) -> dict[str, str]:
    return {name: safe(str(value)) for name, value in msgspec.to_builtins(event).items()}


def _identity(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
