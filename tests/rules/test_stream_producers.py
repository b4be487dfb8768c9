"""stream_producers: who writes, how that is known, and what was tried where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from reporter.dataflow.unit_names import UnitNames, prefixes_of
from reporter.evidence import Bundle
from reporter.profile import Profiles
from tests.ablation import violations
from tests.builders import without
from tests.rules.stream_cases import (
    client,
    entry,
    findings,
    host,
    reference,
    report,
    stream,
    survey,
    verdict,
    with_code,
    with_profile,
)

RULE = "stream_producers"
DAY = 86400.0
WRITER = "shop-writer.service"
PROFILE = {"units": ["shop-*"]}


def made(
    *entries: dict[str, Any], clients: tuple[dict[str, Any], ...] = (), **values: Any
) -> Bundle:
    end = values.pop("end", None)
    shown = survey(stream("a", *entries, end=end), clients=values.pop("listed", clients))
    return with_profile(host(shown, clients=clients, **values), **PROFILE)


def known(collected: Bundle) -> list[tuple[str, str]]:
    (row,) = report(collected).streams.rows
    return [(one.name, one.confidence) for one in row.producers]


@pytest.mark.parametrize("source", ["shop-writer", "writer", "Shop_Writer", "writer-service"])
def test_a_source_is_claimed_by_the_unit_of_its_name(source: str) -> None:
    collected = made(entry(1, source=source), units={WRITER: "active"})
    seen = verdict(collected, RULE, "a")
    assert (seen.status, seen.confidence, seen.running) == ("ok", "claimed", "yes")
    assert seen.connected_to == (WRITER,)
    assert known(collected) == [(WRITER, "claimed")]


def test_a_source_without_a_unit_keeps_its_own_name() -> None:
    collected = made(entry(1, source="elsewhere"), units={WRITER: "active"})
    seen = verdict(collected, RULE, "a")
    assert (seen.status, seen.running) == ("ok", "na")
    assert "no unit of this host goes by the name elsewhere" in str(seen.details[0])
    for record in ("systemd_units", "systemd_unit_files"):
        blind = verdict(without(collected, record), RULE, "a")
        assert blind.status == "unknown"
        assert "elsewhere" in str(blind.message)


def test_names_that_two_units_fit_are_nobodys() -> None:
    units = ["q-a.service", "q-universe.service", "q-universe-service.service", "a.service"]
    names = UnitNames(units, frozenset({"q"}))
    assert names.meant("universe") == "q-universe.service"
    assert names.meant("universe-service") == "q-universe-service.service"
    assert names.meant("a") == "a.service"
    assert names.within("a:x") is None
    assert names.meant("other") is None
    assert names.within("x_universe") is None
    assert prefixes_of(units, Profiles()) == {"q"}


def test_a_claim_of_a_dead_unit_is_a_contradiction_if_the_stream_moves() -> None:
    down = {"ActiveState": "failed", "InactiveEnterTimestamp": "Sun 2026-02-15 12:00:00 UTC"}
    moves = verdict(made(entry(60, source="writer"), units={WRITER: down}), RULE, "a")
    assert (moves.status, moves.severity) == ("degraded", "P3")
    assert "still moves in the name of shop-writer.service (claimed), which is down since " in str(
        moves.message
    )
    stands = verdict(made(entry(2 * DAY, source="writer"), units={WRITER: down}), RULE, "a")
    assert "stands because shop-writer.service" in str(stands.message)
    last = verdict(made(entry(6 * 3600, source="writer"), units={WRITER: down}), RULE, "a")
    assert "no more will come" in str(last.message)
    on_disk = verdict(made(entry(60, source="writer"), files=[WRITER]), RULE, "a")
    assert on_disk.status == "degraded"
    blind = without(made(entry(60, source="writer"), units={WRITER: down}), "systemd_units")
    assert verdict(blind, RULE, "a").status == "unknown"


def test_a_unit_between_runs_is_no_contradiction() -> None:
    idle = {"ActiveState": "inactive", "Type": "oneshot", "TriggeredBy": "shop-writer.timer"}
    rests = verdict(made(entry(60, source="writer"), units={WRITER: idle}), RULE, "a")
    assert (rests.status, rests.running) == ("ok", "no")
    loop = {"ActiveState": "activating", "SubState": "auto-restart"}
    seen = verdict(made(entry(60, source="writer"), units={WRITER: loop}), RULE, "a")
    assert (seen.status, seen.running) == ("degraded", "unstable")


def test_one_dead_producer_among_live_ones_is_a_detail() -> None:
    """The stream is written; only where nobody is left who may write it is that a fault."""
    down = {"ActiveState": "failed", "InactiveEnterTimestamp": "Sun 2026-02-15 12:00:00 UTC"}
    both = (entry(60, source="old"), entry(90, source="writer"))
    units = {"shop-old.service": down, WRITER: "active"}
    seen = verdict(made(*both, units=units), RULE, "a")
    assert (seen.status, seen.severity, seen.running) == ("ok", None, "yes")
    assert f"written by {WRITER} (claimed)" in str(seen.message)
    assert any(
        "shop-old.service (claimed) writes it too, and is down" in str(x) for x in seen.details
    )
    elsewhere = made(entry(60, source="old"), entry(90, source="else"), units=units)
    assert (verdict(elsewhere, RULE, "a").status, verdict(elsewhere, RULE, "a").running) == (
        "ok",
        "na",
    )
    none = verdict(made(*both, units={**units, WRITER: down}), RULE, "a")
    assert (none.status, none.running) == ("degraded", "no")
    assert any("writes it too, and is down" in str(one) for one in none.details)


def test_code_that_was_not_read_may_name_a_live_producer() -> None:
    """The code was asked for and is not there: a dead claimant may not be the only producer."""
    whole = made(entry(60, source="writer"), units={WRITER: "failed"})
    assert verdict(whole, RULE, "a").status == "degraded"
    unread = msgspec.structs.replace(whole, probes=[*whole.probes, {"id": "repository_source"}])
    seen = verdict(unread, RULE, "a")
    assert (seen.status, seen.running) == ("unknown", "unknown")
    assert "whether another unit's code writes it is not known" in str(seen.message)
    alive = made(entry(60, source="writer"), units={WRITER: "active"})
    unread = msgspec.structs.replace(alive, probes=[*alive.probes, {"id": "repository_source"}])
    assert verdict(unread, RULE, "a").status == "ok"


CHOOSES = 'T = {"x": "a", "y": "b"}\nr.xadd(T[z], {})\n'


def test_code_that_may_mean_several_streams_is_a_candidate(tmp_path: Path) -> None:
    """It vouches for no stream whose claimed producer is dead, and alone it is an inference."""
    units = {WRITER: "failed", "shop-other.service": "active"}
    claimed = made(entry(60, source="writer"), units=units)
    seen = verdict(with_code(claimed, tmp_path, {"shop-other.service": CHOOSES}), RULE, "a")
    assert (seen.status, seen.severity) == ("degraded", "P3")
    said = "it is one of several streams that the code of shop-other.service may write"
    assert said in [str(one) for one in seen.details]
    sure = {"shop-other.service": 'r.xadd("a", {})\n'}
    assert verdict(with_code(claimed, tmp_path, sure), RULE, "a").status == "ok"
    whole = with_code(claimed, tmp_path, {"shop-other.service": CHOOSES})
    assert [line for one in whole.evidence for line in violations(whole, one.id)] == []
    silent = made(entry(60), units=units)
    alone = verdict(with_code(silent, tmp_path, {"shop-other.service": CHOOSES}), RULE, "a")
    assert (alone.status, alone.confidence) == ("ok", "inferred")
    both = {"shop-other.service": CHOOSES, WRITER: CHOOSES}
    seen = verdict(with_code(silent, tmp_path, both), RULE, "a")
    assert seen.status == "unknown"
    assert "shop-other.service, shop-writer.service may write" in str(seen.details[0])


def test_only_a_claim_is_written_in_a_units_name() -> None:
    """That a command line names the stream does not make the entries carry its name."""
    gone = {**command("--output-stream a"), "ActiveState": "failed"}
    gone["InactiveEnterTimestamp"] = "Sun 2026-02-15 12:00:00 UTC"
    seen = verdict(made(entry(60), units={WRITER: gone}), RULE, "a")
    assert (seen.status, seen.confidence) == ("degraded", "configured")
    assert "still moves although shop-writer.service (configured) is down" in str(seen.message)


def test_two_sources_are_said_and_no_fault() -> None:
    seen = verdict(made(entry(1, source="one"), entry(2, source="two")), RULE, "a")
    assert seen.status == "ok"
    assert "several sources claim it: one, two" in str(seen.details[0])


def test_the_only_unit_that_adds_is_inferred() -> None:
    adds = client(WRITER, "xadd")
    collected = made(entry(1), clients=(adds, client("shop-reader.service", blocked=True)))
    assert known(collected) == [(WRITER, "inferred")]
    assert verdict(collected, RULE, "a").confidence == "inferred"
    assert known(without(collected, "sockets_open")) == []
    assert verdict(without(collected, "sockets_open"), RULE, "a").status == "unknown"


@pytest.mark.parametrize(
    "other",
    [
        client("shop-other.service", "xadd"),
        client("shop-other.service", "exec"),
        client("shop-other.service", "get"),
        client("shop-other.service", "xread", blocked=True),
        client(None, "ping", address="10.9.9.9:5000"),
        client(None, "xadd", address="10.9.9.9:5000"),
        client(None, "xadd", address="/run/redis/redis.sock:0"),
    ],
)
def test_candidates_stay_candidates(other: dict[str, Any]) -> None:
    """Nothing is inferred where another unit, or a client nobody knows, may have written."""
    collected = made(entry(1), clients=(client(WRITER, "xadd"), other))
    seen = verdict(collected, RULE, "a")
    assert (seen.status, known(collected)) == ("unknown", [])
    assert WRITER in str(seen.details[0])


def test_who_could_have_written_and_shows_another_command_is_said() -> None:
    """One snapshot of last commands names nobody; who came later or is elsewhere could not."""
    other = client("shop-other.service", "get")
    seen = verdict(made(entry(1), clients=(client(WRITER, "xadd"), other)), RULE, "a")
    assert "may have sent another command since: 1 (shop-other.service)" in str(seen.details[-1])
    for one in (
        client("shop-other.service", "get", age=30),
        client("shop-other.service", "get", db=3),
        client(WRITER, "get"),
    ):
        collected = made(entry(300), clients=(client(WRITER, "xadd"), one))
        assert known(collected) == [(WRITER, "inferred")]


def test_who_only_reads_or_came_later_is_no_candidate() -> None:
    for one in (
        client(WRITER, "xreadgroup", blocked=True),
        client(WRITER, "get"),
        client(WRITER, "xadd", age=30),
        client(WRITER, "xadd", db=3),
    ):
        collected = made(entry(300), clients=(one,))
        (row,) = report(collected).streams.rows
        assert (row.producers, row.candidates) == ((), ())
        assert WRITER not in " ".join(map(str, verdict(collected, RULE, "a").details))


def test_what_was_tried_is_said() -> None:
    details = " ".join(map(str, verdict(made(entry(300)), RULE, "a").details))
    assert "none of its newest 1 entries has a source in one of the fields source, producer" in (
        details
    )
    assert "no client's last command was XADD" in details
    assert "the code was not read: this run did not ask for it" in details
    empty = " ".join(map(str, verdict(made(), RULE, "a").details))
    assert "it has no entry that could name its source" in empty
    refused = with_profile(host(survey(stream("a", entry(1)), clients=None)), **PROFILE)
    assert "NOPERM" in " ".join(map(str, verdict(refused, RULE, "a").details))


def test_a_masked_source_is_no_name() -> None:
    masked = made(entry(1, source="<masked:13>"))
    assert known(masked) == []
    seen = verdict(masked, RULE, "a")
    assert seen.status == "unknown"
    assert "a source that was masked" in str(seen.details[0])


def command(line: str) -> dict[str, str]:
    shown = f"{{ path=/x ; argv[]=/x {line} ; ignore_errors=no }}"
    return {"ActiveState": "active", "ExecStart": shown}


def test_a_command_line_that_names_the_stream_is_configured() -> None:
    collected = made(entry(1), units={WRITER: command("--output-stream a")})
    assert known(collected) == [(WRITER, "configured")]
    assert known(made(entry(1), units={WRITER: command("--output-stream=a")})) == [
        (WRITER, "configured")
    ]
    for line in ("--outputs a", "--publish-to=a", "--to2 a", "--publisher_stream a"):
        assert known(made(entry(1), units={WRITER: command(line)})) == [(WRITER, "configured")]
    for line in ("--topic a", "--total a", "--token a", "--index a", "--outer a"):
        collected = made(entry(1), units={WRITER: command(line)})
        assert known(collected) == []
        assert "stands in the command line" in str(verdict(collected, RULE, "a").details[0])
    for line in ("--input a", "--output-stream ab", "--out b a.txt", "--inputs a", "--sources a"):
        assert known(made(entry(1), units={WRITER: command(line)})) == []
    named = verdict(made(entry(1), units={WRITER: command("a")}), RULE, "a")
    assert named.status == "unknown"
    assert "stands in the command line of shop-writer.service" in str(named.details[0])
    reads = (client(WRITER, "xreadgroup", blocked=True),)
    assert known(made(entry(1), clients=reads, units={WRITER: command("--out a")})) == []


def test_the_reference_hosts_producers() -> None:
    """Nine unknown producers get a name, two are dead, the rest are unknown with what was tried."""
    rows = {
        row.stream.removeprefix("quantum:stream:"): row for row in report(reference()).streams.rows
    }
    nobody = {name for name, row in rows.items() if not row.producers}
    assert nobody == {
        "policy.audit",
        "policy.update",
        "exitbrain.pnl",
        "ai.exit.decision",
        "account.balance",
        "signal.score",
        "reconcile.close",
        "apply.plan.manual",
        "market.tick",
        "policy.updated",
        "market.klines",
    }
    assert all(rows[name].unknown for name in nobody)
    dead = {
        name: row.producers[0].name
        for name, row in rows.items()
        if row.producers and row.producers[0].health == "down"
    }
    assert dead == {
        "bsc.events": "quantum-bsc.service",
        "risk.events": "quantum-risk-safety.service",
    }
    assert {one.confidence for row in rows.values() for one in row.producers} == {"claimed"}
    assert rows["trade.closed"].producers[0].name == "quantum-autonomous-trader.service"
    assert rows["execution.result"].producers[0].name == "quantum-execution.service"
    assert rows["account.balance"].candidates[1] == "quantum-balance-tracker.service"
    everybody = {unit for row in rows.values() for unit in row.candidates}
    assert not everybody & {"quantum-rl-monitor.service", "quantum-performance-tracker.service"}
    streams = [name for name in findings(reference(), RULE) if "quantum:stream:" in name]
    assert len(streams) == 29
