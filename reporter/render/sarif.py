"""The report as SARIF 2.1.0: a result for each finding that is not ok, and the rules they are of.

P0 and P1 are errors, P2 warnings, all else is a note. What is unknown is of the kind `open`, which
SARIF has for what could not be decided; what an operator has accepted is suppressed. The subject on
its host is a logical location; the physical one is the bundle of the archive with the evidence.
`partialFingerprints` are over host and finding, so a result is the same one from run to run.
Sentences are English, and control and invisible characters are spelled out.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote

from reporter import registry
from reporter.engine import Rule
from reporter.findings import Severity
from reporter.fleet.engine import SECTION, FleetRule
from reporter.render.found import Found, found
from reporter.render.terminal import safe
from reporter.report import Report
from truthmap_collector import VERSION

__all__ = ["SCHEMA_URI", "render"]

SCHEMA_URI = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_FINGERPRINT = "hostAndFinding/v1"
_LEVELS: dict[Severity, str] = {"P0": "error", "P1": "error", "P2": "warning", "P3": "note"}
_LINK = re.compile(r"\[(?=[^\]]*\]\()")
"""What SARIF takes for the beginning of a link in a plain message."""


def render(report: Report) -> str:
    """Return the report as an indented JSON document with a final newline."""
    results = [one for one in found(report) if one.finding.verdict.status != "ok"]
    rules: tuple[Rule | FleetRule, ...] = (*registry.rules(), *registry.fleet_rules())
    known = {rule.id: rule for rule in rules}
    names = sorted({one.finding.rule for one in results})
    log = {
        "$schema": SCHEMA_URI,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Truth Map",
                        "semanticVersion": VERSION,
                        "rules": [_rule(known[name]) for name in names],
                    }
                },
                "automationDetails": {"id": f"truthmap/{safe(report.run)}"},
                "invocations": [_invocation(report)],
                "results": [_result(one, names.index(one.finding.rule)) for one in results],
                "properties": {"archive": report.digest, "run": safe(report.run)},
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _rule(rule: Rule | FleetRule) -> dict[str, Any]:
    """Return a rule with its documentation: the docstring, and its first paragraph as summary."""
    first = " ".join(rule.doc.partition("\n\n")[0].split())
    worst = _LEVELS[rule.worst] if rule.worst else "note"
    return {
        "id": rule.id,
        "shortDescription": {"text": _message(first)},
        "help": {"text": _message(rule.doc)},
        "defaultConfiguration": {"level": worst},
        "properties": {"tags": [rule.section if isinstance(rule, Rule) else SECTION]},
    }


def _invocation(report: Report) -> dict[str, Any]:
    told = [
        *(f"{item.host}: not reported: {item.reason}" for item in report.unreachable),
        *(f"{host.host}: cut short: {host.cut_short}" for host in report.hosts if host.cut_short),
        *report.problems,
    ]
    return {
        "executionSuccessful": not report.problems and not report.incomplete,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": _message(line)}} for line in told
        ],
    }


def _result(one: Found, index: int) -> dict[str, Any]:
    finding, verdict = one.finding, one.finding.verdict
    unknown = verdict.status == "unknown"
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "kind": "open" if unknown else "fail",
        "level": "none" if unknown else _LEVELS[verdict.severity] if verdict.severity else "note",
        "message": {"text": _message("\n".join(_lines(one)))},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _evidence_file(one.host)}},
                "logicalLocations": [
                    {
                        "name": safe(verdict.subject),
                        "fullyQualifiedName": safe(f"{one.host or SECTION}/{verdict.subject}"),
                        "kind": "resource",
                    }
                ],
            }
        ],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(one)},
        "properties": _properties(one),
    }
    if finding.waiver is not None:
        why = _message(str(finding.waiver.said))
        accepted = {"kind": "external", "status": "accepted", "justification": why}
        result["suppressions"] = [accepted]
    return result


def _evidence_file(host: str) -> str:
    """Return where the evidence is in an archive: the host's bundle, or what names them all."""
    return quote(f"{safe(host)}.json", safe="") if host else "manifest.json"


def _lines(one: Found) -> list[str]:
    verdict = one.finding.verdict
    missing = [f"missing: {gap.probe}: {gap.reason}" for gap in verdict.missing]
    return [str(verdict.message), *(str(detail) for detail in verdict.details), *missing]


def _properties(one: Found) -> dict[str, Any]:
    """Return what SARIF has no place for; what is not known is left out."""
    finding, verdict = one.finding, one.finding.verdict
    values = {
        "host": one.host or None,
        "finding": finding.id,
        "status": verdict.status,
        "running": verdict.running,
        "severity": verdict.severity,
        "atWorst": finding.at_worst,
        "confidence": verdict.confidence,
        "section": finding.section,
        "component": str(verdict.component),
        "application": verdict.application,
        "cause": one.cause,
        "verifiedAt": finding.verified_at,
    }
    lists = {"evidence": one.evidence, "byHand": one.commands}
    return {
        **{name: safe(value) for name, value in values.items() if value is not None},
        **{name: [safe(value) for value in several] for name, several in lists.items() if several},
    }


def _fingerprint(one: Found) -> str:
    identity = f"{one.host}\0{one.finding.id}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(identity).hexdigest()


def _message(text: str) -> str:
    r"""Return the text as SARIF's plain messages write it: braces are doubled, no link begins.

    >>> _message("{0} [a](b)")
    '{{0}} \\[a](b)'
    """
    shown = "\n".join(safe(line) for line in text.split("\n"))
    return _LINK.sub(r"\\[", shown.replace("{", "{{").replace("}", "}}"))
