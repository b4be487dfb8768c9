"""Tables: CSV that no spreadsheet calculates, Parquet with the documented dtypes."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reporter.archive import load
from reporter.errors import InputError
from reporter.findings import Waiver
from reporter.render import frames
from reporter.render.tables import TABLES, Column, Table
from reporter.report import HostReport, Report, build, host_report
from tests.builders import bundle, record, run_folder
from tests.hostile import EVIL, GOLDEN, hidden_in, hostile_report
from tests.rules import stream_cases as cases

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "outputs.md").read_text()


@pytest.fixture(scope="module")
def reference() -> Report:
    return build(load([GOLDEN]))


def of(*hosts: HostReport) -> Report:
    return Report("", "", complete=True, hosts=hosts, unreachable=())


def read(report: Report, name: str) -> pd.DataFrame:
    """A table as pandas reads it back from Parquet."""
    content = frames.parquet(report)[f"parquet/{name}.parquet"]
    return pd.read_parquet(io.BytesIO(content))


def rows_of(report: Report, name: str) -> list[dict[str, str]]:
    """A table as Python's csv module reads it."""
    content = frames.csv(report)[f"csv/{name}.csv"].decode("utf-8")
    return list(csv.DictReader(io.StringIO(content, newline=""), strict=True))


def row(table: pd.DataFrame, **values: Any) -> dict[str, Any]:
    """The only row with these values; missing values are None."""
    found = table
    for name, value in values.items():
        found = found[found[name] == value]
    (only,) = found.astype(object).where(found.notna(), None).to_dict("records")
    return {str(key): value for key, value in only.items()}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("which", ["reference", "empty"])
def test_parquet_comes_back_with_the_documented_dtypes(
    reference: Report, table: Any, which: str
) -> None:
    """Also of a table without a row."""
    read_back = read(reference if which == "reference" else of(), table.name)
    wanted = {column.name: frames.DTYPES[column.kind] for column in table.columns}
    assert {name: str(dtype) for name, dtype in read_back.dtypes.items()} == wanted
    assert (len(read_back) > 0) is (which == "reference")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_csv_and_parquet_hold_the_same(reference: Report, table: Any) -> None:
    """Row for row and column for column, apart from how a medium writes them."""
    written = rows_of(reference, table.name)
    typed = read(reference, table.name)
    assert len(written) == len(typed)
    assert [column.name for column in table.columns] == list(written[0]) == list(typed.columns)
    for column in table.columns:
        empty = [not one[column.name] for one in written]
        assert empty == list(typed[column.name].isna()), column.name


def test_the_documented_columns_are_the_declared_ones() -> None:
    """docs/outputs.md lists each table's columns with kind and meaning, in order."""
    for table in TABLES:
        part = DOCUMENT.split(f"\n### {table.name}\n")[1].split("\n### ")[0].split("\n## ")[0]
        shown = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", part, re.MULTILINE)
        assert shown == [(one.name, one.kind, one.means) for one in table.columns], table.name
        assert table.means in part
    for kind, dtype in frames.DTYPES.items():
        assert f"| {kind} | `{dtype}` |" in DOCUMENT


def test_a_row_for_each_thing(reference: Report) -> None:
    """What the tables say is what the report says."""
    (host,) = reference.hosts
    units = read(reference, "units")
    looping = row(units, unit="quantum-rl-trainer.service")
    assert (looping["status"], looping["severity"]) == ("down", "P0")
    unit = host.facts.get("units").get("quantum-rl-trainer.service")
    assert looping["restarts"] == unit.restarts > 0
    assert (looping["active_state"], looping["sub_state"]) == (unit.active_state, unit.sub_state)
    assert looping["changed_at"].timestamp() == unit.changed_at
    assert looping["application"] == "quantum"
    assert row(units, unit="ssh.service")["loaded"] is True
    masked = row(units, unit="hwclock.service")
    assert (masked["loaded"], masked["unit_file_state"], masked["active_state"]) == (
        False,
        "masked",
        None,
    )
    timer = row(read(reference, "timers"), timer="quantum-policy-sync.timer")
    assert timer["unit"] == "quantum-policy-sync.service"
    fact = host.facts.get("timers").by_name["quantum-policy-sync.timer"]
    assert timer["last_at"].timestamp() == fact.last_at > 0
    listener = row(read(reference, "listeners"), port=8001)
    assert (listener["units"], listener["users"]) == ("quantum-ai-engine.service", "qt")
    findings = read(reference, "findings")
    assert list(findings["id"]) == [one.id for one in host.findings]
    loop = row(findings, id="restart_loops:quantum-rl-trainer.service")
    assert loop["cause"] == host.judgement.explained[loop["id"]].id
    assert "journalctl --no-pager" in loop["commands"]
    drift = read(reference, "drift")
    assert set(drift["rule"]) == {"declared_inventories"}
    said = "quantum_clm: declared running, is inactive (dead)"
    assert drift["message"].str.startswith(said).sum() == 1
    whole = row(read(reference, "hosts"), host="reference")
    assert whole["findings_down"] == sum(1 for one in host.findings if one.verdict.status == "down")
    assert whole["listeners"] == len(read(reference, "listeners")) > 1
    assert whole["units"] == int(units["loaded"].sum())
    ended = whole["collected_at"].isoformat(timespec="microseconds")
    assert ended.replace("+00:00", "Z") == host.collected_at


def test_what_is_not_known_is_missing_not_zero(tmp_path: Path) -> None:
    """Counts of what was not seen, of what was cut, and of a host that was not reached."""
    lines = "Id=z.service\n\nId=a.service\nLoadState=loaded\n"
    cut = record("systemd_units", lines, truncated=True)
    folder = run_folder(
        tmp_path / "run",
        [bundle([cut, record("systemd_unit_files", "a.service enabled -\nb.service static -\n")])],
        failed={"web9": ("unreachable", "no route")},
    )
    report = build(load([folder]))
    hosts = read(report, "hosts")
    seen = row(hosts, host="web1")
    assert [seen[name] for name in ("units", "timers", "listeners", "streams")] == [None] * 4
    gone = row(hosts, host="web9")
    assert (gone["reached"], gone["reason"], gone["status"]) == (False, "no route", "unknown")
    assert gone["findings_ok"] is None
    units = read(report, "units")
    assert row(units, unit="b.service")["loaded"] is None  # the list of units was cut
    assert row(units, unit="a.service")["loaded"] is True


def test_streams_and_groups_with_unknown_counts() -> None:
    """A lag that Redis does not know is missing; a stream seen nowhere has no server."""
    streams = [
        cases.stream(
            "orders",
            cases.entry(30.0, source="shop-api", time="2026-02-15T16:11:30Z"),
            groups=[cases.group("readers", cases.consumer("a", 1.0), lag=None, delivered=500.0)],
        )
    ]
    profile = {"title": "Shop", "expected_streams": ["nowhere"]}
    report = of(cases.report(cases.host(cases.survey(*streams), profile=profile)))
    orders = row(read(report, "streams"), stream="orders")
    assert (orders["length"], orders["age_s"], orders["groups"]) == (1, 30.0, 1)
    assert orders["last_event_at"].isoformat() == "2026-02-15T16:11:30+00:00"
    assert orders["producers"] == "shop-api (claimed)"
    nowhere = row(read(report, "streams"), stream="nowhere")
    assert (nowhere["server"], nowhere["exists"], nowhere["length"]) == (None, False, None)
    readers = row(read(report, "groups"), group="readers")
    assert (readers["lag"], readers["waiting_at_least"]) == (None, 1)


def test_numbers_and_times_past_what_a_column_holds_are_missing() -> None:
    """A host may send any; the table is written all the same."""
    last = f"{10**17}-0"
    report = of(cases.report(cases.host(cases.survey(cases.stream("far", last=last, added=1)))))
    shown = row(read(report, "streams"), stream="far")
    assert (shown["last_id"], shown["last_id_at"]) == (last, None)
    columns = (Column("count", "int", ""), Column("when", "time", ""))
    held = [(2**63 - 1, 253402300799.0), (2**63, 253402300800.0), (-(2**63) - 1, -1.0)]
    table = Table("any", "", columns, lambda _: iter(held))
    assert list(frames.frame(table, report).isna().itertuples(index=False, name=None)) == [
        (False, False),
        (True, True),
        (True, True),
    ]


def test_no_cell_is_a_formula_and_none_is_hidden() -> None:
    """What begins like one has a `'` before it; the rest of the row stays where it belongs."""
    report = hostile_report()
    for table in TABLES:
        content = frames.csv(report)[f"csv/{table.name}.csv"].decode("utf-8")
        assert hidden_in(content, "\r\n") == set()
        assert content.endswith("\r\n")
        assert "\n" not in content.replace("\r\n", "")
        for cells in csv.reader(io.StringIO(content, newline=""), strict=True):
            assert len(cells) == len(table.columns)
            for cell, column in zip(cells, table.columns, strict=True):
                if column.kind == "text":
                    assert not cell.startswith(tuple("=+-@\t\r")), cell
    streams = [one["stream"] for one in rows_of(report, "streams")]
    assert "'" + EVIL["stream"].replace("\x1b", "\\x1b") in streams


@pytest.mark.parametrize("start", [*"=+-@＝＋－＠"])
def test_what_spreadsheets_calculate_is_defused(start: str) -> None:
    """Each sign that begins a formula, in CSV alone: Parquet is read by no spreadsheet."""
    name = f"{start}1+1"
    report = of(cases.report(cases.host(cases.survey(cases.stream(name, cases.entry(1.0))))))
    assert [one["stream"] for one in rows_of(report, "streams")] == [f"'{name}"]
    assert list(read(report, "streams")["stream"]) == [name]


def test_a_negative_number_stays_a_number() -> None:
    """Only text is taken for a formula."""
    report = of(host_report(bundle([record("systemd_state", "running\n")], offset_s=-1.5)))
    (shown,) = rows_of(report, "hosts")
    assert shown["clock_offset_s"] == "-1.5"


def test_waived_findings_count_for_no_things_status(reference: Report) -> None:
    """They stay in the table of findings, marked."""
    (host,) = reference.hosts
    waived = tuple(
        dataclasses.replace(one, waiver=Waiver("known", "ops", "2027-01-01"))
        for one in host.findings
    )
    report = of(dataclasses.replace(host, findings=waived))
    assert read(report, "findings")["waived"].all()
    assert row(read(report, "units"), unit="quantum-rl-trainer.service")["status"] is None


def test_pandas_is_imported_only_for_a_table() -> None:
    """The other formats start without it."""
    code = (
        "import sys\n"
        "from reporter.cli import run_command\n"
        f"run_command(['report', {str(GOLDEN)!r}, '--format', 'openmetrics'])\n"
        "sys.exit('pandas' in sys.modules or 'pyarrow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("missing", "parquet"), [("pandas", False), ("pyarrow", True)])
def test_what_is_missing_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, missing: str, parquet: bool
) -> None:
    """Before anything is rendered: exit 3, and what to install."""
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=rf"need {missing}.*pip install 'truthmap\[tables\]'"):
        frames.require(parquet)
