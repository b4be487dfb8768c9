"""The rules on sockets under ablation: no record's absence betters a verdict or invents one."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.ablation import violations
from tests.rules.sockets_cases import SUITES, bundle, with_profile, with_sockets

HOSTS = [f"{suite}-{kind}" for suite in SUITES for kind in ("planted", "untouched")]
PROFILE = {
    "units": ["plant-*"],
    "expected_units": ["plant-api"],
    "expected_ports": [22, 8001, 8003],
    "root_listeners": ["plant-world.service"],
}


def ablated(host: Bundle) -> list[str]:
    whole = host_report(host)
    return [broken for one in host.evidence for broken in violations(host, one.id, whole)]


@pytest.mark.parametrize("name", [*HOSTS, "non-root"])
def test_every_record_of_every_host(name: str) -> None:
    assert ablated(bundle(name)) == []
    assert ablated(with_profile(bundle(name), **PROFILE)) == []
    odd = with_sockets(
        bundle(name), "udp UNCONN 0 0 *:111 *:*", "tcp ESTAB 0 0 9.9.9.9:1 8.8.8.8:2"
    )
    assert ablated(odd) == []
