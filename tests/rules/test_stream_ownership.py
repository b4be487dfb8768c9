"""stream_ownership by the code of services, and streams that are the copy of another server's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reporter.evidence import Bundle, Record
from reporter.report import host_report
from tests.ablation import violations
from tests.builders import without
from tests.rules.stream_cases import (
    RULES,
    consumer,
    copying,
    entry,
    findings,
    group,
    host,
    stream,
    survey,
    verdict,
    with_code,
)
from tests.rules.systemd_cases import replaced

RULE = "stream_ownership"
READER = "shop-screen.service"
FOLLOWS = 'import os\nr.xread({os.getenv("SHOW", "flows"): "$"})\n'
SETTINGS = "/etc/shop/screen.env"


def followed(
    folder: Path, code: str = FOLLOWS, state: str | Mapping[str, str] = "active", show: str = ""
) -> Bundle:
    """Return a host with the stream `flows`, which no group reads, and one unit with some code.

    `show` is what its environment file sets SHOW to, or `denied`.
    """
    unit = {"ActiveState": state} if isinstance(state, str) else dict(state)
    row: dict[str, Any] = {"of": SETTINGS, "line": 1, "key": "SHOW", "value": show}
    file = {"file": SETTINGS, "mode": "0640", "uid": 0, "gid": 0, "owner": "root", "group": "root"}
    more: dict[str, Any] = {"size": 9, "mtime": None, "type": "file", "target": None}
    whole = {**file, **more, "closed_by": None, "odd": [], "assignments": 1}
    rows: list[dict[str, Any]] = [row, whole] if show else []
    if show == "denied":
        rows = [{"file": SETTINGS, "outcome": "denied", "error": "Permission denied"}]
    if show:
        unit["EnvironmentFiles"] = f"{SETTINGS} (ignore_errors=no)"
    made = host(survey(stream("flows", entry(1))), units={READER: unit})
    return with_code(made, folder, {READER: code}, rows)


def ablated(collected: Bundle) -> list[str]:
    whole = host_report(collected)
    return [broken for one in collected.evidence for broken in violations(collected, one.id, whole)]


def test_a_service_whose_code_reads_it_is_a_reader(tmp_path: Path) -> None:
    """Without a group, by its name: it says which, and where in the code."""
    seen = verdict(followed(tmp_path), RULE, "flows")
    assert (seen.status, seen.severity, seen.confidence) == ("ok", None, "configured")
    assert seen.connected_to == (READER,)
    assert any(
        f"{tmp_path}/{READER}/main.py:2: reads flows" in one.excerpt for one in seen.citations
    )


def test_a_name_that_an_environment_file_gives_counts(tmp_path: Path) -> None:
    assert verdict(followed(tmp_path, show="flows"), RULE, "flows").status == "ok"
    assert verdict(followed(tmp_path, show="other"), RULE, "flows").status == "degraded"


@pytest.mark.parametrize(
    "code",
    [
        'r.xread({"other": "$"})\n',
        'r.xadd("flows", {})\n',
        'r.xreadgroup("g", "c", {"flows": ">"})\n',
        "r.xread({name: '$'})\n",
    ],
)
def test_code_that_does_something_else_is_no_reader(tmp_path: Path, code: str) -> None:
    """Another stream, a producer, a reader of a group that is not there, a name nobody knows."""
    seen = verdict(followed(tmp_path, code), RULE, "flows")
    assert (seen.status, seen.severity) == ("degraded", "P3")


def test_a_reader_that_does_not_run_is_said(tmp_path: Path) -> None:
    seen = verdict(followed(tmp_path, state="failed"), RULE, "flows")
    assert (seen.status, seen.severity) == ("degraded", "P3")
    said = f"{READER} would read it by its code, and does not run"
    assert said in [str(one) for one in seen.details]


@pytest.mark.parametrize("gone", ["repository_source", "systemd_units", "config_env_files"])
def test_without_the_code_it_is_not_known(tmp_path: Path, gone: str) -> None:
    """Neither that somebody reads it nor that nobody does; the missing evidence is named."""
    for code in (FOLLOWS, 'r.xread({"other": "$"})\n'):
        seen = verdict(without(followed(tmp_path, code, show="flows"), gone), RULE, "flows")
        assert (seen.status, seen.severity) == ("unknown", None)
        assert [one.probe for one in seen.missing] == [gone]


def test_a_name_from_a_file_that_was_not_read_may_be_any(tmp_path: Path) -> None:
    """No default is taken for it, and nobody is said not to read; a plain name is sure."""
    seen = verdict(followed(tmp_path, show="denied"), RULE, "flows")
    assert (seen.status, seen.severity) == ("unknown", None)
    assert f"{SETTINGS}: Permission denied" in str(seen.missing[0].reason)
    plain = followed(tmp_path, 'r.xread({"other": "$"})\n', show="denied")
    assert verdict(plain, RULE, "flows").status == "degraded"
    plain = followed(tmp_path, 'r.xread({"flows": "$"})\n', show="denied")
    assert verdict(plain, RULE, "flows").status == "ok"


def test_code_that_was_not_read_through_may_name_a_reader(tmp_path: Path) -> None:
    late = {"outcome": "timeout", "reason": "stopped after 40 s"}
    cut = replaced(followed(tmp_path, ""), "repository_source", **late)
    assert verdict(cut, RULE, "flows").status == "unknown"


@pytest.mark.parametrize("state", ["active", "failed"])
@pytest.mark.parametrize("code", [FOLLOWS, 'r.xread({"other": "$"})\n'])
def test_no_record_s_absence_betters_it(tmp_path: Path, code: str, state: str) -> None:
    assert ablated(followed(tmp_path, code, state)) == []
    assert ablated(followed(tmp_path, code, state, show="flows")) == []


def replica(primary: str, port: int) -> Record:
    """Return a replica's survey, with streams of every kind of fault."""
    return copying(
        primary,
        port,
        stream("old", entry(9 * 86400, source="nobody")),
        stream("never", groups=[group("g", delivered="0-0")]),
        stream("late", entry(900), groups=[group("x", consumer("b", 900, 2), lag=2)]),
    )


@pytest.mark.parametrize("primary", ["127.0.0.1", "localhost", "::1"])
def test_a_replica_of_this_host_is_not_judged_again(primary: str) -> None:
    """Each stream has one verdict: at the primary. Nothing is lost but the copies."""
    collected = host(survey(stream("flows", entry(1))), replica(primary, 6379))
    assert set(findings(collected)) == {
        f"{rule}:flows" for rule in RULES[1:] if "groups" not in rule
    }
    assert ablated(collected) == []


def test_who_writes_a_stream_does_not_write_its_copy(tmp_path: Path) -> None:
    """The entries of a replica name the writers at its primary."""
    flows = stream("flows", entry(1, source="screen"))
    collected = host(survey(flows), copying("127.0.0.1", 6379, flows), units={READER: "active"})
    graph = host_report(collected).dataflow
    written = [edge.target.id for edge in graph.edges if edge.relation == "writes"]
    assert written == ["flows"]
    assert "127.0.0.1:6380/flows" in {node.id for node in graph.of("stream")}


@pytest.mark.parametrize(("primary", "port"), [("10.0.0.9", 6379), ("127.0.0.1", 7000)])
def test_a_replica_of_a_server_elsewhere_is_judged(primary: str, port: int) -> None:
    """Its primary is not looked at here: on another host, or nothing listens there."""
    collected = host(survey(stream("flows", entry(1))), replica(primary, port))
    seen = findings(collected)
    assert seen["stream_activity:127.0.0.1:6380/old"].verdict.status == "degraded"
    assert "stream_ownership:127.0.0.1:6380/never" in seen
    assert ablated(collected) == []
