"""Kind `journal_counts`: the declared expressions, their bounds, and what may leave the host."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from truthmap_collector import journal_tally
from truthmap_collector.declaration import validate
from truthmap_collector.kinds.journal_counts import _reduced, by_hand

from .conftest import Look


def probe(**pattern: Any) -> dict[str, Any]:
    declared = {"name": "p", "units": ["a.service"], "regex": "(?P<model>x+)", **pattern}
    args = {"patterns": [declared]}
    return {"id": "it", "description": "A test.", "kind": "journal_counts", "args": args}


@pytest.mark.parametrize(
    ("regex", "said"),
    [
        ("(", "is no regular expression"),
        (".*", "is found in every line"),
        ("(a)b", "a group has no name"),
        ("(?P<Model>a)", "is no name of a group"),
        ("(?P<a>(?:x+)+)y", "repeats what itself repeats"),
        ("(?:(?P<a>x*)|z)*y", "repeats what itself repeats"),
        ("a" * 501, "longer than 500"),
    ],
)
def test_a_bad_expression_is_refused_before_any_host_sees_it(regex: str, said: str) -> None:
    (error,) = [error for error in validate([probe(regex=regex)]) if said in error]
    assert error.startswith("probe it: args: pattern p: ")


@pytest.mark.parametrize("regex", [r"\[(?P<m>\w+)\] (?P<s>\w+): .*no model", "(?i)(?P<m>a)|b"])
def test_an_ordinary_expression_is_taken(regex: str) -> None:
    assert validate([probe(regex=regex)]) == []


def test_options_are_no_units() -> None:
    assert "is no unit's name" in validate([probe(units=["-D"])])[0]
    assert validate([probe(units=["a b"])])


def test_no_pattern_is_an_answer(look: Look) -> None:
    record = look({"id": "it", "kind": "journal_counts", "args": {"patterns": []}})["it"]
    assert (record["outcome"], record["reason"]) == ("absent", "no pattern is declared")


def test_by_hand() -> None:
    command = by_hand(probe(since_s=60)["args"])
    assert command == "journalctl --no-pager -u a.service --since=-60s"


@pytest.fixture
def alarmed() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, journal_tally._interrupt)
    yield
    signal.signal(signal.SIGALRM, before)


def entries(*messages: str) -> list[journal_tally.Entry]:
    return [(at, "a.service", text, 6, False) for at, text in enumerate(messages, 1)]


def counted(regex: str, *messages: str) -> list[dict[str, Any]]:
    pattern = journal_tally._Pattern({"name": "p", "units": ["a.service"], "regex": regex})
    for entry in entries(*messages):
        pattern.take(entry)
    return list(pattern.rows())


@pytest.mark.usefixtures("alarmed")
def test_entries_are_counted_by_the_groups_values() -> None:
    rows = counted(r"(?P<m>\w+) loaded", "a loaded", "b loaded", "a loaded", "c lost")
    assert [(row["groups"], row["count"], row["first"], row["last"]) for row in rows[:-1]] == [
        ({"m": "a"}, 2, 1, 3),
        ({"m": "b"}, 1, 2, 2),
    ]


@pytest.mark.usefixtures("alarmed")
def test_an_expression_that_takes_for_ever_is_given_up() -> None:
    """What the declaration cannot show (x*x*x*...), the clock does."""
    begin = time.monotonic()
    rows = counted("x*" * 12 + "y", *["x" * 300] * 50)
    assert time.monotonic() - begin < 2
    assert rows == [
        {
            "row": "pattern",
            "pattern": "p",
            "units": ["a.service"],
            "slow": 3,
            "given_up": True,
            "more": 0,
        }
    ]


@pytest.mark.usefixtures("alarmed")
def test_values_without_number_are_bounded() -> None:
    rows = counted(r"n=(?P<n>\d+)", *[f"n={number}" for number in range(700)])
    assert len(rows) == 501
    assert rows[-1]["more"] == 200


@pytest.mark.usefixtures("alarmed")
def test_only_what_looks_like_a_name_leaves_the_host() -> None:
    planted = "q7Rk2ZpV9xLm4TnB8sWd"
    messages = [f"m={planted} ok", "m=BTCUSDT ok", "m=NHiTS ok", "m=no name ok", f"m={planted}x ok"]
    raw = "\n".join(json.dumps(row) for row in counted("m=(?P<m>.{1,40}) ok", *messages))
    shown = [row["groups"]["m"] for row in _reduced(raw.encode()) if row["row"] == "match"]
    assert shown == ["<masked:20>", "BTCUSDT", "NHiTS", "<masked:7>", "<masked:21>"]


def test_what_a_name_announces_as_secret_is_masked() -> None:
    """`hunter` is a plain word, but not after `password=`."""
    row = {
        "row": "match",
        "pattern": "p",
        "unit": "a.service",
        "groups": {"m": "harvest"},
        "count": 1,
        "first": 1,
        "last": 1,
        "sample": "password=harvest",
    }
    (shown,) = _reduced(json.dumps(row).encode())
    assert shown["groups"]["m"] == "<masked:7>"


def test_an_entry_that_cannot_be_read_is_passed_over() -> None:
    assert journal_tally._entry(b"{") is None
    assert journal_tally._entry(b"[1]") is None
    line = {"__REALTIME_TIMESTAMP": "5", "MESSAGE": [104, 255, 105], "_SYSTEMD_UNIT": "a.service"}
    found = journal_tally._entry(json.dumps(line).encode())
    assert found is not None
    assert found[:3] == (5, "a.service", "h\ufffdi")


def test_a_process_cannot_speak_for_another_unit() -> None:
    """`UNIT` is what a process says, `_SYSTEMD_UNIT` what journald knows."""
    line = {"__REALTIME_TIMESTAMP": "5", "MESSAGE": "x", "UNIT": "b.service", "_PID": "7"}
    found = journal_tally._entry(json.dumps({**line, "_SYSTEMD_UNIT": "a.service"}).encode())
    assert found is not None
    assert found[1] == "a.service"
