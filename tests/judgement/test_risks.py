"""Risks: a sum that can be done again, never less severe than what it is made of."""

from __future__ import annotations

import pytest

from reporter.judgement.risks import Risk, severity_of
from reporter.report import host_report
from tests.judgement.test_causes import DOWN, PROFILE, WRITER, stands
from tests.rules.stream_cases import entry, group, host, stream, survey

DAY = 86400.0


def test_the_terms_of_a_risk() -> None:
    """P2 by the rule (12), down (2), three things downstream (3), a claimed way (-1): P2."""
    risk = leading(stands(DOWN))
    assert [term.points for term in risk.score.terms] == [12, 2, 3, -1]
    assert (risk.score.total, risk.severity) == (16, "P2")
    assert "blast radius: 3 things downstream" in str(risk.score.terms[2].what)


def test_the_profile_decides_criticality() -> None:
    collected = stands(DOWN)
    critical = {**PROFILE, "critical_units": {"P0": [WRITER]}}
    assert host_report(collected, {"shop": critical}).judgement.risks[0].severity == "P0"


def test_much_downstream_makes_it_worse() -> None:
    """Four streams and four groups that get nothing: one level up."""
    shown = survey(
        *(
            stream(name, entry(3 * DAY, source="writer"), groups=[group(f"g{name}")])
            for name in ("a", "b", "c", "d")
        )
    )
    risk = leading(host(shown, units={WRITER: DOWN}, profile={"units": ["shop-*"]}))
    assert risk.findings[0].verdict.severity == "P2"
    assert (risk.severity, risk.score.total) == ("P1", 12 + 2 + 8 - 1)


def test_levels() -> None:
    points = (32, 30, 29, 20, 19, 10, 9, 0)
    assert [severity_of(one) for one in points] == ["P0", "P0", "P1", "P1", "P2", "P2", "P3", "P3"]


@pytest.mark.parametrize(
    ("count", "named"),
    [
        (5, "each of {0}, {1}, {2}, {3}, {4} failed"),
        (7, "each of {0}, {1}, {2}, {3}, {4} and 2 more failed"),
    ],
)
def test_a_few_subjects_are_named_and_many_counted(count: int, named: str) -> None:
    names = [f"shop-{number}.service" for number in range(count)]
    collected = host(survey(), units=dict.fromkeys(names, DOWN), profile=PROFILE)
    risk, *_ = host_report(collected).judgement.risks
    assert str(risk.brief).startswith(named.format(*names))
    assert names[-1] in str(risk.message)


def test_what_comes_of_it_is_said() -> None:
    risk = leading(stands(DOWN))
    assert "what the service is for does not happen" in str(risk.if_ignored)
    assert "a/reader" in str(risk.if_ignored)


def leading(collected: object) -> Risk:
    risks = host_report(collected).judgement.risks  # type: ignore[arg-type]
    return next(one for one in risks if one.findings[0].verdict.subject == WRITER)
