"""The summary, version 1: the totals of a report as one small JSON object, for jobs and monitors.

Its size does not depend on the number of hosts or findings. Keys may be added within a version.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec

from reporter.findings import SEVERITIES
from reporter.report import Report

__all__ = ["SCHEMA", "render", "summary_schema"]

SCHEMA = "truthmap/summary/1"


class SummaryV1(msgspec.Struct, frozen=True):
    """The totals: `ok`, `degraded`, `down` and `unknown` count reached hosts by worst status.

    `severities` counts findings, those that are `waived` apart; `worst_severity` is null where none
    has one. `lowest_coverage` is that of the host whose probes gave the fewest answers, in percent;
    null without hosts.
    """

    schema: str
    run: str
    complete: bool
    hosts: int
    reached: int
    unreached: int
    cut_short: int
    ok: int
    degraded: int
    down: int
    unknown: int
    severities: dict[str, int]
    waived: int
    worst_severity: str | None
    lowest_coverage: float | None


def render(report: Report) -> str:
    """Return the summary as indented JSON with a final newline."""
    return json.dumps(msgspec.to_builtins(_summary(report)), indent=2) + "\n"


def summary_schema() -> dict[str, Any]:
    """Return the published JSON Schema of the summary."""
    schema = msgspec.json.schema(SummaryV1)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = SCHEMA
    return schema


def _summary(report: Report) -> SummaryV1:
    statuses = Counter(host.status for host in report.hosts)
    counting = [item for item in report.all_findings if not item.waived]
    found = Counter(item.verdict.severity for item in counting)
    return SummaryV1(
        schema=SCHEMA,
        run=report.run,
        complete=report.complete,
        hosts=len(report.hosts) + len(report.unreachable),
        reached=len(report.hosts),
        unreached=len(report.unreachable),
        cut_short=sum(1 for host in report.hosts if host.cut_short),
        ok=statuses["ok"],
        degraded=statuses["degraded"],
        down=statuses["down"],
        unknown=statuses["unknown"],
        severities={severity: found[severity] for severity in SEVERITIES},
        waived=sum(1 for item in report.all_findings if item.waived),
        worst_severity=next((severity for severity in SEVERITIES if found[severity]), None),
        lowest_coverage=min(
            (round(host.coverage.percent, 1) for host in report.hosts), default=None
        ),
    )
