"""The rules on Redis servers under ablation: no record's absence betters or invents a verdict."""

from __future__ import annotations

import pytest

from reporter.report import host_report
from tests.ablation import violations
from tests.rules.redis_cases import BUNDLES, bundle, without_units


@pytest.mark.parametrize("name", BUNDLES)
def test_every_record_of_every_host(name: str) -> None:
    for host in (bundle(name), without_units(bundle(name))):
        whole = host_report(host)
        assert [broken for one in host.evidence for broken in violations(host, one.id, whole)] == []
