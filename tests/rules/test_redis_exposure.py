"""redis_exposure: who can reach a server, and whether it asks for a password."""

from __future__ import annotations

import pytest

from tests.builders import without
from tests.rules.redis_cases import (
    LISTENERS,
    Row,
    bundle,
    edited,
    findings,
    record_of,
    replaced,
    verdict,
    with_clients,
)

RULE = "redis_exposure"
PROXY = 'tcp LISTEN 0 5 {}:6379 0.0.0.0:* users:(("docker-proxy",pid=9,fd=4)) ino:7 sk:1 <->\n'


@pytest.mark.parametrize("subject", [6379, 6389, 6394, "/run/redis-states/0/redis.sock"])
def test_what_is_not_open_is_ok(subject: str | int) -> None:
    shown = verdict(bundle("healthy" if subject == 6379 else "access"), RULE, subject)
    assert shown.status == "ok"
    assert "not open to the world" in str(shown.message)
    assert shown.citations[0].record == LISTENERS


def test_open_without_a_password_is_p1_and_what_only_config_tells_is_said() -> None:
    shown = verdict(bundle("access"), RULE, 6390)
    assert (shown.status, shown.severity) == ("degraded", "P1")
    assert "open to the world at 0.0.0.0:6390, and asks for no password" in str(shown.message)
    assert "only CONFIG tells" in str(shown.message)


def test_a_client_from_the_open_internet_makes_it_p0() -> None:
    shown = verdict(bundle("access"), RULE, 6391)
    assert (shown.status, shown.severity) == ("degraded", "P0")
    assert "addr=8.8.4.4:" in shown.citations[1].excerpt


def test_a_client_from_a_neighbour_shows_that_others_are_let_in() -> None:
    line = "id=77 addr=10.0.0.7:4000 laddr=10.0.0.5:6390 name= age=5 idle=5 flags=N db=0 cmd=get"
    shown = verdict(with_clients(bundle("access"), line, port=6390), RULE, 6390)
    assert shown.severity == "P1"
    assert "clients from other hosts are connected: 1" in str(shown.message)
    own = line.replace("10.0.0.7", "10.0.0.5")
    assert "CONFIG" in str(verdict(with_clients(bundle("access"), own, port=6390), RULE, 6390))


@pytest.mark.parametrize("port", [6392, 6393])
def test_open_with_a_password_is_ok_and_said(port: int) -> None:
    """One refused the survey, the other was given the password it had asked for."""
    collected = bundle("access")
    if port == 6393:
        collected = edited(collected, port, lambda row: {**row, "asked": True})
    shown = verdict(collected, RULE, port)
    assert shown.status == "ok"
    assert "and asks for a password" in str(shown.message)


@pytest.mark.parametrize("asked", [None, False])
def test_a_password_nobody_asked_for_does_not_show_that_it_is_asked_for(asked: bool | None) -> None:
    """A user that needs none takes any: an older survey gave it unasked."""
    shown = verdict(edited(bundle("access"), 6393, lambda row: {**row, "asked": asked}), RULE, 6393)
    assert shown.status == "unknown"


def test_whether_it_asks_is_unknown_where_the_survey_does_not_say() -> None:
    def silent(row: Row) -> Row:
        row.pop("authenticated", None)
        return row

    shown = verdict(edited(bundle("access"), 6391, silent), RULE, 6391)
    assert shown.status == "unknown"
    gone = verdict(without(bundle("access"), record_of(6391)), RULE, 6391)
    assert gone.status == "unknown"
    assert gone.missing[0].probe == record_of(6391)


def test_a_forwarders_listener_counts_for_the_server_named_there() -> None:
    host = bundle()
    survey = next(one for one in host.evidence if one.probe == "redis_servers")
    named = {"id": "redis_named[127.0.0.1:6379]", "probe": "redis_named"}
    host = replaced(without(host, "redis_named"), survey.id, **named)
    opened = verdict(replaced(host, LISTENERS, stdout=PROXY.format("0.0.0.0")), RULE)  # noqa: S104
    assert (opened.status, opened.severity) == ("degraded", "P1")
    closed = verdict(replaced(host, LISTENERS, stdout=PROXY.format("127.0.0.1")), RULE)
    assert closed.status == "ok"
    hidden = verdict(replaced(host, LISTENERS, stdout=""), RULE)
    assert hidden.status == "unknown"


@pytest.mark.parametrize(
    ("authenticated", "expected"),
    [(True, ("ok", None)), (False, ("degraded", "P2")), (None, ("unknown", None))],
)
def test_a_server_asked_from_the_control_node(
    authenticated: bool | None, expected: tuple[str, str | None]
) -> None:
    def told(row: Row) -> Row:
        row.pop("authenticated", None)
        if row["ask"] == ["INFO"] and authenticated is not None:
            row["authenticated"] = row["asked"] = authenticated
        return row

    host = edited(bundle(), 6379, told)
    away = {"id": "redis_remote[bus]", "probe": "redis_remote", "item": "bus"}
    host = replaced(without(host, "redis_remote"), record_of(6379), **away)
    shown = verdict(host, RULE, "bus")
    assert (shown.status, shown.severity) == expected


def test_without_listeners_it_is_unknown() -> None:
    seen = findings(without(bundle("access"), LISTENERS), RULE)
    assert seen[f"{RULE}:127.0.0.1:6391"].verdict.status == "unknown"
    assert seen[f"{RULE}:127.0.0.1:6391"].gate == "P0"
