"""Ablation: take a record out of an archive, and hold the new report against the old one.

The design's promise, for every record R: (a) findings that do not depend on R are byte-identical;
(b) those that do keep their verdict from what remains, or become unknown; (c) a finding vanishes
only where an unknown finding names R; (d) new ids appear only as unknown; (e) the exit code never
improves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from reporter.evidence import Bundle
from reporter.findings import SEVERITIES, Finding
from reporter.render.json_v1 import finding_v1
from reporter.report import HostReport, host_report, reaches
from tests.builders import without

__all__ = ["violations"]


def violations(bundle: Bundle, record: str, whole: HostReport | None = None) -> list[str]:
    """Return every broken promise when `record` is taken out of the bundle."""
    before = whole or host_report(bundle)
    after = host_report(without(bundle, record))
    return list(_compare(before, after, record))


def _compare(before: HostReport, after: HostReport, record: str) -> Iterator[str]:
    probe = record.partition("[")[0]
    old = {finding.id: finding for finding in before.findings}
    new = {finding.id: finding for finding in after.findings}
    named = [item for item in after.findings if _names(item, record, probe)]
    for name, finding in old.items():
        if name not in new:
            if not named:
                yield f"(c) {name} vanished and no unknown finding names {record}"
        elif record not in finding.depends:
            if _shown(finding, before) != _shown(new[name], after):
                yield f"(a) {name} changed although it does not depend on {record}"
        elif new[name].verdict.status not in (finding.verdict.status, "unknown"):
            yield f"(b) {name} turned from {finding.verdict.status} to {new[name].verdict.status}"
        elif (
            new[name].verdict.status == finding.verdict.status
            and new[name].verdict.severity != finding.verdict.severity
        ):
            yield f"(b) {name} changed its severity without {record}"
    for name, finding in new.items():
        if name not in old and finding.verdict.status != "unknown":
            yield f"(d) {name} appeared as {finding.verdict.status} without {record}"
    for threshold in (*SEVERITIES, "unknown"):
        if _gate(before, threshold) and not _gate(after, threshold):
            yield f"(e) --fail-on {threshold} would pass without {record}"


def _names(finding: Finding, record: str, probe: str) -> bool:
    return finding.verdict.status == "unknown" and any(
        missing.probe in (record, probe) for missing in finding.verdict.missing
    )


def _shown(finding: Finding, host: HostReport) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(finding_v1(finding, host))
    return shown


def _gate(host: HostReport, threshold: str) -> bool:
    return any(reaches(item, threshold) for item in host.findings)
