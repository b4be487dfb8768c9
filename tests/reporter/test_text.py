"""The text report: made for reading, and safe to print whatever a host chose to call itself."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import msgspec
import pytest

from reporter.archive import load
from reporter.outputs import render
from reporter.render.terminal import safe
from reporter.report import Report, build, host_report
from tests.builders import bundle, record, run_folder

HOSTILE = "evil\x1b]0;owned\x07\x1b[31m\u202egnp\u2066\u200b\x9b31m\rname\n"

UNITS = f"""\
Id=shop-api.service
Names=shop-api.service
Description={HOSTILE.strip()}
LoadState=loaded
ActiveState=failed
SubState=failed
UnitFileState=enabled
Type=simple
Result=exit-code
ExecMainCode=1
ExecMainStatus=1
NRestarts=0
FragmentPath=/etc/systemd/system/shop-api.service
ExecStart={{ path=/opt/{HOSTILE.strip()} ; argv[]=x ; ignore_errors=no }}
"""


def report_of(tmp_path: Path, *, host: str = "web1") -> str:
    records = [record("systemd_units", UNITS), record("systemd_state", "degraded\n", exit_code=1)]
    profile = {"shop": {"title": HOSTILE, "units": ["shop-*"]}}
    folder = run_folder(tmp_path / "run", [bundle(records, host=host, applications=profile)])
    return render(build(load([folder])), "text")


def test_nothing_a_host_says_reaches_the_terminal_raw(tmp_path: Path) -> None:
    """Control, bidirectional and invisible characters are spelled out, in every part."""
    page = report_of(tmp_path, host=HOSTILE)
    hidden = {
        char
        for char in page
        if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    }
    assert hidden == set()
    assert "\\x1b]0;owned" in page


def test_no_line_is_wider_than_it_needs(tmp_path: Path) -> None:
    """Prose wraps at 100 columns; only a word that cannot be broken is longer."""
    for line in report_of(tmp_path).splitlines():
        assert len(line) <= 100 or " " not in line.strip(), line


def test_the_parts_stand_in_the_order_of_the_reference(tmp_path: Path) -> None:
    """A reader of the hand-written report finds everything where it was."""
    page = report_of(tmp_path)
    places = [
        page.index(part)
        for part in ("PART A", "PART C", "PART E", "EVIDENCE\n", "LEFT BEHIND", "CLOSING WORDS")
    ]
    assert places == sorted(places)
    assert "Component: Failed services\n  - Status: ❌\n  - Running: NO\n" in page
    assert "Coverage: 2 of 2 probes answered" in page


def test_every_finding_shows_how_to_repeat_it(tmp_path: Path) -> None:
    """Each block names its evidence, and the table at the end the whole command."""
    page = report_of(tmp_path)
    blocks = page[: page.index("PART C")].split("Component: ")[1:]
    shown = [block for block in blocks if "not seen" not in block]
    assert shown
    for block in shown:
        assert "- Evidence: " in block, block
    assert "- systemd_units: show systemd_units" in page


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain ascii", "plain ascii"),
        ("blåbær ✅ 日本", "blåbær ✅ 日本"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("tab\there", "tab\\x09here"),
    ],
)
def test_what_is_spelled_out(raw: str, shown: str) -> None:
    """Letters of every script stay, everything invisible is named by its code."""
    assert safe(raw) == shown


def test_a_host_without_a_login_says_that_nothing_else_was_looked_at() -> None:
    """The scope names no user: nobody logged in."""
    host = msgspec.structs.replace(bundle([record("redis_remote", "")]), collected_by="control")
    whole = Report("", "", complete=True, hosts=(host_report(host),), unreachable=())
    page = render(whole, "text")
    assert "Scope: redis, asked from the control node: no login, nothing else was looked at" in page
    assert "SYSTEM LAYER" not in page


def test_what_left_no_record_is_repeated_by_what_finds_its_targets() -> None:
    """By hand, a probe with a placeholder in its arguments is that of its targets."""
    argv = ["systemctl", "show", "a*"]
    probes = [
        {"id": "units", "args": {"argv": argv}},
        {"id": "each", "args": {"argv": ["x", "{item}"]}, "from": {"probe": "units"}},
        {"id": "named", "args": {"argv": ["y", "{item}"]}, "items": ["a"]},
    ]
    commands = host_report(msgspec.structs.replace(bundle([]), probes=probes)).commands
    assert commands == {"units": "systemctl show 'a*'", "each": "systemctl show 'a*'"}
