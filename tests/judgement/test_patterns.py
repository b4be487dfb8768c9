"""Systemic causes, and the reasons that come first."""

from __future__ import annotations

from reporter.evidence import Bundle
from reporter.judgement.judgement import Judgement
from reporter.report import host_report
from tests.rules.stream_cases import client, consumer, entry, group, host, stream, survey

PROFILE = {"units": ["shop-*"]}
WANTED = {"ActiveState": "inactive", "UnitFileState": "enabled", "WantedBy": "multi-user.target"}
TARGET = {"multi-user.target": {"ActiveState": "active", "SubState": "active"}}


def judged(collected: Bundle) -> Judgement:
    return host_report(collected).judgement


def resting(count: int) -> Bundle:
    """Services that are asked for and do not run."""
    units = {f"shop-{number}.service": WANTED for number in range(count)}
    return host(survey(), units={**units, **TARGET}, profile=PROFILE)


def test_several_make_a_pattern() -> None:
    (pattern,) = [one for one in judged(resting(3)).patterns if "fragmented" in one.id]
    assert pattern.count == 3
    assert pattern.out_of == 3
    assert str(pattern.details[0]).startswith("3 x it does not run although it is asked for")


def test_one_alone_is_no_pattern() -> None:
    assert not judged(resting(1)).patterns


def test_a_pattern_is_a_reason_only_for_what_no_other_reason_tells() -> None:
    """The three are one risk; when that is told, nothing is left of the pattern, and back."""
    reasons = judged(resting(3)).closing
    assert len([one for one in reasons if "shop-" in str(one.findings[0].id)]) == 1


def test_reasons_are_five_at_most_and_ranked() -> None:
    reasons = judged(resting(3)).closing
    assert [one.rank for one in reasons] == list(range(1, len(reasons) + 1))
    assert [one.severity for one in reasons] == sorted(one.severity for one in reasons)


def loop(age: float) -> Bundle:
    """One unit writes a and reads b, another reads a and writes b."""
    clients = [client("shop-one.service", blocked=True), client("shop-two.service", blocked=True)]
    shown = survey(
        stream("a", entry(1, source="one"), groups=[group("two", consumer("c", 1, inactive=1))]),
        stream(
            "b",
            entry(age, source="two"),
            groups=[group("one", consumer("c", 1, inactive=age), delivered=age)],
        ),
        clients=clients,
    )
    return host(shown, clients=clients, profile=PROFILE)


def test_feedback_that_stands_still() -> None:
    (pattern,) = [one for one in judged(loop(9 * 86400.0)).patterns if "feedback" in one.id]
    assert (pattern.count, pattern.out_of) == (1, 2)
    assert "stand still at b" in str(pattern.message)


def test_feedback_that_moves_is_none() -> None:
    assert not [one for one in judged(loop(1)).patterns if "feedback" in one.id]


def spread(readers: int) -> Bundle:
    """One unit writes what others read."""
    names = [f"shop-r{number}" for number in range(readers)]
    clients = [client(f"{name}.service", blocked=True) for name in names]
    groups = [group(name, consumer("c", 1, inactive=1), delivered=1) for name in names]
    shown = survey(stream("a", entry(1, source="w"), groups=groups), clients=clients)
    return host(shown, clients=clients, units={"shop-w.service": "active"}, profile=PROFILE)


def test_a_single_point_of_failure() -> None:
    (pattern,) = [one for one in judged(spread(3)).patterns if "single-point" in one.id]
    assert "shop-w.service (1 streams, 3 readers)" in str(pattern.message)
    assert pattern.severity is None
    assert not any("single" in str(one.message) for one in judged(spread(3)).closing)


def test_two_readers_are_no_single_point() -> None:
    assert not [one for one in judged(spread(2)).patterns if "single-point" in one.id]


def guarded(state: str) -> Bundle:
    profile = {
        "units": ["shop-*"],
        "components": {
            "brake": {"title": "Brake", "units": ["shop-brake"], "safety": True},
            "drive": {"title": "Drive", "units": ["shop-drive"]},
        },
    }
    units: dict[str, str | dict[str, str]] = {
        "shop-brake.service": {**WANTED, "ActiveState": state},
        "shop-drive.service": "active",
        **TARGET,
    }
    return host(survey(), units=units, profile=profile)


def test_safety_off_while_the_rest_acts() -> None:
    (pattern,) = [one for one in judged(guarded("inactive")).patterns if "safety" in one.id]
    assert str(pattern.message) == "Brake: off, while Drive runs; 1 of 1 controls"
    assert [one.id for one in pattern.findings] == ["service_state:shop-brake.service"]


def test_safety_on() -> None:
    assert not [one for one in judged(guarded("active")).patterns if "safety" in one.id]
