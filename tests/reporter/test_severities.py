"""A profile's severities: which count, where they are shown, and what they never change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reporter.cli import run_command
from reporter.engine import HostContext, Rule, judge, rule
from reporter.errors import InputError
from reporter.evidence import Bundle, Record
from reporter.explain import explain
from reporter.facts import Each, Parser, fact, fact_each
from reporter.findings import Finding, Missing, Status, Verdict
from reporter.messages import text
from reporter.profile import load_profiles
from reporter.render import json_v1
from reporter.render import text as text_report
from reporter.report import Report, host_report
from tests.ablation import violations
from tests.builders import bundle, record, run_folder, without
from tests.golden import recorded
from tests.rules.systemd_cases import bundle as systemd_bundle
from tests.rules.systemd_cases import with_profile

BLOCK = text("Block")


@fact("whole_probe")
def whole(found: Record) -> str:
    return found.stdout.data


@fact_each("each_probe")
def each(found: Record) -> str:
    return found.stdout.data


PARSERS: dict[str, Parser] = {item.name: item for item in (whole, each)}


def verdict(subject: str, status: Status, application: str | None = None, **more: Any) -> Verdict:
    return Verdict(
        subject=subject,
        status=status,
        severity="P2" if status in {"down", "degraded"} else None,
        message=text("{it} is so", it=subject),
        component=BLOCK,
        application=application,
        **more,
    )


@rule(section="host", component=BLOCK, needs=("whole",), worst="P2", if_ignored=text("it stays"))
def states(whole: str) -> Iterator[Verdict]:
    """Say of each line `subject status application` just that."""
    for line in whole.splitlines():
        subject, status, *application = line.split()
        yield verdict(subject, status, *application)  # type: ignore[arg-type]


@rule(section="host", component=BLOCK, needs=("each",), worst="P2", if_ignored=text("it stays"))
def down_ones(each: Each[str]) -> Iterator[Verdict]:
    """Say of each target that is down just that, of no other anything."""
    for item in sorted(each.values):
        yield verdict(item, "down")


@rule(section="host", component=BLOCK, needs=("each",), worst="P3", if_ignored=text("it stays"))
def unseen_ones(each: Each[str]) -> Iterator[Verdict]:
    """Say which targets were not seen."""
    for item, gap in sorted(each.missing.items()):
        yield verdict(item, "unknown", missing=(gap,))


def judged(
    severities: dict[str, dict[str, str]],
    lines: str = "",
    rules: tuple[Rule, ...] = (states,),
    host: Bundle | None = None,
) -> dict[str, Finding]:
    """Return the findings under the severities of some applications."""
    applications = {name: {"severities": said} for name, said in severities.items()}
    made = host or bundle([record("whole_probe", lines)])
    profiles = load_profiles(applications, "test")
    context = HostContext(name="web1", collected_at=0.0, profiles=profiles, bundle=made)
    return {one.id: one for one in judge(context, rules, PARSERS)}


def weight(finding: Finding) -> tuple[Any, ...]:
    return (finding.verdict.severity, finding.rule_severity, finding.severity_by)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("states:a.service", True),
        ("states:*.service", True),
        ("st*:a*", True),
        ("*:*", True),
        ("states:a", False),
        ("state:a.service", False),
        ("STATES:a.service", False),
    ],
)
def test_a_pattern_is_of_a_rule_and_of_a_subject(pattern: str, fits: bool) -> None:
    seen = judged({"shop": {pattern: "P0"}}, "a.service down")["states:a.service"]
    assert weight(seen) == (("P0", "P2", "shop") if fits else ("P2", "P2", None))


def test_a_subject_with_brackets_is_meant_by_its_own_name() -> None:
    """An IPv6 address looks like a pattern; a subject may hold colons too."""
    seen = judged({"shop": {"states:tcp/[::]:22": "P1"}}, "tcp/[::]:22 down")
    assert seen["states:tcp/[::]:22"].verdict.severity == "P1"


def test_the_longest_pattern_counts() -> None:
    said = {"states:*": "none", "states:a*": "P3", "states:ab": "P0"}
    seen = judged({"shop": said}, "ab down\nac down\nb degraded")
    assert {name: one.verdict.severity for name, one in seen.items()} == {
        "states:ab": "P0",
        "states:ac": "P3",
        "states:b": None,
    }


@pytest.mark.parametrize("status", ["ok", "degraded", "down", "unknown"])
@pytest.mark.parametrize("severity", ["P0", "P3", "none"])
def test_the_status_is_never_changed(status: str, severity: str) -> None:
    """What is ok gets no severity; what is unknown only another worst case."""
    before = judged({"shop": {}}, f"a {status}")["states:a"]
    after = judged({"shop": {"*:*": severity}}, f"a {status}")["states:a"]
    said = None if severity == "none" else severity
    assert after.verdict.status == before.verdict.status == status
    assert after.verdict.message == before.verdict.message
    wrong = status in {"degraded", "down"}
    assert after.verdict.severity == (said if wrong else None)
    assert after.at_worst == (said if status == "unknown" else None)
    assert after.rule_severity == before.gate
    assert (after.severity_by is None) == (status == "ok")


def test_what_agrees_with_the_rule_is_no_override() -> None:
    assert weight(judged({"shop": {"*:*": "P2"}}, "a down")["states:a"]) == ("P2", "P2", None)


@pytest.mark.parametrize(
    ("application", "shop", "blog", "severity", "by"),
    [
        ("shop", "P3", "P0", "P3", "shop"),
        ("shop", None, "P0", "P2", None),
        ("blog", "none", None, "P2", None),
        ("", "P0", None, "P0", "shop"),
        ("", "P0", "P1", "P0", "shop"),
        ("", "P3", "none", "P3", "shop"),
        ("", "P3", None, "P2", None),
        ("", "none", "none", None, "blog"),
        ("other", "P1", None, "P1", "shop"),
    ],
)
def test_each_application_is_weighed_by_its_own_profile(
    application: str, shop: str | None, blog: str | None, severity: str | None, by: str | None
) -> None:
    """What belongs to none, by all of them: the worst counts, and silence is the rule's word."""
    said = {"shop": shop, "blog": blog}
    profiles = {name: {"states:*": one} if one else {} for name, one in said.items()}
    seen = judged(profiles, f"a down {application}")["states:a"]
    assert weight(seen) == (severity, "P2", by)


def test_missing_evidence_may_hide_what_was_raised() -> None:
    """A threshold is not passed on what nobody saw; and nothing unseen becomes less bad."""
    gone = bundle([], probes=["whole_probe"])
    for said, worst in (
        ({"states:a": "P0"}, "P0"),
        ({"states:a": "P3"}, "P2"),
        ({"states:*": "none"}, "P2"),
        ({"other:a": "P0"}, "P2"),
    ):
        (finding,) = judged({"shop": said}, host=gone).values()
        assert (finding.id, finding.gate) == ("states:evidence/whole_probe", worst)
        assert finding.rule_severity == "P2"


def test_what_hides_it_may_be_another_rules_finding() -> None:
    """Of a target that was lost the rule says nothing: whoever names it stands for it."""
    rules = (down_ones, unseen_ones)
    records = [record("each_probe", "x", item=name) for name in ("a", "b")]
    listed = record("each_probe", "a\nb\n")
    said = {"shop": {"down_ones:a": "P0"}}
    seen = judged(said, rules=rules, host=bundle([listed, *records]))
    assert {name: one.gate for name, one in seen.items()} == {
        "down_ones:a": "P0",
        "down_ones:b": "P2",
    }
    lost = judged(said, rules=rules, host=bundle([listed, records[1]]))
    assert {name: one.gate for name, one in lost.items()} == {
        "down_ones:b": "P2",
        "unseen_ones:a": "P0",
    }


def test_evidence_that_is_there_hides_nothing_from_other_rules() -> None:
    """A rule that could not use a record that another one read stands for itself alone."""

    @rule(section="host", component=BLOCK, needs=(), worst="P3", if_ignored=text("it stays"))
    def choosy() -> Iterator[Verdict]:
        """Miss something in a record."""
        yield verdict("x", "unknown", missing=(Missing("whole_probe", text("a line")),))

    seen = judged({"shop": {"states:a": "P0"}}, "a ok", rules=(states, choosy))
    assert seen["choosy:x"].gate == "P3"


def test_a_rule_that_failed_may_have_found_anything() -> None:
    @rule(
        section="host", component=BLOCK, needs=("whole",), worst="P3", if_ignored=text("it stays")
    )
    def broken(whole: str) -> Iterator[Verdict]:
        """Fail."""
        raise ValueError(whole)
        yield

    seen = judged({"shop": {"broken:a": "P0"}}, rules=(broken,))
    assert seen["broken:rule-error"].gate == "P0"


@pytest.mark.parametrize(
    ("severities", "said"),
    [
        ({"a": "P1"}, "severities: give findings as rule:subject, not 'a'"),
        ({"a:": "P1"}, "severities: give findings as rule:subject, not 'a:'"),
        ({":a": "P1"}, "severities: give findings as rule:subject, not ':a'"),
        ({"a:b": "P4"}, "severities.a:b: give one of P0, P1, P2, P3, none, not 'P4'"),
        ({"a:b": None}, "severities.a:b: give one of P0, P1, P2, P3, none, not None"),
        (["a:b"], "severities: give a mapping from findings"),
    ],
)
def test_a_mistake_is_named_with_its_place(severities: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        load_profiles({"x": {"severities": severities}}, "test")
    assert said in str(error.value)


PLANTED = "plant-enabled-stopped.service"
"""A service that is down, P2, on a real host."""


def plant(**severities: str) -> Bundle:
    said = {pattern.replace("__", ":"): severity for pattern, severity in severities.items()}
    return with_profile(systemd_bundle(), title="Plant", units=["plant-*"], severities=said)


def report(host: Bundle) -> Report:
    return Report("0" * 64, "run", True, (host_report(host),), ())


def test_every_reader_is_told() -> None:
    """JSON, text and `explain` show who says it and what the rule says."""
    made = report(plant(**{f"service_state__{PLANTED}": "P0"}))
    (finding,) = [
        one
        for one in json.loads(json_v1.render(made))["hosts"][0]["findings"]
        if one["id"] == f"service_state:{PLANTED}"
    ]
    assert (finding["status"], finding["severity"]) == ("down", "P0")
    assert (finding["severity_by"], finding["rule_severity"]) == (
        "profile truthmap_app_plant",
        "P2",
    )
    shown = " ".join(text_report.render(made).split())
    said = "P0 by the profile of Plant; the rule says P2"
    risks = shown.partition("PART E")[2]
    assert f"({said})" in risks
    assert risks.index(PLANTED) < risks.index("- P1" if "- P1" in risks else "- P2")
    assert said in shown.partition("PART C")[0]
    page = explain(made, f"service_state:{PLANTED}")
    assert f"status down, running no, severity {said}\n" in page
    assert "by the profile" not in text_report.render(report(plant()))


def test_what_has_no_severity_is_broken_all_the_same() -> None:
    """It is no risk, and Part C still has it."""
    before = text_report.render(report(plant()))
    after = text_report.render(report(plant(**{"*__*": "none"})))
    assert "No risk found in what was looked at." in after
    for shown in (before, after):
        assert PLANTED in shown.partition("PART C")[2].partition("PART E")[0]
    assert "no severity by the profile of Plant; the rule says P2" in after


def test_unknown_findings_say_what_they_could_be() -> None:
    made = report(without(plant(service_state__x="P0"), "systemd_unit_files"))
    page = explain(made, "service_state:evidence/systemd_unit_files")
    assert "could be as bad as P0 by the profile of Plant; the rule says P2\n" in page


@pytest.mark.parametrize(
    ("severity", "worst"), [("P0", "P0"), (None, "P2"), ("P3", "P3"), ("none", None)]
)
def test_gates_and_totals_go_by_them(
    severity: str | None, worst: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--fail-on` follows the profile, worse and better, on a host of which nothing is unknown."""
    said = {} if severity is None else {"expected_ports:port/1": severity, "*:*": "none"}
    base = {} if severity is None else {"*:*": "none"}
    host = recorded("bookworm")
    alone = run_folder(tmp_path / "base", [applied(host, {"severities": base})])
    run = run_folder(tmp_path / "run", [applied(host, {"expected_ports": [1], "severities": said})])
    for threshold in ("P0", "P1", "P2", "P3"):
        gate = ["report", str(run), "--fail-on", threshold, "--summary", str(tmp_path / "totals")]
        code = run_command(gate)
        if run_command(["report", str(alone), "--fail-on", threshold]) == 0:
            assert (code == 2) == (worst is not None and worst <= threshold), threshold
    counted = json.loads((tmp_path / "totals").read_text())["severities"]
    if severity is not None:
        assert counted == {name: int(name == worst) for name in ("P0", "P1", "P2", "P3")}
    capsys.readouterr()


def applied(host: Bundle, profile: dict[str, Any]) -> Bundle:
    return msgspec.structs.replace(host, applications={"shop": profile})


@pytest.mark.parametrize(
    "severities",
    [
        {"service_state__plant-*": "P0"},
        {"service_state__*": "none", "restart_loops__*": "P0"},
        {"*__*": "P3"},
        {"missing_units__*": "P0", "nosuch__*": "P0", "service_state__nosuch": "P1"},
    ],
)
def test_ablation(severities: dict[str, str]) -> None:
    """Neither a raised nor a lowered severity makes a gate pass on missing evidence."""
    host = plant(**severities)
    before = host_report(host)
    assert [line for one in host.evidence for line in violations(host, one.id, before)] == []


@pytest.mark.parametrize("severity", ["P0", "none"])
def test_ablation_of_two_applications(severity: str) -> None:
    """Whose a finding is may be part of what is lost."""
    said = {
        "plant": {"units": ["plant-[a-m]*"], "severities": {"*:*": severity}},
        "other": {"units": ["plant-[n-z]*"]},
    }
    host = msgspec.structs.replace(systemd_bundle(), applications=said)
    before = host_report(host)
    assert [line for one in host.evidence for line in violations(host, one.id, before)] == []
