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
from tests.rules.judging import judged
from tests.rules.systemd_cases import bundle

RULES = ("service_state", "failed_units", "missing_units", "restart_loops")
ASKED = ("systemd_units", "systemd_unit_files", "systemd_executables")


def known() -> Bundle:
    """Return a real host of which these rules saw everything."""
    return bundle("bookworm-planted")


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
