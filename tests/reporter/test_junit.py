"""JUnit: valid by the common schemas, a case for each finding, and only what is wrong fails."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from reporter.archive import load
from reporter.findings import Waiver
from reporter.render.junit import render
from reporter.report import HostReport, Report, build
from tests.builders import bundle, record, run_folder
from tests.hostile import GOLDEN, hidden_in, hostile_report

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


@pytest.fixture(scope="module")
def reference() -> Report:
    return build(load([GOLDEN]))


def only(report: Report) -> HostReport:
    (host,) = report.hosts
    return host


def suites(report: Report) -> list[ElementTree.Element]:
    content = render(report)
    SCHEMA.validate(content)
    return list(ElementTree.fromstring(content))  # noqa: S314 - our own


def test_a_case_for_each_finding_and_one_for_the_collection(reference: Report) -> None:
    """Down and degraded fail with their severity, unknown is skipped, ok passes."""
    (suite,) = suites(reference)
    cases = suite.findall("testcase")
    findings = only(reference).findings
    assert len(cases) == len(findings) + 1
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    wanted = Counter(
        one.verdict.severity or one.verdict.status
        for one in findings
        if one.verdict.status in {"down", "degraded"}
    )
    assert Counter(one.get("type") for one in suite.iter("failure")) == wanted
    unknown = sum(1 for one in findings if one.verdict.status == "unknown")
    assert unknown > 0
    assert len(list(suite.iter("skipped"))) == unknown
    assert all(str(one.get("message")).startswith("unknown: ") for one in suite.iter("skipped"))
    counts = {key: int(suite.get(key, "")) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {
        "tests": len(cases),
        "failures": wanted.total(),
        "errors": 0,
        "skipped": unknown,
    }


def test_a_failure_says_what_how_bad_and_by_what_evidence(reference: Report) -> None:
    """The message for a list, the text for whoever looks: id, cause, evidence, command."""
    (suite,) = suites(reference)
    (case,) = [
        case
        for case in suite.findall("testcase")
        if (case.get("classname"), case.get("name"))
        == ("truthmap.loops.restart_loops", "quantum-rl-trainer.service")
    ]
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("type") == "P0"
    assert str(failure.get("message")).startswith("P0 down: quantum-rl-trainer.service is in a ")
    lines = str(failure.text).splitlines()
    assert "id: restart_loops:quantum-rl-trainer.service" in lines
    assert "evidence: systemd_restart_journal[quantum-rl-trainer.service]" in lines
    assert any(line.startswith("by hand: journalctl --no-pager") for line in lines)


def test_what_is_waived_is_skipped_with_the_word(reference: Report) -> None:
    """An accepted finding fails no build."""
    host = only(reference)
    waived = [
        dataclasses.replace(one, waiver=Waiver("known", "ops", "2027-01-01"))
        for one in host.findings
    ]
    accepted = dataclasses.replace(host, findings=tuple(waived))
    (suite,) = suites(dataclasses.replace(reference, hosts=(accepted,)))
    assert list(suite.iter("failure")) == []
    told = [str(one.get("message")) for one in suite.iter("skipped")]
    assert len(told) == sum(1 for one in waived if one.verdict.status != "ok")
    assert all(one.startswith("waived: ") for one in told)


def test_a_host_that_was_not_collected_whole_is_an_error(tmp_path: Path) -> None:
    """Unreachable and cut short: the collection's own case, with the reason."""
    cut = bundle([record("systemd_state", "running\n")], complete=False)
    folder = run_folder(tmp_path / "run", [cut], failed={"web9": ("unreachable", "no route")})
    first, second = suites(build(load([folder])))
    for suite, kind, reason in (
        (first, "cut short", "cut short"),
        (second, "unreachable", "no route"),
    ):
        (error,) = suite.iter("error")
        assert (error.get("type"), error.get("message")) == (kind, reason)
        assert suite.get("errors") == "1"
    assert [suite.get("id") for suite in (first, second)] == ["0", "1"]


def test_a_hostile_host_makes_no_xml() -> None:
    """What XML forbids is spelled out, the rest is text."""
    content = render(hostile_report())
    assert hidden_in(content) == set()
    SCHEMA.validate(content)
    tree = ElementTree.fromstring(content)  # noqa: S314 - our own
    assert {one.tag for one in tree.iter()} == {
        *("testsuites", "testsuite", "properties", "property", "testcase"),
        *("failure", "skipped", "error", "system-out", "system-err"),
    }
