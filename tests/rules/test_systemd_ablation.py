"""The rules on systemd under ablation: no record's absence betters a verdict or invents one."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.ablation import violations
from tests.rules.systemd_cases import SUITES, bundle, reduced, with_profile
from tests.rules.test_systemd_restarts import DAY, HOUR, SLOW, running

HOSTS = [f"{suite}-{kind}" for suite in SUITES for kind in ("planted", "untouched")]
PROFILE = {
    "units": ["plant-*"],
    "expected_units": [
        "plant-absent-required",
        "plant-disabled",
        "plant-on-socket",
        "plant-unheard-of",
        "debug-shell",
        "cron",
        "apt-daily.timer",
    ],
    "critical_units": {"P0": ["plant-exec-*", "plant-loop-*"], "P1": ["srv-*", "plant-un*"]},
}


def ablated(host: Bundle) -> list[str]:
    whole = host_report(host)
    return [broken for one in host.evidence for broken in violations(host, one.id, whole)]


@pytest.mark.parametrize("name", [*HOSTS, "non-root", "not-systemd", "no-bus"])
def test_every_record_of_every_host(name: str) -> None:
    assert ablated(bundle(name)) == []
    assert ablated(with_profile(bundle(name), **PROFILE)) == []


@pytest.mark.parametrize("count", [1, 2, 3, 12])
@pytest.mark.parametrize("interval", [2.0, 30.0, 1200.0, 6 * HOUR, 2 * DAY])
@pytest.mark.parametrize("age", [0.5, 2.0, 3.5, 50.0])
@pytest.mark.parametrize("slack", [1.0, 60.0, DAY])
def test_restarts_of_every_rhythm_and_age(
    count: int, interval: float, age: float, slack: float
) -> None:
    """The newest restart is `age` intervals old, the first came `slack` seconds after boot."""
    newest = age * interval
    ages = [newest + interval * step for step in range(count - 1, -1, -1)]
    host = running(count, ages, up=newest, booted=ages[0] + slack)
    probes = ("systemd_units", "systemd_units_again", "systemd_restart_journal")
    small = reduced(host, probes, (SLOW, "init.scope", "-.slice"))
    assert ablated(small) == []
