"""`truthmap explain` of what is made of findings."""

from __future__ import annotations

import pytest

from reporter.errors import InputError
from reporter.explain import explain
from reporter.report import Report, host_report
from tests.judgement.test_causes import DOWN, WRITER, stands
from tests.judgement.test_patterns import resting


def reported(collected: object) -> Report:
    host = host_report(collected)  # type: ignore[arg-type]
    return Report(digest="", run="", complete=True, hosts=(host,), unreachable=())


def test_a_finding_shows_its_cause_and_the_sum() -> None:
    page = explain(reported(stands(DOWN)), "stream_activity:a")
    assert f"Cause cause:unit/{WRITER}" in page
    assert f"<- {WRITER}, which writes it, does not run (claimed) [systemd_units]" in page
    assert "Risk P2: 16 points" in page
    assert "+12 criticality: the worst of its findings is P2" in page
    assert "If ignored: what the service is for does not happen" in page


def test_a_cause_has_a_page() -> None:
    page = explain(reported(stands(DOWN)), f"cause:unit/{WRITER}")
    assert "explains: stream/a" in page
    assert "downstream: group/a/reader, stream/a, unit/shop-reader.service" in page


def test_a_pattern_has_a_page() -> None:
    page = explain(reported(resting(3)), "pattern:fragmented-control")
    assert page.count("P2 service_state:shop-") == 3


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(InputError, match=f"did you mean cause:unit/{WRITER}"):
        explain(reported(stands(DOWN)), "cause:unit/shop-writer")
