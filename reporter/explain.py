"""Explains a finding, down to the raw lines: the rule, the verdict, the evidence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from reporter import explain_judgement, registry
from reporter.engine import Rule
from reporter.errors import InputError
from reporter.evidence import Record
from reporter.findings import Citation, Finding, Missing
from reporter.fleet.engine import SECTION, FleetRule
from reporter.messages import EN, Catalogue, Text, text
from reporter.render.terminal import Shown, safe, shown_in
from reporter.report import HostReport, Report
from reporter.severities import who_weighed
from reporter.words import CONFIDENCES, RUNNING, STATUSES, outcome_of

__all__ = ["explain", "rule_catalogue", "rule_page"]


def explain(report: Report, wanted: str, host: str | None = None, catalogue: Catalogue = EN) -> str:
    """Return the explanation of the finding, cause or pattern `wanted` on each host that has it.

    A finding's id is `rule:subject`, a cause's `cause:kind/name`, a pattern's `pattern:name`.

    What a rule means is its docstring, in English; the page says so in another language.

    Raises `InputError` with the nearest ids where there is none.
    """
    pages = [
        "\n".join(_page(finding, report, item, catalogue))
        for item in report.hosts
        if host in (None, item.host)
        for finding in item.findings
        if finding.id == wanted
    ]
    pages += [
        "\n".join(_page(finding, report, None, catalogue))
        for finding in report.findings
        if host is None and finding.id == wanted
    ]
    pages += [
        "\n".join(_made(wanted, item, catalogue))
        for item in report.hosts
        if host in (None, item.host) and wanted in explain_judgement.pages(item.judgement)
    ]
    if pages:
        return "\n\n".join(pages) + "\n"
    if host is not None and host not in {item.host for item in report.hosts}:
        known = ", ".join(item.host for item in report.hosts) or "none"
        raise InputError(f"{host}: no such host in the archive; it holds: {known}")
    made = {name for item in report.hosts for name in explain_judgement.pages(item.judgement)}
    ids = sorted({finding.id for finding in report.all_findings} | made)
    near = difflib.get_close_matches(wanted, ids, n=3, cutoff=0.5)
    near = near or [name for name in ids if wanted in name][:3]
    hint = f"did you mean {', '.join(near)}?" if near else "`truthmap report` lists the findings"
    raise InputError(f"{safe(wanted)}: no such finding in the archive; {safe(hint)}")


def _made(wanted: str, host: HostReport, catalogue: Catalogue) -> Iterator[str]:
    """Yield the page of what is made of findings: a cause or a pattern."""
    shown = shown_in(catalogue)
    yield shown(text("{finding} on {host}", finding=wanted, host=host.host))
    yield from _indented(explain_judgement.page_of(wanted, host.judgement), shown)


def _indented(lines: Iterable[explain_judgement.Line], shown: Shown) -> Iterator[str]:
    return (f"{'  ' * indent}{shown(line)}" for indent, line in lines)


def _page(
    finding: Finding, report: Report, host: HostReport | None, catalogue: Catalogue
) -> Iterator[str]:
    """Yield the page of a finding; `host` is None for one that belongs to no single host."""
    shown = shown_in(catalogue)
    verdict = finding.verdict
    title = text("{finding} on {host}", finding=finding.id, host=host.host) if host else finding.id
    yield shown(title)
    yield f"  {shown(verdict.message)}"
    for detail in verdict.details:
        yield f"  {shown(detail)}"
    for line in _verdict(finding, host):
        yield f"  {shown(line)}"
    yield ""
    made = [*explain_judgement.of_finding(finding, host.judgement)] if host else []
    if made:
        yield from _indented(made, shown)
        yield ""
    yield shown(text("The rule {rule}", rule=finding.rule))
    if catalogue.language != EN.language:
        yield f"  {shown(text('(what a rule means is written in English only)'))}"
    yield from (f"  {line}".rstrip() for line in _all_rules()[finding.rule].doc.splitlines())
    for citation in dict.fromkeys(verdict.citations):
        yield from _cited(citation, host or _host(report, citation.host), shown)
    for missing in verdict.missing:
        yield from _missing(missing, host or _host(report, missing.host), shown)


def _host(report: Report, name: str) -> HostReport | None:
    return next((host for host in report.hosts if host.host == name), None)


def _cited(citation: Citation, host: HostReport | None, shown: Shown) -> Iterator[str]:
    yield ""
    if citation.host:
        yield shown(text("Evidence {record} of {host}", record=citation.record, host=citation.host))
    else:
        yield shown(text("Evidence {record}", record=citation.record))
    yield from (f"  > {safe(line)}" for line in citation.excerpt.splitlines())
    for command in citation.by_hand:
        yield f"  {shown(_by_hand(command))}"
    record = host.records.get(citation.record) if host else None
    if record:
        yield from _record(record, shown, command=not citation.by_hand)


def _missing(missing: Missing, host: HostReport | None, shown: Shown) -> Iterator[str]:
    yield ""
    if missing.host:
        yield shown(
            text(
                "Missing {probe} of {host}: {reason}",
                probe=missing.probe,
                host=missing.host,
                reason=missing.reason,
            )
        )
    else:
        yield shown(text("Missing {probe}: {reason}", probe=missing.probe, reason=missing.reason))
    if host and missing.probe in host.commands:
        yield f"  {shown(_by_hand(host.commands[missing.probe]))}"
    record = host.records.get(missing.probe) if host else None
    if record:
        yield from _record(record, shown)


def _verdict(finding: Finding, host: HostReport | None) -> Iterator[Text]:
    verdict = finding.verdict
    unknown = verdict.status == "unknown"
    weighed = who_weighed(finding, host.profiles) if host else None
    own: Text | str = verdict.severity or text("none")
    yield text(
        "status {status}, running {running}, severity {severity}",
        status=STATUSES[verdict.status],
        running=RUNNING[verdict.running],
        severity=weighed if weighed and not unknown else own,
    )
    if unknown and (finding.at_worst or weighed):
        worst: Text | str = weighed or finding.at_worst or ""
        yield text("not known, and could be as bad as {severity}", severity=worst)
    if finding.waiver:
        yield finding.waiver.said
    yield text(
        "confidence {confidence}, verified {at} by the host's clock",
        confidence=CONFIDENCES[verdict.confidence],
        at=finding.verified_at,
    )


def _by_hand(command: str) -> Text:
    return text("by hand: {command}", command=command)


def _record(record: Record, shown: Shown, command: bool = True) -> Iterator[str]:
    if command:
        yield f"  {shown(_by_hand(record.command))}"
    for line in (_ran(record), _stdout(record)):
        yield f"  {shown(line)}"
    yield f"  sha256 {record.sha256}"
    yield from (f"  stderr: {safe(line)}" for line in record.stderr.text.splitlines())


def _ran(record: Record) -> Text:
    return text(
        "ran {at} for {seconds} s: {outcome}",
        at=record.started_at,
        seconds=f"{record.duration_s:.3f}",
        outcome=outcome_of(record),
    )


def _stdout(record: Record) -> Text:
    return text(
        "stdout {size} bytes, cut, {masked} spans masked"
        if record.stdout.truncated
        else "stdout {size} bytes, {masked} spans masked",
        size=record.stdout.size,
        masked=record.stdout.masked,
    )


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
