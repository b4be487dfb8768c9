"""The rules on front ends under ablation: no record's absence betters a verdict or invents one."""

from __future__ import annotations

from pathlib import Path

import pytest

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.ablation import violations
from tests.lab.edge_hosts import EDGE_PROFILE
from tests.rules.edge_cases import SUITES, bundle, configured, with_row
from tests.rules.systemd_cases import changed, with_profile

HOSTS = [f"{suite}-{kind}" for suite in SUITES for kind in ("planted", "untouched")]


def ablated(host: Bundle) -> list[str]:
    whole = host_report(host)
    return [broken for one in host.evidence for broken in violations(host, one.id, whole)]


@pytest.mark.parametrize("name", [*HOSTS, "non-root"])
def test_every_record_of_every_host(name: str) -> None:
    assert ablated(bundle(name)) == []
    assert ablated(with_profile(bundle(name), **EDGE_PROFILE)) == []


def test_servers_that_do_not_run(tmp_path: Path) -> None:
    """Stopped, disabled, gone from memory; and HAProxy and Caddy that were never installed."""
    state = {"ActiveState": "inactive", "SubState": "dead", "MainPID": "0"}
    assert ablated(changed(bundle(), "nginx.service", **state)) == []
    assert ablated(changed(bundle(), "nginx.service", UnitFileState="disabled", **state)) == []
    assert ablated(changed(bundle(), "nginx.service", LoadState="not-found", **state)) == []
    fresh = with_row(bundle(), "edge_nginx", "/etc/nginx/conf.d/late.conf", mtime=None)
    assert ablated(fresh) == []
    text = "frontend web\nbind *:9000\ndefault_backend app\nbackend app\nserver a 127.0.0.1:1\n"
    assert ablated(configured(tmp_path / "a", {"main": text}, "haproxy")) == []
    text = "http://a.example:9000 {\nreverse_proxy 127.0.0.1:1 unix//none\n}\n"
    assert ablated(configured(tmp_path / "b", {"main": text}, "caddy")) == []
