"""The rules on configuration under ablation: no record's absence betters or invents a verdict."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.ablation import violations
from tests.rules.config_cases import SUITES, bundle, with_profile

HOSTS = [f"{suite}-{kind}" for suite in SUITES for kind in ("planted", "untouched")]
PROFILE = {
    "units": ["plant-*"],
    "critical_units": {"P0": ["plant-mixed.service", "plant-needs.service"]},
    "modes": {"production": ["live"], "trial": ["testnet"]},
}


def ablated(host: Bundle) -> list[str]:
    whole = host_report(host)
    return [broken for one in host.evidence for broken in violations(host, one.id, whole)]


@pytest.mark.parametrize("name", [*HOSTS, "non-root"])
def test_every_record_of_every_host(name: str) -> None:
    assert ablated(bundle(name)) == []
    assert ablated(with_profile(bundle(name), **PROFILE)) == []
