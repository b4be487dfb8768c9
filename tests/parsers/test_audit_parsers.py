"""The parsers of cron, of all processes and of drop-ins: real records, and odd forms."""

from __future__ import annotations

from typing import Any

import pytest

from reporter import registry
from reporter.evidence import Record
from reporter.facts import FactStore
from reporter.findings import Missing
from reporter.parsers.sockets_processes import units_of
from tests.builders import record
from tests.rules.audit_cases import SUITES, bundle


def parsed(fact: str, records: list[Record]) -> Any:
    """Return the fact, or a `Missing`, as the engine would get it."""
    return FactStore(registry.parsers(), records, frozenset(one.probe for one in records)).get(fact)


def made(fact: str, stdout: str, **values: Any) -> Any:
    """Return the fact parsed from a record with this output."""
    return parsed(fact, [record(registry.parsers()[fact].probe, stdout, **values)])


@pytest.mark.parametrize("suite", SUITES)
def test_every_row_of_a_lab_hosts_cron_is_taken(suite: str) -> None:
    collected = bundle(f"{suite}-planted")
    cron = parsed("cron", collected.evidence)
    raw = next(one for one in collected.evidence if one.id == "cron_entries").stdout.text
    entries = [entry for table in cron.tables for entry in table.entries]
    odd = [one for table in cron.tables for one in table.odd]
    assert len(entries) == raw.count('"command"')
    assert len(odd) == 1
    assert cron.daemons == ("/usr/sbin/cron",)
    assert cron.users_from is not None
    assert cron.closed == {}
    by_path = {table.path: table for table in cron.tables}
    own = by_path["/var/spool/cron/crontabs/auditor"]
    assert own.user(own.entries[0]) == "auditor"
    assert by_path["/etc/cron.d/plant-open"].newline is False
    assert by_path["/etc/cron.daily/plant-runs"].newline is None
    assert "/var/spool/cron/crontabs" not in by_path  # a folder, which a pattern met


@pytest.mark.parametrize("suite", SUITES)
def test_every_process_of_a_lab_host_is_read(suite: str) -> None:
    collected = bundle(f"{suite}-planted")
    processes = parsed("processes", collected.evidence)
    raw = next(one for one in collected.evidence if one.id == "processes_all").stdout.text
    assert len(processes.by_pid) == len(raw.splitlines())
    assert (processes.hidden, processes.complete) == ({}, True)
    first = processes.by_pid[1]
    assert (first.name, first.parent, first.folder, first.closed) == ("systemd", 0, "/", False)
    states = [seen.state for seen in processes]
    assert (states.count("Z"), states.count("D")) == (12, 1)
    again = parsed("processes_again", collected.evidence)
    assert len(again.by_pid) == 13
    assert again.sampled_at >= processes.sampled_at


def test_processes_that_are_hidden_or_cut() -> None:
    rows = '{"pid":7,"error":"Permission denied"}\n'
    assert made("processes", rows).hidden == {7: "Permission denied"}
    half = made("processes", 'd":1}\n' + rows, truncated=True)
    assert (half.complete, set(half.hidden)) == (False, {7})
    assert isinstance(made("processes", "nothing\n"), Missing)


@pytest.mark.parametrize("suite", SUITES)
def test_drop_ins_and_vendor_units_of_a_lab_host(suite: str) -> None:
    collected = bundle(f"{suite}-planted")
    drop_ins = parsed("drop_ins", collected.evidence)
    path = "/etc/systemd/system/plant-worker.service.d/20-b.conf"
    assert [one.line for one in drop_ins.by_path[path]] == [
        "MemoryMax=200M",
        "Restart=always",
        "Environment=API_TOKEN=<masked:18>",
    ]
    assert [one.masked for one in drop_ins.by_path[path]] == [False, False, True]
    assert {"cron.service", "ssh.service"} <= parsed("vendor_units", collected.evidence).names
    assert parsed("drop_ins", bundle(f"{suite}-untouched").evidence).by_path == {}


def test_drop_ins_with_comments_joined_lines_and_sections() -> None:
    data = "; no\\n# no\\n[Unit]\\nAfter=a \\\\\\n b\\n[Service]\\n Nice = 5 \\nnothing\\n"
    row = f'{{"path":"/x","truncated":false,"encoding":"utf-8","data":"{data}"}}\n'
    (settings,) = made("drop_ins", row).by_path.values()
    assert [(one.section, one.line) for one in settings] == [
        ("Unit", "After=a  b"),
        ("Service", "Nice=5"),
    ]
    cut = row.replace('"truncated":false', '"truncated":true')
    assert {path: str(why) for path, why in made("drop_ins", cut).unread.items()} == {
        "/x": "it was cut"
    }


def test_units_of_control_groups() -> None:
    path = "/user.slice/user-1.slice/user@1.service/app.slice/x.service"
    assert units_of(path) == ("user@1.service", "x.service")
    assert units_of("/") == ()
