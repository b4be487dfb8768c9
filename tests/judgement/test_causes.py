"""Causes: each symptom walked upstream to the first broken thing."""

from __future__ import annotations

from typing import Any

import pytest

from reporter.evidence import Bundle
from reporter.judgement.causes import Cause, weakest
from tests.builders import NOW, without
from tests.rules.stream_cases import client, consumer, entry, group, host, report, stream, survey
from tests.rules.systemd_cases import moment

DAY = 86400.0
WRITER, READER = "shop-writer.service", "shop-reader.service"
DOWN = {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"}
PROFILE = {"units": ["shop-*"], "streams": ["a", "b"]}


def stands(state: Any = None, source: str = "writer", age: float = 3 * DAY) -> Bundle:
    """A stream whose last event is old, its producer in `state`, and a group that reads it."""
    reader = client(READER, blocked=True)
    read = group("reader", consumer("c", idle=1, inactive=age), delivered=age)
    shown = survey(stream("a", entry(age, source=source), groups=[read]), clients=[reader])
    units = {} if state is None else {WRITER: state}
    return host(shown, clients=[reader], units=units, profile=PROFILE)


def causes(collected: Bundle) -> dict[str, Cause]:
    return {cause.id: cause for cause in report(collected).judgement.causes}


def test_a_stream_stands_because_its_producer_failed() -> None:
    """The symptom is explained by the unit; what reads the stream is downstream of it."""
    found = causes(stands(DOWN))
    cause = found[f"cause:unit/{WRITER}"]
    chain = next(one for one in cause.chains if one.symptom.thing.name == "a")
    assert [step.thing.name for step in chain.steps] == ["a", WRITER]
    assert cause.confidence == "claimed"
    assert "which writes it, does not run" in str(chain.steps[1].link and chain.steps[1].link.how)
    assert {str(thing) for thing in cause.downstream} == {
        "stream/a",
        "group/a/reader",
        f"unit/{READER}",
    }
    assert "cause:stream/a" not in found


def test_a_disabled_producer_is_a_cause_too() -> None:
    """Nothing calls a disabled unit wrong; the stream it alone writes stands all the same."""
    state = {"ActiveState": "inactive", "UnitFileState": "disabled"}
    cause = causes(stands(state))[f"cause:unit/{WRITER}"]
    assert cause.root.findings == ()
    assert cause.lead.verdict.subject == "a"
    assert "does not run" in str(cause.because)


def test_a_producer_that_runs_ends_the_chain() -> None:
    """Why a running program adds nothing is not seen from outside, which is said."""
    found = causes(stands("active"))
    assert f"cause:unit/{WRITER}" not in found
    assert "runs; why it adds nothing is not seen" in str(found["cause:stream/a"].unknown)


def test_an_unknown_producer_is_said() -> None:
    cause = causes(stands(source=""))["cause:stream/a"]
    assert str(cause.unknown) == "who writes it is not known"


def test_that_no_more_will_come_is_the_producers_doing() -> None:
    """The stream has fresh events still: it is explained, and does not stand yet."""
    found = causes(stands(DOWN, age=1))
    cause = found[f"cause:unit/{WRITER}"]
    assert [chain.symptom.thing.name for chain in cause.chains] == ["a", WRITER]
    assert "cause:stream/a" not in found
    assert cause.downstream == ()


def test_a_stream_that_outlives_its_producer_is_not_its_symptom() -> None:
    """Somebody else writes it: the unit that stopped an hour before is not why."""
    stopped = {**DOWN, "InactiveEnterTimestamp": moment(NOW.timestamp() - 3600)}
    found = causes(stands(stopped, age=1))
    assert found[f"cause:unit/{WRITER}"].explains == 0
    assert found["cause:stream/a"].explains == 0


def test_a_chain_goes_through_a_unit_that_is_starved() -> None:
    """b stands because its writer reads a, and a stands because its own writer failed."""
    middle = client(READER, blocked=True)
    read = group("reader", consumer("c", idle=1, inactive=3 * DAY), delivered=3 * DAY)
    shown = survey(
        stream("a", entry(3 * DAY, source="writer"), groups=[read]),
        stream("b", entry(2 * DAY, source="reader")),
        clients=[middle],
    )
    collected = host(shown, clients=[middle], units={WRITER: DOWN}, profile=PROFILE)
    cause = causes(collected)[f"cause:unit/{WRITER}"]
    longest = cause.chains[0]
    assert [step.thing.name for step in longest.steps] == ["b", "a", WRITER]
    assert "runs and gets nothing: it reads a" in str(longest.steps[1].link.how)  # type: ignore[union-attr]
    assert "stream/b" in {str(thing) for thing in cause.downstream}


def test_a_unit_fails_with_the_one_it_requires() -> None:
    units = {
        "shop-db.service": {**DOWN, "RequiredBy": WRITER},
        WRITER: {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"},
    }
    collected = host(survey(), units=units, profile=PROFILE)
    found = causes(collected)
    assert f"cause:unit/{WRITER}" not in found
    steps = found["cause:unit/shop-db.service"].chains[0].steps
    assert [step.thing.name for step in steps] == [WRITER, "shop-db.service"]


def test_findings_about_one_unit_are_one_cause() -> None:
    """Every broken finding has exactly one cause."""
    judged = report(stands(DOWN)).judgement
    ids = [finding.id for cause in judged.causes for finding in cause.findings]
    assert len(ids) == len(set(ids))
    assert set(ids) == {finding.id for risk in judged.risks for finding in risk.findings}


def test_without_the_units_nothing_is_blamed() -> None:
    """Whether the producer runs is then not known, and no chain leads to it."""
    found = causes(without(stands(DOWN), "systemd_units"))
    assert not any(cause.explains for cause in found.values())
    assert "is not known" in str(found["cause:stream/a"].unknown)


UI = {
    "units": ["shop-*"],
    "expected_ports": [8000],
    "components": {"ui": {"title": "Web UI", "units": ["shop-ui*"], "ports": [8000]}},
}


def test_a_port_of_a_component_without_a_unit_says_so() -> None:
    """The profile says whose port it is; that nothing of it is there was looked at."""
    found = causes(host(survey(), units={WRITER: "active"}, profile=UI))
    assert str(found["cause:port/8000"].unknown) == (
        "it belongs to Web UI, as the profile says, of which no unit exists (shop-ui*)"
    )


@pytest.mark.parametrize("record", ["systemd_units", "systemd_unit_files"])
def test_a_unit_that_may_be_there_is_not_called_absent(record: str) -> None:
    """A file on disk is a unit too; and where one of the lists is missing, none is known."""
    on_disk = host(survey(), units={WRITER: "active"}, files=["shop-ui.service"], profile=UI)
    unseen = without(host(survey(), units={WRITER: "active"}, profile=UI), record)
    for collected in (on_disk, unseen):
        found = causes(collected)
        assert (
            str(found["cause:port/8000"].unknown) == "which unit should listen there is not known"
        )


def test_a_chain_is_as_sure_as_its_weakest_link() -> None:
    assert weakest(["observed", "inferred", "claimed"]) == "inferred"
    assert weakest([]) == "observed"
