"""Explains a finding, down to the raw lines: the rule, the verdict, the evidence."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from reporter import registry
from reporter.engine import Rule
from reporter.errors import InputError
from reporter.evidence import Record
from reporter.findings import Citation, Finding, Missing
from reporter.fleet.engine import SECTION, FleetRule
from reporter.render.terminal import safe
from reporter.report import HostReport, Report

__all__ = ["explain", "rule_catalogue", "rule_page"]


def explain(report: Report, wanted: str, host: str | None = None) -> str:
    """Return the explanation of the finding `wanted` (`rule:subject`) on each host that has it.

    Raises `InputError` with the nearest ids where there is none.
    """
    pages = [
        "\n".join(_page(finding, report, item))
        for item in report.hosts
        if host in (None, item.host)
        for finding in item.findings
        if finding.id == wanted
    ]
    if host is None:
        pages += ["\n".join(_page(one, report)) for one in report.findings if one.id == wanted]
    if pages:
        return "\n\n".join(pages) + "\n"
    if host is not None and host not in {item.host for item in report.hosts}:
        known = ", ".join(item.host for item in report.hosts) or "none"
        raise InputError(f"{host}: no such host in the archive; it holds: {known}")
    ids = sorted({finding.id for finding in report.all_findings})
    near = difflib.get_close_matches(wanted, ids, n=3, cutoff=0.5)
    near = near or [name for name in ids if wanted in name][:3]
    hint = f"did you mean {', '.join(near)}?" if near else "`truthmap report` lists the findings"
    raise InputError(f"{safe(wanted)}: no such finding in the archive; {safe(hint)}")


def _page(finding: Finding, report: Report, host: HostReport | None = None) -> Iterator[str]:
    verdict = finding.verdict
    yield safe(f"{finding.id} on {host.host}") if host else safe(finding.id)
    yield safe(f"  {verdict.message}")
    for detail in verdict.details:
        yield safe(f"  {detail}")
    severity = verdict.severity or "none"
    yield f"  status {verdict.status}, running {verdict.running}, severity {severity}"
    if finding.at_worst:
        yield f"  not known, and could be as bad as {finding.at_worst}"
    if finding.waiver:
        waiver = finding.waiver
        yield safe(f"  waived until {waiver.expires} by {waiver.owner}: {waiver.reason}")
    yield f"  confidence {verdict.confidence}, verified {finding.verified_at} by the host's clock"
    yield ""
    yield f"The rule {finding.rule}"
    yield from (f"  {line}".rstrip() for line in _documentation(finding.rule).splitlines())
    for citation in dict.fromkeys(verdict.citations):
        yield from _cited(citation, host or _host(report, citation.host))
    for missing in verdict.missing:
        yield from _missing(missing, host or _host(report, missing.host))


def _host(report: Report, name: str) -> HostReport | None:
    return next((host for host in report.hosts if host.host == name), None)


def _documentation(rule: str) -> str:
    return _all_rules()[rule].doc


def _cited(citation: Citation, host: HostReport | None) -> Iterator[str]:
    yield ""
    yield safe(f"Evidence {citation.record}{f' of {citation.host}' if citation.host else ''}")
    yield from (f"  > {safe(line)}" for line in citation.excerpt.splitlines())
    yield from (safe(f"  by hand: {command}") for command in citation.by_hand)
    record = host.records.get(citation.record) if host else None
    if record:
        yield from _record(record, command=not citation.by_hand)


def _missing(missing: Missing, host: HostReport | None) -> Iterator[str]:
    yield ""
    of = f" of {missing.host}" if missing.host else ""
    yield safe(f"Missing {missing.probe}{of}: {missing.reason}")
    if host and missing.probe in host.commands:
        yield safe(f"  by hand: {host.commands[missing.probe]}")
    record = host.records.get(missing.probe) if host else None
    if record:
        yield from _record(record)


def _record(record: Record, command: bool = True) -> Iterator[str]:
    exit_code = "" if record.exit_code is None else f", exit {record.exit_code}"
    if command:
        yield safe(f"  by hand: {record.command}")
    yield safe(
        f"  ran {record.started_at} for {record.duration_s:.3f} s: {record.outcome}{exit_code}"
        + (f" ({record.reason})" if record.reason else "")
    )
    cut = ", cut" if record.stdout.truncated else ""
    yield f"  stdout {record.stdout.size} bytes{cut}, {record.stdout.masked} spans masked"
    yield f"  sha256 {record.sha256}"
    yield from (f"  stderr: {safe(line)}" for line in record.stderr.text.splitlines())


def rule_catalogue() -> str:
    """Return every rule's id, section and first sentence, a line each."""
    rules = _all_rules()
    width = max(len(name) for name in rules)
    return "".join(
        f"{name:<{width}}  {rules[name].doc.splitlines()[0]}\n" for name in sorted(rules)
    )


def rule_page(wanted: str) -> str:
    """Return one rule's documentation; raises `InputError` with the nearest ids."""
    rules = _all_rules()
    if wanted not in rules:
        near = difflib.get_close_matches(wanted, rules, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the rules are: {', '.join(sorted(rules))}"
        raise InputError(f"{safe(wanted)}: no such rule; {hint}")
    return "\n".join(_rule_lines(rules[wanted])) + "\n"


def _all_rules() -> dict[str, Rule | FleetRule]:
    rules: list[Rule | FleetRule] = [*registry.rules(), *registry.fleet_rules()]
    return {rule.id: rule for rule in rules}


def _rule_lines(rule: Rule | FleetRule) -> Iterator[str]:
    section = SECTION if isinstance(rule, FleetRule) else rule.section
    yield f"{rule.id}  (section {section}, at worst {rule.worst or 'no severity'})"
    yield ""
    yield from rule.doc.splitlines()
    yield ""
    if isinstance(rule, FleetRule):
        yield "Uses what is known of all hosts of a report together"
        return
    parsers = registry.parsers()
    kinds = (("Needs", rule.needs), ("Uses", rule.uses), ("Where asked, uses", rule.if_asked))
    for label, names in kinds:
        for name in names:
            yield f"{label} {name}, from the probe {parsers[name].probe}"
    if rule.stage:
        yield "Uses the findings of other rules"
