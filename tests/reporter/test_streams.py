"""The truth table in the reports: whole in JSON, readable and safe in text, explained by rows."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml

from reporter.archive import load
from reporter.evidence import Bundle
from reporter.explain import explain
from reporter.outputs import render
from reporter.profile import load_profiles
from reporter.report import build
from tests.builders import run_folder
from tests.rules.stream_cases import (
    client,
    consumer,
    entry,
    group,
    host,
    reference,
    stream,
    survey,
    with_profile,
)

EXAMPLE = Path(__file__).parents[2] / "inventory" / "example" / "group_vars" / "quantum.yml"
HOSTILE = "evil\x1b]0;owned\x07\x1b[31m\u202egnp\nname | YES"


def shown(tmp_path: Path, collected: Bundle, name: str) -> str:
    return render(build(load([run_folder(tmp_path / "run", [collected])])), name)


def rows(tmp_path: Path, collected: Bundle) -> list[dict[str, Any]]:
    (found,) = json.loads(shown(tmp_path, collected, "json"))["hosts"]
    streams: list[dict[str, Any]] = found["streams"]
    return streams


def table(page: str) -> list[str]:
    return (
        page.partition("REDIS STREAMS - TRUTH TABLE\n")[2].partition("\nEVIDENCE\n")[0].splitlines()
    )


def profile() -> dict[str, Any]:
    declared: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())["truthmap_app_quantum"]
    return declared


def test_a_row_in_json(tmp_path: Path) -> None:
    """Every key of the design is there, counts are numbers, times ISO 8601 in UTC."""
    one = stream(
        "a",
        entry(60, source="writer", ts="1771171860"),
        groups=[group("g", consumer("c", 1, pending=2), delivered=60, pending=2, lag=None)],
        added=7,
    )
    (row,) = rows(tmp_path, host(survey(one), units={"writer.service": "active"}))
    assert row["server"] == "127.0.0.1:6379"
    assert (row["db"], row["stream"], row["length"], row["active"]) == (0, "a", 1, "yes")
    assert row["last_event"]["id_time"] == "2026-02-15T16:11:00.000Z"
    assert row["last_event"]["payload_time"] == "2026-02-15T16:11:00.000Z"
    assert row["last_event"]["shown"] == "1771171860 (epoch)"
    assert row["producers"] == [
        {
            "name": "writer.service",
            "confidence": "claimed",
            "source": "writer",
            "unit": "writer.service",
            "state": "runs",
        }
    ]
    (shown_group,) = row["groups"]
    assert {key: shown_group[key] for key in ("name", "consumers", "pending", "lag", "state")} == {
        "name": "g",
        "consumers": 1,
        "pending": 2,
        "lag": 0,
        "state": "alive",
    }


def test_unknown_is_null_and_none_is_empty(tmp_path: Path) -> None:
    refused = {"GROUPS": "NOPERM no", "STREAM": "NOPERM no"}
    made = survey(
        stream("known", entry(1)),
        stream("refused", entry(1), groups=[group("g")], refused=refused),
    )
    known, unknown = rows(tmp_path, host(made))
    assert (known["groups"], known["producers"]) == ([], [])
    assert (unknown["groups"], unknown["length"], unknown["active"]) == (None, None, "unknown")
    assert any("NOPERM" in why for why in unknown["unknown"])


def test_the_reference_table_in_text(tmp_path: Path) -> None:
    """All rows stand aligned within 120 columns, with how each producer is known."""
    page = shown(tmp_path, with_profile(reference(), **profile()), "text")
    lines = table(page)
    assert max(map(len, lines)) <= 120
    head = next(line for line in lines if line.startswith("STREAM "))
    assert [cell.strip() for cell in head.split("|")] == [
        "STREAM",
        "PRODUCER",
        "CONSUMER",
        "ACTIVE?",
        "LENGTH",
        "LAST EVENT",
    ]
    cells = {
        line.split("|")[0].strip(): [cell.strip() for cell in line.split("|")]
        for line in lines
        if line.count("|") == 5
    }
    assert cells["marketstate"][1:4] == ["quantum-marketstate", "none", "YES"]
    assert cells["market.tick"][1:] == ["UNKNOWN", "feature_publisher", "NO", "0", "0-0"]
    assert cells["risk.events"][3] == "STALE"
    assert "2026-11-25T07:43:20.093031" in cells["trade.intent"][5]
    assert any("governor (DEAD)" in line for line in lines)
    assert "(claimed, DOWN)" in page
    assert page.index("PART E") < page.index("TRUTH TABLE") < page.index("CLOSING WORDS")


def test_a_units_block_names_the_streams_it_writes(tmp_path: Path) -> None:
    page = shown(tmp_path, with_profile(reference(), **profile()), "text")
    start = page.index("Component: Active services")
    block = " ".join(page[start : page.index("Component:", start + 10)].split())
    assert "quantum:stream:trade.intent (claimed)" in block
    assert "quantum:stream:account.balance" not in block
    network = page[page.index("Component: Connections between services") :]
    assert "(claimed)" not in network[: network.index("Component:", 10)]


def test_good_news_are_counted_and_bad_news_told(tmp_path: Path) -> None:
    page = shown(tmp_path, reference(), "text")
    start = page.index("Component: Stream producers")
    block = page[start : page.index("\n\n", start)]
    assert "Good: 16 (in the truth table)" in block
    assert "quantum:stream:marketstate" not in block


def test_the_examples_profile_finds_the_dead_inputs(tmp_path: Path) -> None:
    """The two inputs that are empty are P1, as in the reference; no other stream is."""
    page = shown(tmp_path, with_profile(reference(), **profile()), "text")
    risks = " ".join(page[page.index("PART E") : page.index("REDIS STREAMS")].split())
    worst = [risk for risk in risks.split(" - ") if risk.startswith("P1") and ":stream:" in risk]
    assert len(worst) == 1
    assert "each of quantum:stream:market.klines, quantum:stream:market.tick is empty" in worst[0]
    assert load_profiles({"q": profile()}, "test").stream_limit("quantum:stream:exchange.raw") == (
        43200
    )


def test_hostile_names_stay_in_their_cells(tmp_path: Path) -> None:
    """Whatever streams, groups, sources and clients are called, a line is a line."""
    made = host(
        survey(
            stream(HOSTILE, entry(1, source=HOSTILE), groups=[group(HOSTILE, consumer("c", 1))]),
            stream(HOSTILE * 20, entry(1), groups=[group(HOSTILE * 20, delivered="0-0")]),
            clients=[client(None, "xadd", address="/run/\x1b[31m.sock:0")],
        ),
    )
    page = shown(tmp_path, made, "text")
    hidden = {
        char
        for char in page
        if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    }
    assert hidden == set()
    lines = table(page)
    assert max(map(len, lines)) <= 120
    json.loads(shown(tmp_path / "again", made, "json"))


def test_servers_without_a_table_say_why(tmp_path: Path) -> None:
    denied = survey(
        outcome="denied", reason="NOAUTH: set probe_redis_password", endpoint="127.0.0.1:6380"
    )
    made = host(survey(), denied, survey(complete=False, endpoint="10.0.0.5:7000"))
    lines = "\n".join(table(shown(tmp_path, made, "text")))
    assert "Redis 127.0.0.1:6379" in lines
    assert "it holds no stream" in lines
    assert "no table: NOAUTH: set probe_redis_password" in lines
    assert "was not scanned to its end, so streams may be missing here: out of time" in lines


def test_databases_and_servers_stand_apart(tmp_path: Path) -> None:
    made = host(
        survey(stream("a", entry(1)), stream("a", entry(1), db=3)),
        survey(stream("b", entry(1)), endpoint="10.0.0.5:7000"),
    )
    lines = "\n".join(table(shown(tmp_path, made, "text")))
    assert "a (db3)" in lines
    assert lines.index("Redis 10.0.0.5:7000") < lines.index("Redis 127.0.0.1:6379")


def test_many_rows_end_with_where_the_rest_is(tmp_path: Path) -> None:
    made = host(survey(*(stream(f"s{number:04}", entry(1)) for number in range(230))))
    assert "and 30 more: --format json holds every row" in shown(tmp_path, made, "text")
    assert len(rows(tmp_path / "again", made)) == 230


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("stream_activity:quantum:stream:trade.intent", '"XREVRANGE"'),
        ("stream_groups:quantum:stream:apply.plan/governor", '"XPENDING"'),
        ("stream_producers:quantum:stream:account.balance", "cmd=xadd"),
        ("stream_ownership:quantum:stream:market.tick", '"groups"'),
    ],
)
def test_explain_shows_the_raw_replies(tmp_path: Path, name: str, raw: str) -> None:
    page = explain(build(load([run_folder(tmp_path / "run", [reference()])])), name)
    assert f"> {'{'}" in page or "> " in page
    assert raw in page
    assert "redis-cli" in page
