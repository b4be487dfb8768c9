"""The engine: needs are checked first, and what was not seen is always said."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from reporter.engine import HostContext, Rule, judge, rule
from reporter.evidence import Bundle, Record
from reporter.facts import Each, NoFact, Parser, fact, fact_each
from reporter.findings import Citation, Finding, Missing, Verdict
from reporter.messages import text
from reporter.profile import Profiles, load_profiles
from tests.builders import bundle, record

BLOCK = text("Block")


@fact("number_probe")
def number(found: Record) -> int:
    if not found.stdout.data:
        raise NoFact(text("it printed nothing"))
    return int(found.stdout.data)


@fact("other_probe")
def other(found: Record) -> str:
    return found.stdout.data


@fact_each("each_probe")
def each(found: Record) -> str:
    return found.stdout.data


PARSERS: dict[str, Parser] = {item.name: item for item in (number, other, each)}


def verdict(subject: str, message: str = "fine") -> Verdict:
    return Verdict(subject=subject, status="ok", message=text(message), component=BLOCK)


@rule(
    section="host",
    component=BLOCK,
    needs=("number",),
    uses=("other",),
    worst="P1",
    if_ignored=text("it stays"),
)
def counted(host: HostContext, number: int, other: str | Missing) -> Iterator[Verdict]:
    """Count."""
    yield Verdict(
        subject="count",
        status="down" if number > 1 else "ok",
        severity="P1" if number > 1 else None,
        message=text("{number} and {other}", number=number, other=str(type(other).__name__)),
        component=BLOCK,
        citations=(Citation("number_probe", str(number)),),
    )


@rule(
    section="host",
    component=BLOCK,
    needs=(),
    if_asked=("each",),
    worst="P2",
    if_ignored=text("it stays"),
)
def optional(each: Each[str] | Missing) -> Iterator[Verdict]:
    """Show what was named."""
    if isinstance(each, Missing):
        yield verdict("nothing")
        return
    for item in sorted({*each.values, *each.missing}):
        value = each.get(item)
        said = f"{value.probe}: {value.reason}" if isinstance(value, Missing) else value
        yield verdict(item, said)


def judged(host: Bundle, *rules: Rule, parsers: dict[str, Parser] | None = None) -> list[Finding]:
    context = HostContext(name="web1", collected_at=0.0, profiles=Profiles(), bundle=host)
    return judge(context, rules, parsers or PARSERS)


def by_id(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings}


def test_a_rule_with_its_evidence_gives_its_own_finding() -> None:
    """Facts arrive by name, and the finding carries rule, section and time of the evidence."""
    findings = judged(bundle([record("number_probe", "2"), record("other_probe", "x")]), counted)
    (finding,) = findings
    assert finding.id == "counted:count"
    assert finding.section == "host"
    assert finding.verified_at == "2026-02-15T16:12:00.000000Z"
    assert finding.gate == "P1"
    assert {"number_probe", "other_probe"} == finding.depends


def test_a_missing_need_gives_unknown_that_names_probe_and_reason() -> None:
    """The rule is not called; the finding says what was missing and how bad it could be."""
    host = bundle([record("other_probe", "x")], probes=["number_probe", "other_probe"])
    (finding,) = judged(host, counted)
    assert finding.id == "counted:evidence/number_probe"
    assert finding.verdict.status == "unknown"
    assert finding.verdict.missing[0].probe == "number_probe"
    assert "no record" in str(finding.verdict.message)
    assert finding.gate == "P1"


def test_a_probe_nobody_asked_for_is_told_apart() -> None:
    """Not asked and not answered are two reasons."""
    (finding,) = judged(bundle([record("other_probe", "x")]), counted)
    assert "did not ask" in str(finding.verdict.message)


@pytest.mark.parametrize("outcome", ["absent", "denied", "timeout", "error"])
def test_an_outcome_other_than_collected_is_a_reason(outcome: str) -> None:
    """The record's own reason is repeated, whatever stands on its stdout."""
    failing = record("number_probe", "2", outcome=outcome, reason="because of X", exit_code=None)
    findings = by_id(judged(bundle([failing, record("other_probe", "x")]), counted))
    assert "because of X" in str(findings["counted:evidence/number_probe"].verdict.message)
    assert "counted:count" not in findings


def test_a_missing_use_is_said_and_the_rule_still_runs() -> None:
    """What a rule merely uses arrives as Missing, and an unknown finding names it."""
    host = bundle([record("number_probe", "1")], probes=["number_probe", "other_probe"])
    findings = by_id(judged(host, counted))
    assert str(findings["counted:count"].verdict.message) == "1 and Missing"
    assert findings["counted:evidence/other_probe"].verdict.status == "unknown"


def test_cut_evidence_is_said() -> None:
    """A truncated output still gives its fact, and an unknown finding beside it."""
    host = bundle([record("number_probe", "1", truncated=True), record("other_probe", "x")])
    findings = by_id(judged(host, counted))
    assert findings["counted:count"].verdict.status == "ok"
    assert findings["counted:cut/number_probe"].verdict.status == "unknown"


def test_a_parser_that_declines_gives_its_reason() -> None:
    """NoFact is an answer: the reason reaches the reader."""
    host = bundle([record("number_probe", ""), record("other_probe", "x")])
    (finding,) = judged(host, counted)
    assert "it printed nothing" in str(finding.verdict.message)


def test_a_parser_that_fails_is_a_reason_not_a_crash() -> None:
    """Garbage gives unknown with the traceback, free of this machine's folders."""
    host = bundle([record("number_probe", "many"), record("other_probe", "x")])
    (finding,) = judged(host, counted)
    message = str(finding.verdict.message)
    assert "ValueError" in message
    assert "test_engine.py" in message
    assert __file__ not in message


def test_a_rule_that_raises_gives_unknown_and_the_others_go_on() -> None:
    """A crash is a finding with its traceback."""

    @rule(section="host", component=BLOCK, needs=("number",))
    def broken(number: int) -> Iterator[Verdict]:
        """Break."""
        yield verdict("never kept")
        raise RuntimeError("oops")

    host = bundle([record("number_probe", "1"), record("other_probe", "x")])
    findings = by_id(judged(host, broken, counted))
    assert "RuntimeError: oops" in str(findings["broken:rule-error"].verdict.message)
    assert findings["counted:count"].verdict.status == "ok"
    assert "broken:never kept" not in findings


def test_subjects_the_profile_names_are_answered() -> None:
    """When the evidence is missing, each named subject is unknown by its own id."""

    @rule(section="host", component=BLOCK, needs=("number",), subjects=lambda _: ("a", "b"))
    def named(number: int) -> Iterator[Verdict]:
        """Name."""
        yield verdict("a")
        yield verdict("b")

    assert set(by_id(judged(bundle([record("number_probe", "1")]), named))) == {
        "named:a",
        "named:b",
    }
    findings = by_id(judged(bundle([], probes=["number_probe"]), named))
    assert set(findings) == {"named:a", "named:b", "named:evidence/number_probe"}
    assert {item.verdict.status for item in findings.values()} == {"unknown"}


def test_a_host_without_a_login_owes_no_answer_to_what_was_not_asked() -> None:
    """Rules that read nothing the control node asked are silent, but for what a profile names."""

    @rule(
        section="host",
        component=BLOCK,
        needs=("number",),
        subjects=lambda profiles: ("usual", *profiles.expected_units()),
    )
    def named(number: int) -> Iterator[Verdict]:
        """Name."""
        yield verdict("usual")

    @rule(section="host", component=BLOCK, needs=(), uses=("other",), if_asked=("each",))
    def partly(other: str | Missing, each: Each[str] | Missing) -> Iterator[Verdict]:
        """Show what there is."""
        yield verdict("seen", f"{type(other).__name__} {type(each).__name__}")

    def found(*records: Record, expected: bool = False) -> dict[str, Finding]:
        host = msgspec.structs.replace(
            bundle(records, probes=["each_probe"]), collected_by="control"
        )
        declared = {"shop": {"units": ["shop-*"], "expected_units": ["shop-api"]}}
        profiles = load_profiles(declared if expected else {}, "here")
        context = HostContext(name="web1", collected_at=0.0, profiles=profiles, bundle=host)
        return by_id(judge(context, (named, partly, counted), PARSERS))

    asked = record("each_probe", "x", item="a")
    assert {name: str(item.verdict.message) for name, item in found(asked).items()} == {
        "partly:seen": "Missing Each"
    }
    assert set(found(asked, expected=True)) == {"named:shop-api.service", "partly:seen"}
    assert found(asked, expected=True)["named:shop-api.service"].verdict.status == "unknown"
    assert found()["partly:evidence/each_probe"].verdict.status == "unknown"


def test_each_target_of_a_derived_probe_has_a_value_or_a_reason() -> None:
    """A fact of many records keeps the good ones and says why others are missing."""

    @rule(section="host", component=BLOCK, needs=("each",))
    def listed(each: Each[str]) -> Iterator[Verdict]:
        """List."""
        for item in ("a", "b", "c"):
            value = each.get(item)
            yield verdict(item, str(value.reason) if isinstance(value, Missing) else value)

    host = bundle(
        [
            record("each_probe", "good", item="a"),
            record("each_probe", item="b", outcome="denied", reason="permission denied"),
        ]
    )
    messages = {item.verdict.subject: str(item.verdict.message) for item in judged(host, listed)}
    assert messages == {
        "a": "good",
        "b": "denied: permission denied",
        "c": "no record of it in the archive",
    }


def test_a_derived_probe_without_targets_is_no_gap() -> None:
    """Zero targets is an answer; no record at all is a gap."""

    @rule(section="host", component=BLOCK, needs=("each",))
    def listed(each: Each[str]) -> Iterator[Verdict]:
        """List."""
        yield verdict("total", str(len(each.values)))

    (finding,) = judged(bundle([record("each_probe", exit_code=None)]), listed)
    assert str(finding.verdict.message) == "0"
    (finding,) = judged(bundle([], probes=["each_probe"]), listed)
    assert finding.id == "listed:evidence/each_probe"


def test_a_rule_without_documentation_is_refused() -> None:
    """The docstring is the rule's documentation."""
    with pytest.raises(TypeError, match="docstring"):

        @rule(section="host", component=BLOCK, needs=())
        def undocumented() -> Iterator[Verdict]:
            yield verdict("x")


def _with_targets(*records: Record, declared: bool = True) -> list[Finding]:
    """Judge a derived probe of which these records are there."""

    @rule(section="host", component=BLOCK, needs=("each",))
    def everything(each: Each[str]) -> Iterator[Verdict]:
        """Look at every target."""
        for item in sorted({*each.values, *each.missing}):
            value = each.get(item)
            yield verdict(item, value if isinstance(value, str) else str(value.reason))

    host = bundle(records)
    derived = {"id": "each_probe", "from": {"probe": "p", "selector": "unit_names"}}
    asked = [derived if declared else {"id": "each_probe"}]
    return judged(msgspec.structs.replace(host, probes=asked), everything)


def test_targets_not_looked_at_are_said() -> None:
    """Beyond a probe's limit there are targets nobody looked at: that is not silence."""
    left = record("each_probe", "a\n", outcome="error", reason="1 of 2 looked at", exit_code=None)
    findings = by_id(_with_targets(left, record("each_probe", "x", item="a")))
    assert findings["everything:a"].verdict.status == "ok"
    assert "1 of 2 looked at" in str(findings["everything:evidence/each_probe"].verdict.message)


def test_without_the_list_of_targets_others_may_be_missing() -> None:
    """A record taken out of the archive is missed, also where it only lists."""
    findings = by_id(_with_targets(record("each_probe", "x", item="a")))
    assert findings["everything:evidence/each_probe"].verdict.status == "unknown"


def test_a_listed_target_without_a_record_is_missing() -> None:
    """The list tells which records an archive must hold."""
    listed = record("each_probe", "a\nb\n", exit_code=None)
    findings = by_id(_with_targets(listed, record("each_probe", "x", item="a")))
    assert str(findings["everything:b"].verdict.message) == "no record of it in the archive"
    assert "everything:evidence/each_probe" not in findings


def test_what_a_run_may_leave_out_is_missed_only_where_it_was_asked() -> None:
    """Most runs name no server: that is no gap."""
    assert set(by_id(judged(bundle([]), optional))) == {"optional:nothing"}
    asked = by_id(judged(bundle([], probes=["each_probe"]), optional))
    assert set(asked) == {"optional:nothing", "optional:evidence/each_probe"}
    assert asked["optional:evidence/each_probe"].gate == "P2"


def test_a_target_that_was_named_and_has_no_record_is_missing() -> None:
    """One of several parts of a target (a cluster's nodes) answers for it."""
    host = bundle([record("each_probe", "x", item="a"), record("each_probe", "y", item="c/1")])
    host = msgspec.structs.replace(host, probes=[{"id": "each_probe", "items": ["a", "b", "c"]}])
    seen = by_id(judged(host, optional))
    assert set(seen) == {"optional:a", "optional:b", "optional:c/1"}
    assert "each_probe[b]: no record of it" in str(seen["optional:b"].verdict.message)


def test_a_shortfall_is_why_a_target_has_no_value() -> None:
    """Targets beyond a limit are named by the note the collector leaves."""
    note = record("each_probe", outcome="error", reason="1 of 2 looked at", exit_code=None)

    @rule(section="host", component=BLOCK, needs=("each",))
    def wanted(each: Each[str]) -> Iterator[Verdict]:
        """Ask for one beyond the limit."""
        value = each.get("b")
        yield verdict("b", str(value.reason) if isinstance(value, Missing) else value)

    seen = by_id(judged(bundle([record("each_probe", "x", item="a"), note]), wanted))
    assert "1 of 2 looked at" in str(seen["wanted:b"].verdict.message)
