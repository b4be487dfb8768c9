"""Waivers: accepted findings stay visible and count for nothing; bad waivers are findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reporter.errors import InputError
from reporter.outputs import render
from reporter.report import Report, reaches
from reporter.waivers import Waivers, load_waivers
from tests.compare.cases import Machine, report_of
from tests.compare.test_diff import STOPPED

WORKER = "service_state:shop-worker.service"
BROKEN = Machine().unit("shop-worker.service", **STOPPED)
BLIND = {"systemd_units": ("denied", "Permission denied")}


def waiver(finding: str = WORKER, expires: str = "2026-12-31", **more: str) -> dict[str, str]:
    return {"finding": finding, "reason": "replaced", "owner": "ops", "expires": expires, **more}


def waivers(folder: Path, *entries: object) -> Waivers:
    path = folder / "waivers.yml"
    path.write_text(json.dumps({"waivers": entries}))  # JSON is YAML
    return load_waivers(path)


def judged(folder: Path, machine: Machine, *entries: object) -> Report:
    return report_of(machine, waivers=waivers(folder, *entries))


def use(report: Report) -> dict[str, str]:
    """Return what is said of the waivers: status by subject."""
    return {
        one.verdict.subject: one.verdict.status for one in report.findings if one.rule == "waivers"
    }


def test_a_waived_finding_stays_and_counts_for_nothing(tmp_path: Path) -> None:
    """Marked in every format, counted apart, no risk, no threshold."""
    report = judged(tmp_path, BROKEN, waiver())
    (host,) = report.hosts
    finding = next(one for one in host.findings if one.id == WORKER)
    assert finding.waived
    assert not reaches(finding, "P3")
    assert WORKER not in {one.id for risk in host.judgement.risks for one in risk.findings}
    unwaived = report_of(BROKEN).hosts[0]
    assert WORKER in {one.id for risk in unwaived.judgement.risks for one in risk.findings}
    assert host.counts()["down"] == unwaived.counts()["down"] - 1
    page = render(report, "text")
    assert " ".join(page.split()).count("Waived until 2026-12-31 by ops: replaced") == 2
    assert ", 1 waived\n" in page
    shown = json.loads(render(report, "json"))
    (found,) = [one for one in shown["hosts"][0]["findings"] if one["waived"]]
    assert (found["id"], found["waiver"]["owner"]) == (WORKER, "ops")
    assert shown["fleet"]["counts"]["waived"] == 1
    assert use(report) == {WORKER: "ok"}


def test_a_waived_finding_is_not_told_together_with_one_that_is_not(tmp_path: Path) -> None:
    """Of three services of which the same is said, the two that are not waived stay a risk."""
    machine = BROKEN
    for name in ("shop-a.service", "shop-b.service"):
        machine = machine.unit(name, **STOPPED)
    report = judged(tmp_path, machine, waiver())
    page = render(report, "text")
    lines = [line.strip() for line in page.splitlines()]
    at = next(n for n, line in enumerate(lines) if line.startswith("Waived until"))
    assert not any("- shop-a.service" in line for line in lines[at - 3 : at])
    assert [one.id for one in report.hosts[0].waived] == [WORKER]


@pytest.mark.parametrize(
    ("finding", "host", "waived"),
    [
        ("service_state:*", None, True),
        ("*worker*", "web*", True),
        (WORKER, "db*", False),
        ("service_state", None, False),
        ("timer_state:*", None, False),
    ],
)
def test_patterns_of_findings_and_hosts(
    tmp_path: Path, finding: str, host: str | None, waived: bool
) -> None:
    """Shell patterns, over the whole id and the host's name."""
    entry = waiver(finding, **({"host": host} if host else {}))
    report = judged(tmp_path, BROKEN, entry)
    assert [one.id for one in report.hosts[0].waived] == ([WORKER] if waived else [])


@pytest.mark.parametrize(
    ("expires", "waived"), [("2026-02-14", False), ("2026-02-15", True), ("2026-02-16", True)]
)
def test_expiry_counts_from_the_time_of_collection(
    tmp_path: Path, expires: str, waived: bool
) -> None:
    """The host was collected on 2026-02-15; the last day counts. The clock of today does not."""
    report = judged(tmp_path, BROKEN, waiver(expires=expires))
    assert bool(report.hosts[0].waived) is waived
    assert use(report) == {WORKER: "ok" if waived else "degraded"}


def test_an_expired_waiver_says_what_counts_again(tmp_path: Path) -> None:
    """At P3, with the lines of the file as evidence."""
    report = judged(tmp_path, BROKEN, waiver(expires="2026-01-31"))
    (finding,) = report.findings
    assert finding.verdict.severity == "P3"
    assert "expired on 2026-01-31; 1 finding counts again" in str(finding.verdict.message)
    (citation,) = finding.verdict.citations
    assert citation.by_hand == ("sed -n 1,1p waivers.yml",)
    assert WORKER in citation.excerpt


def test_a_waiver_of_what_is_fine_is_unused(tmp_path: Path) -> None:
    """Its finding is ok, or there is none."""
    timers = ("timer_state:shop-nightly.timer", "timer_state:nowhere.timer")
    report = judged(tmp_path, Machine(), *(waiver(name) for name in timers))
    assert use(report) == dict.fromkeys(timers, "degraded")
    assert "unused" in str(report.findings[0].verdict.message)


def test_what_is_not_known_is_never_waived(tmp_path: Path) -> None:
    """It could be worse than what was accepted; whether the waiver is needed is not known."""
    blind = BROKEN.changed(reasons=BLIND)
    report = judged(tmp_path, blind, waiver("service_state:*"), waiver("*"))
    assert [
        one.verdict.status for one in report.hosts[0].waived if one.verdict.status == "unknown"
    ] == []
    assert use(report)["service_state:*"] == "unknown"
    (finding,) = [one for one in report.findings if one.id == "waivers:service_state:*"]
    assert {missing.probe for missing in finding.verdict.missing} >= {"systemd_units"}
    assert finding.at_worst == "P3"


def test_a_waiver_for_a_host_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    """It was not reached, or another part of the fleet was looked at."""
    entry = waiver(host="db1")
    assert use(judged(tmp_path, BROKEN, entry)) == {f"{WORKER} on db1": "unknown"}
    report = report_of(BROKEN, waivers=waivers(tmp_path, entry), unreached={"db1": "no route"})
    (finding,) = report.findings
    assert "db1 was not reached: no route" in str(finding.verdict.message)


MALFORMED = {
    "unknown key 'findin'; did you mean 'finding'?": {**waiver(), "findin": "x"},
    "unknown key 'until'; known keys: finding, host, reason, owner, expires": {
        **waiver(),
        "until": "x",
    },
    "the key 'owner' is missing": {"finding": "a", "reason": "b", "expires": "2026-12-31"},
    "'reason' has no text; give one": {**waiver(), "reason": ""},
    "'expires' is 'soon', no day; give one as YYYY-MM-DD": waiver(expires="soon"),
    "'expires' is '2026-02-30', no day; give one as YYYY-MM-DD": waiver(expires="2026-02-30"),
    "it is no mapping; give the keys finding, host, reason, owner, expires": "service_state:*",
}


@pytest.mark.parametrize("says", MALFORMED)
def test_a_malformed_entry_is_a_finding_and_waives_nothing(tmp_path: Path, says: str) -> None:
    """File, number, key, and the nearest known one; the entries beside it are used."""
    report = judged(tmp_path, BROKEN, waiver("timer_state:*"), MALFORMED[says], waiver())
    assert [one.id for one in report.hosts[0].waived] == [WORKER]
    (finding,) = [one for one in report.findings if one.id == "waivers:entry 2"]
    assert (finding.verdict.status, finding.verdict.severity) == ("degraded", "P3")
    message = f"waivers.yml, entry 2: {says}; nothing is waived by it"
    assert str(finding.verdict.message) == message


def test_a_key_that_stands_twice_is_no_choice_of_ours(tmp_path: Path) -> None:
    """YAML readers keep the last silently."""
    path = tmp_path / "waivers.yml"
    path.write_text(
        "waivers:\n- finding: a\n  finding: b\n  reason: c\n  owner: d\n  expires: 2027-01-01\n"
    )
    (bad,) = load_waivers(path).malformed
    assert str(bad.what) == "the key 'finding' stands twice"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("waivers: [", "not valid YAML"),
        ("- finding: a", "no waivers in it; give a mapping with the one key 'waivers'"),
        ("waivers: {a: b}", "no waivers in it"),
        ("waiver: []", "no waivers in it"),
        ("", "no waivers in it"),
        ("\ud800", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_list_of_waivers_is_bad_input(
    tmp_path: Path, content: str, says: str
) -> None:
    """As is one that is not there."""
    path = tmp_path / "waivers.yml"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=says):
        load_waivers(path)
    with pytest.raises(InputError, match="No such file"):
        load_waivers(tmp_path / "nowhere.yml")


def test_the_lines_of_an_entry_are_its_own(tmp_path: Path) -> None:
    """Blank lines and comments of the next one are not cited."""
    path = tmp_path / "waivers.yml"
    entry = "  - finding: a\n    reason: b\n    owner: c\n    expires: 2027-01-01\n"
    path.write_text(f"waivers:\n{entry}\n  # the next\n{entry}")
    places = [one.place for one in load_waivers(path).entries]
    assert [(one.first_line, one.last_line) for one in places] == [(2, 5), (8, 11)]
    assert places[0].lines == entry.rstrip("\n")


def test_problems_of_waivers_cannot_be_waived(tmp_path: Path) -> None:
    """Else one waiver could hide that all others have expired."""
    report = judged(tmp_path, BROKEN, waiver("waivers:*"), waiver(expires="2026-01-01"))
    assert [one.waived for one in report.findings] == [False, False]
