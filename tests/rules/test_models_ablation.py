"""The rules on models under ablation: no record's absence betters a verdict or invents one."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.ablation import violations
from tests.rules.models_cases import SUITES, bundle, linked, with_profile


def ablated(host: Bundle) -> list[str]:
    whole = host_report(host)
    return [broken for one in host.evidence for broken in violations(host, one.id, whole)]


@pytest.mark.parametrize(
    "name", [*(f"{suite}-untouched" for suite in SUITES), "planted", "non-root"]
)
def test_every_record_of_every_host(name: str) -> None:
    assert ablated(bundle(name)) == []
    assert ablated(with_profile(bundle(name), streams=None, expected_streams=None)) == []


@pytest.mark.parametrize("real", ["/home/qt/quantum_trader/models", "/srv/releases/7/models"])
def test_folders_that_links_lead_to(real: str) -> None:
    host = with_profile(bundle(), streams=None, expected_streams=None)
    assert ablated(linked(host, "/srv/current/models", real)) == []
