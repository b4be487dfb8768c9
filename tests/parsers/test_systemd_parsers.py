"""The parsers of systemd's evidence: real records of three versions, and forms they must refuse."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from reporter import registry
from reporter.evidence import Record
from reporter.facts import FactStore
from reporter.findings import Missing
from reporter.parsers.systemd_values import (
    NEVER,
    Command,
    moment,
)
from reporter.rules.exit_status import BY_SYSTEMD, STATUSES
from tests.builders import record
from tests.rules.systemd_cases import FIXTURES, SUITES, bundle, changed

FACTS = sorted(
    name
    for name, parser in registry.parsers().items()
    if parser.function.__module__.startswith("reporter.parsers.systemd_")
)


def parsed(name: str, fact: str) -> Any:
    """Return the fact of a fixture, or a `Missing`, as the engine would get it."""
    return _fact(fact, bundle(name).evidence)


def made(fact: str, stdout: str = "", **values: Any) -> Any:
    """Return the fact parsed from a record with this output."""
    return _fact(fact, [record(registry.parsers()[fact].probe, stdout, **values)])


def _fact(fact: str, records: list[Record]) -> Any:
    probes = frozenset(one.probe for one in records)
    return FactStore(registry.parsers(), list(records), probes).get(fact)


@pytest.mark.parametrize("name", [f"{suite}-planted" for suite in SUITES])
@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_is_read_on_every_version(name: str, fact: str) -> None:
    assert not isinstance(parsed(name, fact), Missing)


class TestUnits:
    @pytest.mark.parametrize("suite", SUITES)
    def test_a_unit_is_read_in_full(self, suite: str) -> None:
        units = parsed(f"{suite}-planted", "units")
        unit = units.get("plant-exec-missing.service")
        assert (
            unit.load_state,
            unit.active_state,
            unit.sub_state,
        ) == ("loaded", "activating", "auto-restart")
        assert (unit.result, unit.exit_code, unit.exit_status) == ("exit-code", 1, 203)
        assert (unit.restart, unit.restart_delay, unit.start_limit_interval) == ("always", 1.0, 0.0)
        assert [Command("/opt/plant/missing", "exited", 203)] == list(unit.commands)
        assert unit.wanted_by == ("multi-user.target",)
        assert unit.fragment_path == "/etc/systemd/system/plant-exec-missing.service"
        assert unit.kind == "service"

    @pytest.mark.parametrize("suite", SUITES)
    def test_never_and_not_shown_are_two_things(self, suite: str) -> None:
        units = parsed(f"{suite}-planted", "units")
        assert units.get("plant-enabled-never.service").started_at == NEVER
        assert units.get("plant-on-socket.socket").started_at is None
        assert units.get("plant-on-socket.socket").restarts is None
        upheld = units.get("plant-vendor.service").upheld_by
        assert upheld == (None if suite == "bullseye" else ())  # UpheldBy came with systemd 249

    @pytest.mark.parametrize("suite", SUITES)
    def test_an_alias_finds_its_unit(self, suite: str) -> None:
        units = parsed(f"{suite}-planted", "units")
        assert units.get("plant-alias.service").name == "plant-aliased.service"
        assert units.get("no-such.service") is None

    @pytest.mark.parametrize("suite", SUITES)
    def test_names_with_escapes_stay_as_they_are(self, suite: str) -> None:
        assert parsed(f"{suite}-planted", "units").get(r"plant-a\x2db.service") is not None

    def test_systemds_own_start_is_the_time_of_boot(self) -> None:
        units = parsed("bookworm-planted", "units")
        assert moment(units.get("init.scope").lines["ActiveEnterTimestamp"][0].split("=")[1]) == (
            units.booted_at
        )

    def test_a_citation_holds_the_raw_lines(self) -> None:
        unit = parsed("bookworm-planted", "units").get("plant-exec-mode.service")
        cited = unit.cite("Id", "SubState", "NoSuchProperty", "ExecMainStatus")
        assert cited.record == "systemd_units"
        assert cited.excerpt == "Id=plant-exec-mode.service\nSubState=failed\nExecMainStatus=203"

    def test_several_commands_are_several_lines(self) -> None:
        one = (
            "{ path=/a ; argv[]=/a ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; "
            "pid=0 ; code=(null) ; status=0/0 }"
        )
        units = made(
            "units", f"Id=x.service\nExecStart={one}\nExecStart={one.replace('/a', '/b')}\n"
        )
        assert [found.path for found in units.get("x.service").commands] == ["/a", "/b"]

    def test_a_cut_output_loses_its_first_block_and_is_incomplete(self) -> None:
        whole = made("units", "Id=a.service\nType=simple\n\nId=b.service\n")
        assert whole.complete
        assert [unit.name for unit in whole] == ["a.service", "b.service"]
        cut = made("units", "Id=a.service\nType=simple\n\nId=b.service\n", truncated=True)
        assert not cut.complete
        assert [unit.name for unit in cut] == ["b.service"]

    def test_garbage_and_nothing_are_no_units(self) -> None:
        assert _reason(made("units", "<html>")) == "no unit can be read in its output"
        assert _reason(made("units", "")) == "systemctl listed no unit at all"
        assert "ended with 1: boom" in _reason(made("units", "", exit_code=1, stderr="boom\n"))

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("not-systemd", "this machine was not started with systemd"),
            ("no-bus", "systemd could not be asked: Failed to connect to bus"),
        ],
    )
    def test_a_systemd_that_cannot_be_asked_is_no_fact(self, name: str, reason: str) -> None:
        assert _reason(parsed(name, "units")).startswith(reason)
        assert _reason(parsed(name, "system_state")).startswith(reason)

    def test_no_systemctl_is_the_reason(self) -> None:
        missing = made("units", outcome="absent", reason="no systemctl on PATH", exit_code=None)
        assert _reason(missing) == "absent: no systemctl on PATH"

    def test_no_targets_for_the_second_sample_is_an_empty_sample(self) -> None:
        again = made("units_again", "", exit_code=None)
        assert (list(again), again.complete) == ([], True)

    def test_values_from_a_hostile_host_do_not_break_the_parser(self) -> None:
        host = changed(
            bundle(),
            "plant-vendor.service",
            NRestarts="many",
            ExecMainStartTimestamp="\x1b[31m",
            ExecStart="{ path=",
            Names="",
        )
        unit = _fact("units", host.evidence).get("plant-vendor.service")
        assert (unit.restarts, unit.started_at, unit.commands) == (None, None, ())


class TestUnitFiles:
    @pytest.mark.parametrize("suite", SUITES)
    def test_states_of_real_files(self, suite: str) -> None:
        files = parsed(f"{suite}-planted", "unit_files")
        states = {
            "plant-disabled.service": "disabled",
            "plant-enabled-never.service": "enabled",
            "plant-masked.service": "masked",
            "plant-alias.service": "alias",
            "plant-chdir.service": "static",
        }
        assert states == {name: files.get(name).state for name in states}
        assert files.get("getty@.service").template
        assert files.get("getty@tty7.service").name == "getty@.service"
        assert files.get("no-such.service") is None

    def test_the_column_of_presets_may_be_missing(self) -> None:
        files = made(
            "unit_files", "a.service enabled enabled\nb.service static -\nc.service masked\n"
        )
        assert [one.preset for one in files] == ["enabled", None, None]
        assert files.get("a.service").cite().excerpt == "a.service enabled enabled"

    def test_nothing_is_no_fact(self) -> None:
        assert _reason(made("unit_files", "\n")) == "no unit file can be read in its output"


class TestJournal:
    @pytest.mark.parametrize("suite", SUITES)
    def test_real_entries_come_oldest_first(self, suite: str) -> None:
        journal = parsed(f"{suite}-planted", "restart_journal").get("plant-loop-slow.service")
        assert [one.count for one in journal.restarts] == [1, 2, 3]
        assert len({one.boot for one in journal.restarts}) == 1
        apart = journal.restarts[2].at - journal.restarts[1].at
        assert 31 < apart < 34

    def test_no_entry_is_an_answer_and_garbage_is_counted(self) -> None:
        empty = made("restart_journal", "", item="a.service").get("a.service")
        assert (empty.restarts, empty.unreadable) == ((), 0)
        deep = "[" * 100000
        broken = made("restart_journal", f'no\n{{"N_RESTARTS": "1"}}\n{deep}\n', item="a.service")
        assert broken.get("a.service").unreadable == 3

    def test_a_target_without_a_record_is_missing_by_name(self) -> None:
        missing = parsed("bookworm-planted", "restart_journal").get("other.service")
        assert missing.probe == "systemd_restart_journal[other.service]"


class TestExecutables:
    def test_what_stands_at_each_path(self) -> None:
        found = parsed("bookworm-planted", "executables")
        plain = found.get("/opt/plant/not-executable")
        assert (
            plain.file.type,
            plain.file.mode,
            plain.file.shown,
        ) == ("file", 0o644, "0644 root:root")
        script = found.get("/opt/plant/lost-interpreter")
        assert (
            script.interpreter,
            script.interpreter_file,
        ) == ("/opt/plant/no-such-interpreter", None)
        assert found.get("/opt/plant/daemon").interpreter == "/bin/sh"
        assert found.get("/opt/plant/daemon").interpreter_file.mode == 0o755
        assert [one.path for one in plain.parents] == ["/", "/opt", "/opt/plant"]

    def test_absence_is_an_answer(self) -> None:
        gone = parsed("bookworm-planted", "executables").get("/opt/plant/missing")
        assert (gone.file, gone.denied) == (None, None)
        assert gone.cite().excerpt == "/opt/plant/missing: missing"

    def test_a_denied_path_keeps_its_parents(self) -> None:
        denied = parsed("non-root", "executables").get("/root/plant/tool")
        assert denied.denied == "/root/plant/tool: Permission denied"
        assert next(one.mode for one in denied.parents if one.path == "/root") == 0o700

    def test_a_symlink_is_followed_and_may_lead_nowhere(self) -> None:
        row: dict[str, Any] = {
            "path": "/a",
            "type": "symlink",
            "mode": "0777",
            "target": "/b",
            "resolved": None,
        }
        lost = made("executables", json.dumps(row), item="/a", exit_code=None).get("/a")
        assert (lost.file, lost.link) == (None, "/b")
        assert lost.cite().excerpt == "/a -> /b: missing"
        row["resolved"] = {"path": "/b", "type": "file", "mode": "0644", "owner": "root"}
        found = made("executables", json.dumps(row), item="/a", exit_code=None).get("/a")
        assert (found.file.path, found.file.mode) == ("/b", 0o644)

    def test_output_that_names_no_file_is_no_fact(self) -> None:
        missing = made("executables", "", item="/a", exit_code=None).get("/a")
        assert str(missing.reason) == "its output names no file"


class TestSystem:
    @pytest.mark.parametrize(
        ("suite", "number"), [("bullseye", 247), ("bookworm", 252), ("trixie", 257)]
    )
    def test_state_and_version(self, suite: str, number: int) -> None:
        assert parsed(f"{suite}-planted", "system_state").state == "degraded"
        assert parsed(f"{suite}-untouched", "system_state").state == "running"
        version = parsed(f"{suite}-planted", "systemd_version")
        assert number == version.number
        assert version.package.startswith(str(number))

    def test_a_version_without_a_package(self) -> None:
        assert (
            made("systemd_version", "systemd 219\n+PAM\n").number,
            made("systemd_version", "systemd 219\n+PAM\n").package,
        ) == (219, None)
        assert "no version can be read" in _reason(made("systemd_version", "sysvinit"))


@pytest.mark.parametrize("suite", SUITES)
def test_every_exit_status_systemd_names_has_a_meaning(suite: str) -> None:
    """Against `systemd-analyze exit-status` of each version: none forgotten, none misfiled."""
    lines = (FIXTURES / f"{suite}-exit-status.txt").read_text().splitlines()[1:]
    table = {int(words[1]): (words[0], words[2]) for line in lines if (words := line.split())}
    del table[0]
    assert {number: name for number, name in table.items() if number not in STATUSES} == {}
    mine = {number for number, (_, kind) in table.items() if kind == "systemd" and number < 255}
    assert mine <= set(BY_SYSTEMD)
    sysexits = {number: name for number, (name, kind) in table.items() if kind == "BSD"}
    assert {
        number: name
        for number, name in sysexits.items()
        if not re.search(rf"sysexits {name}\)$", str(STATUSES[number]))
    } == {}


def _reason(value: Any) -> str:
    assert isinstance(value, Missing)
    return str(value.reason)


def test_fixtures_are_bundles_the_format_accepts() -> None:
    for path in FIXTURES.glob("*.json"):
        assert bundle(path.stem).evidence
        assert "hostname" not in msgspec.json.decode(path.read_bytes())["collector"]
