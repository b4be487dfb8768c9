"""The report as JUnit XML: a test suite for each host and one for the fleet, a case a finding.

A finding that is down or degraded is a failure, whose `type` is its severity; one that is unknown
or waived is skipped, with the reason; whether the host was collected whole is a test case too, and
an error where it was not. The elements and attributes are those that the Ant task's schema asks
for and the Jenkins xUnit plugin's allows, so either validates. Sentences are English; control and
invisible characters, which XML mostly forbids, are spelled out.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from reporter.render.found import Found, found_on, found_over_all
from reporter.render.terminal import safe
from reporter.report import HostReport, Report, epoch

__all__ = ["render"]

_PACKAGE = "truthmap"
_NO_HOST = "localhost"
"""What the schema wants where there is no host."""

_NEVER = "1970-01-01T00:00:00"
"""The schema wants a moment, also of a host that was not reached."""


def render(report: Report) -> str:
    """Return the report as an XML document with a final newline."""
    root = ElementTree.Element("testsuites")
    for host in report.hosts:
        _host(root, host, report)
    for item in report.unreachable:
        suite = _suite(root, item.host, _NEVER, "0", report)
        _collection(suite, "unreachable", item.reason)
        _counted(suite)
    if report.findings:
        suite = _suite(root, _NO_HOST, report.findings[0].verified_at[:19], "0", report)
        suite.set("name", "fleet")
        for one in found_over_all(report):
            _case(suite, one)
        _counted(suite)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


def _host(root: ElementTree.Element, host: HostReport, report: Report) -> None:
    took = max(0.0, epoch(host.collected_at) - epoch(host.bundle.started_at))
    suite = _suite(root, host.host, host.collected_at[:19], f"{took:.3f}", report)
    _property(suite, "status", host.status)
    _property(suite, "coverage_percent", f"{host.coverage.percent:.1f}")
    _collection(suite, "cut short", host.cut_short)
    for one in found_on(host):
        _case(suite, one)
    _counted(suite)


def _suite(
    root: ElementTree.Element, host: str, moment: str, seconds: str, report: Report
) -> ElementTree.Element:
    """Add a suite; its counts are set once its cases are in it."""
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), "0")
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": safe(host),
            "package": _PACKAGE,
            "id": str(len(root)),
            "hostname": safe(host),
            "timestamp": moment,
            **counts,
            "time": seconds,
        },
    )
    ElementTree.SubElement(suite, "properties")
    _property(suite, "archive", report.digest)
    _property(suite, "run", report.run)
    return suite


def _property(suite: ElementTree.Element, name: str, value: str) -> None:
    ElementTree.SubElement(suite[0], "property", {"name": name, "value": safe(value)})


def _collection(suite: ElementTree.Element, kind: str, reason: str | None) -> None:
    """Add the case that says whether the host was collected whole."""
    case = _empty_case(suite, "collection", "complete")
    if reason is not None:
        _outcome(case, "error", reason, kind)


def _case(suite: ElementTree.Element, one: Found) -> None:
    finding, verdict = one.finding, one.finding.verdict
    case = _empty_case(suite, f"{finding.section}.{finding.rule}", verdict.subject)
    if verdict.status == "ok":
        return
    if finding.waiver is not None:
        _outcome(case, "skipped", f"waived: {verdict.message} ({finding.waiver.said})")
    elif verdict.status == "unknown":
        _outcome(case, "skipped", f"unknown: {verdict.message}")
    else:
        said = " ".join(word for word in (verdict.severity, verdict.status) if word)
        kind = verdict.severity or verdict.status
        _outcome(case, "failure", f"{said}: {verdict.message}", kind, _lines(one))


def _empty_case(suite: ElementTree.Element, rule: str, subject: str) -> ElementTree.Element:
    names = {"classname": safe(f"{_PACKAGE}.{rule}"), "name": safe(subject), "time": "0"}
    return ElementTree.SubElement(suite, "testcase", names)


def _outcome(
    case: ElementTree.Element,
    what: str,
    message: str,
    kind: str | None = None,
    lines: Iterable[str] = (),
) -> None:
    attributes = {"message": safe(message)}
    if kind is not None:
        attributes["type"] = kind
    outcome = ElementTree.SubElement(case, what, attributes)
    outcome.text = "\n".join(safe(line) for line in lines) or None


def _lines(one: Found) -> list[str]:
    verdict = one.finding.verdict
    return [
        str(verdict.message),
        *(str(detail) for detail in verdict.details),
        f"id: {one.finding.id}",
        *((f"cause: {one.cause}",) if one.cause else ()),
        *(f"evidence: {record}" for record in one.evidence),
        *(f"by hand: {command}" for command in one.commands),
    ]


def _counted(suite: ElementTree.Element) -> None:
    """Set the suite's counts, and what the schema wants at its end."""
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for attribute, what in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(1 for case in cases if case.find(what) is not None)))
    ElementTree.SubElement(suite, "system-out")
    ElementTree.SubElement(suite, "system-err")
