"""severity_overrides: what is said of a severity that is meant for nothing there is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reporter.evidence import Bundle
from reporter.findings import Finding
from reporter.report import HostReport, host_report
from tests.ablation import violations
from tests.builders import without
from tests.golden import recorded
from tests.rules.files_cases import PROBE
from tests.rules.files_cases import host as files_host
from tests.rules.judging import judged
from tests.rules.systemd_cases import bundle

RULES = (
    "expected_files",
    "failed_units",
    "missing_units",
    "restart_loops",
    "service_state",
    "timer_state",
)
ASKED = ("systemd_units", "systemd_unit_files", "systemd_executables")


def known() -> Bundle:
    """Return a real host with planted faults, of which the rules on services saw everything."""
    planted = bundle("bookworm-planted")
    timers = next(one for one in recorded("bookworm").evidence if one.id == "timers_schedules")
    return msgspec.structs.replace(planted, evidence=[*planted.evidence, timers])


def said(*patterns: str, host: Bundle | None = None, **others: Any) -> dict[str, Finding]:
    """Return the rule's findings, by pattern, over those of the rules on systemd."""
    profile = {"units": ["plant-*"], "severities": dict.fromkeys(patterns, "P0")}
    made = msgspec.structs.replace(
        known() if host is None else host, applications={"plant": profile, **others}
    )
    found = judged(made, (*RULES, "severity_overrides"))
    return {
        one.verdict.subject.partition("/")[2]: one
        for one in found.values()
        if one.rule == "severity_overrides"
    }


@pytest.mark.parametrize(
    "pattern",
    [
        "service_state:plant-enabled-never.service",
        "service_state:cron.service",
        "service_state:plant-*",
        "*:*",
    ],
)
def test_one_that_fits_is_said_where_it_counts(pattern: str) -> None:
    """Also where what it fits is well, or is of no application."""
    assert said(pattern) == {}


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("service_stat:x", "there is no rule 'service_stat' for 'service_stat:x'; did you mean"),
        ("zz*:x", "there is no rule 'zz*' for 'zz*:x'; the rules are: "),
    ],
)
def test_a_rule_that_does_not_exist(pattern: str, hint: str) -> None:
    """It can fit on no host, whatever evidence there is."""
    for host in (known(), msgspec.structs.replace(known(), evidence=[])):
        found = said(pattern, host=host)[pattern]
        verdict = found.verdict
        assert (verdict.status, verdict.severity, verdict.application) == (
            "degraded",
            "P3",
            "plant",
        )
        assert f"truthmap_app_plant.severities: {hint}" in str(verdict.message)


def test_a_name_nothing_has() -> None:
    verdict = said("service_state:plant-enabled-nevr.service")[
        "service_state:plant-enabled-nevr.service"
    ].verdict
    assert (verdict.status, verdict.severity) == ("unknown", None)
    assert "no finding fits 'service_state:plant-enabled-nevr.service'" in str(verdict.message)


@pytest.mark.parametrize(
    "pattern",
    [
        "restart_loops:cron.service",
        "missing_units:plant-enabled-never.service",
        "failed_units:srv-data.mount",
        "service_state:apt-daily.timer",
    ],
)
def test_one_that_waits_for_its_day_is_not_said(pattern: str) -> None:
    """Its subject is there and well, or its rule speaks only of what is wrong."""
    assert said(pattern) == {}


def test_one_for_another_applications_findings() -> None:
    other = {"units": ["other-*"], "severities": {"service_state:plant-enabled-never*": "P0"}}
    (found,) = said(other=other).values()
    assert (found.verdict.status, found.verdict.application) == ("unknown", "other")
    assert "their own profiles weigh: service_state:plant-enabled-never.service" in str(
        found.verdict.message
    )


@pytest.mark.parametrize("record", ASKED[:2])
def test_missing_evidence_is_no_misspelling(record: str) -> None:
    """What an override was meant for may be what was lost."""
    pattern = "service_state:plant-disabled.service"
    assert said(pattern) == {}
    assert said(pattern, "service_state:nosuch.service", host=without(known(), record)) == {}


def test_an_unknown_finding_of_its_rule_may_be_what_it_was_meant_for() -> None:
    """One target was not seen, another one is well: which the pattern means, nobody knows."""
    pattern = "expected_files:/nosuch"
    profile = {"severities": {pattern: "P0"}, "expected_files": ["/etc/passwd", "/etc/shadow"]}
    for lost in (False, True):
        host = files_host(profile)
        host = without(host, f"{PROBE}[/etc/shadow]") if lost else host
        found = judged(host, ("expected_files", "severity_overrides"))
        assert (f"severity_overrides:shop/{pattern}" in found) is not lost


@pytest.mark.parametrize("record", ["sockets_open", "timers_schedules"])
def test_nothing_is_said_while_any_rule_lacks_evidence(record: str) -> None:
    """Another rule may have known the name."""
    host = recorded("bookworm")
    severities = {"service_state:nosuch.service": "P0"}
    for lost in (False, True):
        seen = msgspec.structs.replace(host, applications={"plant": {"severities": severities}})
        found = host_report(without(seen, record) if lost else seen).findings
        assert any(one.rule == "severity_overrides" for one in found) is not lost


def whole(**profile: Any) -> HostReport:
    return host_report(msgspec.structs.replace(known(), applications={"plant": profile}))


def test_it_can_be_weighed_itself() -> None:
    """As any finding: the operator who knows may say so."""
    seen = whole(severities={"nosuch:x": "P0", "severity_overrides:*": "none"})
    found = next(one for one in seen.findings if one.rule == "severity_overrides")
    assert (found.verdict.severity, found.rule_severity) == (None, "P3")


def test_ablation() -> None:
    severities = {
        "nosuch:x": "P0",
        "service_state:nosuch.service": "P0",
        "service_state:cron.service": "P1",
        "restart_loops:cron*": "P3",
    }
    host = msgspec.structs.replace(
        recorded("bookworm"), applications={"plant": {"severities": severities}}
    )
    before = host_report(host)
    assert len([one for one in before.findings if one.rule == "severity_overrides"]) == 2
    for one in host.evidence:
        assert violations(host, one.id, before) == []
        lost = host_report(without(host, one.id)).findings
        about = {item.id for item in lost if item.rule == "severity_overrides"}
        assert about <= {item.id for item in before.findings}
