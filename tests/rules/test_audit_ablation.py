"""The rules on cron, processes and overridden units under ablation; untouched hosts are silent."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.ablation import violations
from tests.rules.audit_cases import PLANT, SUITES, bundle, findings, planted, with_profile

HOSTS = [f"{suite}-{kind}" for suite in SUITES for kind in ("planted", "untouched")]
COMPONENTS = {
    "worker": {"units": ["plant-worker"], "processes": ["sleeper"]},
    "by-hand": {"processes": ["/opt/plant-app"]},
    "gone": {"processes": ["plant-absent"]},
}


def ablated(host: Bundle) -> list[str]:
    whole = host_report(host)
    return [broken for one in host.evidence for broken in violations(host, one.id, whole)]


@pytest.mark.parametrize("name", [*HOSTS, "non-root", "no-cron"])
def test_every_record_of_every_host(name: str) -> None:
    assert ablated(bundle(name)) == []
    assert ablated(planted(name, processes=["sleeper"], components=COMPONENTS)) == []


@pytest.mark.parametrize("suite", SUITES)
def test_an_untouched_host_is_silent(suite: str) -> None:
    """Without a profile, and with one whose application is not there."""
    for host in (bundle(f"{suite}-untouched"), with_profile(bundle(f"{suite}-untouched"), **PLANT)):
        seen = findings(host)
        assert {finding.verdict.status for finding in seen.values()} == {"ok"}
        assert set(seen) == {
            "cron_jobs:host",
            "process_states:uninterruptible",
            "process_states:zombies",
            "replaced_programs:host",
        }
