"""What works: only what is proven from end to end."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from tests.builders import without
from tests.rules.stream_cases import (
    client,
    consumer,
    copying,
    entry,
    group,
    host,
    report,
    stream,
    survey,
)

WRITER, READER = "shop-writer.service", "shop-reader.service"
ALIVE = group("reader", consumer("c", idle=1, inactive=1), delivered=1)


def moving(source: str = "writer", **values: object) -> Bundle:
    reader = client(READER, blocked=True)
    groups = values.get("groups", [ALIVE])
    shown = survey(stream("a", entry(1, source=source), groups=groups), clients=[reader])  # type: ignore[arg-type]
    profile = {"units": ["shop-*"], "components": {"till": {"title": "Till", "streams": ["a"]}}}
    units = {WRITER: values.get("state", "active")}
    return host(shown, clients=[reader], units=units, profile=profile)  # type: ignore[arg-type]


def test_a_chain_from_end_to_end() -> None:
    (work,) = report(moving()).judgement.works
    assert work.proven
    assert work.chain == (WRITER, "a", f"reader ({READER})")
    assert str(work.titled) == (
        f"Till: a: fresh events from {WRITER} (claimed), read by reader ({READER})"
    )
    assert "stream_groups:a/reader" in work.findings


@pytest.mark.parametrize(
    ("collected", "lacks"),
    [
        (moving(source=""), "who writes it is not known"),
        (moving(groups=[]), "no consumer group reads it"),
        (moving(state="failed"), "of its producers none is known to run"),
        (without(moving(), "systemd_units"), "of its producers none is known to run"),
        (
            moving(groups=[group("late", delivered=9000, lag=5, pending=0)]),
            "these groups do not keep up: late",
        ),
    ],
    ids=["no producer", "no group", "producer down", "units not seen", "a dead group"],
)
def test_half_of_a_chain_names_what_is_not_proven(collected: Bundle, lacks: str) -> None:
    (work,) = report(collected).judgement.works
    assert not work.proven
    assert lacks in " ".join(str(one) for one in work.lacks)


def test_a_group_that_does_not_keep_up_is_named_beside_one_that_does() -> None:
    late = group("late", delivered=9000, lag=5, pending=0)
    (work,) = report(moving(groups=[ALIVE, late])).judgement.works
    assert work.proven
    assert str(work.message).endswith("; not by late")


def test_a_stream_that_stands_works_not() -> None:
    shown = survey(stream("a", entry(9 * 86400.0, source="writer")))
    assert report(host(shown)).judgement.works == ()


@pytest.mark.parametrize(("primary", "chains"), [("127.0.0.1", 1), ("10.0.0.9", 2)])
def test_what_a_replica_of_this_host_holds_is_no_second_chain(primary: str, chains: int) -> None:
    moves = stream("flows", entry(1, source="writer"), groups=[ALIVE])
    collected = host(survey(moves), copying(primary, 6379, moves), units={WRITER: "active"})
    assert len(report(collected).judgement.works) == chains
