"""What works behind a front end."""

from __future__ import annotations

from reporter.report import host_report
from tests.rules import edge_cases


def test_a_site_that_is_answered_is_a_proven_chain() -> None:
    """Every proxied port that somebody answers, and none that nobody does."""
    report = host_report(edge_cases.bundle())
    found = {one.findings[0]: one for one in report.judgement.works if one.findings}
    judged = {
        one.id: one.verdict.status for one in report.findings if one.rule == "proxied_services"
    }
    assert {name for name, status in judged.items() if status == "ok"} == {
        name for name in found if name.startswith("proxied_services:")
    }
    assert "down" in judged.values()
