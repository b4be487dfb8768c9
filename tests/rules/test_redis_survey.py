"""redis_survey: what looking changed, and what was refused."""

from __future__ import annotations

import pytest

from tests.rules.redis_cases import LAB, Row, bundle, edited, findings, verdict, with_info

RULE = "redis_survey"


@pytest.mark.parametrize("name", LAB)
def test_the_traces_are_told(name: str) -> None:
    seen = findings(bundle(name), RULE)
    assert set(seen) == {f"{RULE}:127.0.0.1:6379"}
    shown = seen[f"{RULE}:127.0.0.1:6379"].verdict
    assert shown.status == "ok"
    assert "keyspace hits 14, misses 0, expired keys 0, commands 1" in str(shown.message)
    assert "db0: scanned in 1 calls" in str(shown.details[0])
    assert "keyspace_hits:" in shown.citations[0].excerpt


def test_refused_commands_are_unknown_and_named() -> None:
    shown = verdict(bundle("access"), RULE, "127.0.0.1:6394/refused")
    assert shown.status == "unknown"
    assert "CLIENT LIST, XINFO CONSUMERS, XPENDING" in str(shown.message)
    assert "which consumers groups have" in str(shown.message)
    lacks = "lacks for it: +client|list +xinfo|consumers +xpending"
    assert str(shown.details[0]).endswith(lacks)
    assert str(shown.details[1]).startswith("entries in its ACL LOG")
    assert "NOPERM" in shown.citations[0].excerpt
    assert any("'client|list'" in str(gap.reason) for gap in shown.missing)


@pytest.mark.parametrize(
    ("error", "right"),
    [
        (
            "NOPERM this user has no permissions to run the 'xinfo' command or its subcommand",
            "+xinfo",
        ),
        ("NOPERM this user has no permissions to access one of the keys used as arguments", "%R~*"),
        (
            "NOPERM User truthmap has no permissions to run the 'xinfo|stream' command",
            "+xinfo|stream",
        ),
        ("NOPERM No permissions to access a key", "%R~*"),
        ("ERR unknown command 'XINFO'", None),
    ],
)
def test_the_missing_right_is_named(error: str, right: str | None) -> None:
    """As Redis 6.0, 7.0 and 8.0 word it."""

    def refused(row: Row) -> Row:
        if row["ask"][:2] == ["XINFO", "STREAM"] and row["sample"] == "begin":
            row.pop("reply")
            row["error"] = error
        return row

    shown = verdict(edited(bundle(), 6379, refused), RULE, "127.0.0.1:6379/refused")
    said = [str(detail) for detail in shown.details if "lacks for it" in str(detail)]
    assert said == ([f"rights that the user default lacks for it: {right}"] if right else [])


def test_commands_of_no_consequence_are_a_detail() -> None:
    """A least-privilege user may not ask for the slow log; a Sentinel has none."""
    for port in (6394, 26379):
        assert "refused as well: SLOWLOG LEN" in map(
            str, verdict(bundle("access"), RULE, port).details
        )
    assert f"{RULE}:127.0.0.1:26379/refused" not in findings(bundle("access"), RULE)


def test_a_stream_that_vanished_meanwhile_is_no_refusal() -> None:
    def vanished(row: Row) -> Row:
        if row["ask"][:2] == ["XINFO", "STREAM"] and row["sample"] == "end":
            row.pop("reply")
            row["error"] = "ERR no such key"
        return row

    assert set(findings(edited(bundle(), 6379, vanished), RULE)) == {f"{RULE}:127.0.0.1:6379"}


def test_counters_that_were_reset_meanwhile_are_not_known() -> None:
    reset = with_info(bundle(), 6379, "end", keyspace_hits=0)
    assert "keyspace hits ?" in str(verdict(reset, RULE).message)


def test_without_a_second_look_it_is_unknown() -> None:
    def first(row: Row) -> Row | None:
        return None if row["ask"] == ["INFO"] and row["sample"] == "end" else row

    assert verdict(edited(bundle(), 6379, first), RULE).status == "unknown"
    assert verdict(bundle("data"), RULE, 6396).status == "unknown"
    assert verdict(bundle("access"), RULE, 6392).status == "unknown"
