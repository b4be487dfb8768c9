"""`truthmap diff`, `--waivers` and `--new-since`: what goes where, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from reporter.cli import run_command
from tests.builders import run_folder
from tests.compare.cases import Machine, later
from tests.compare.test_diff import STOPPED
from tests.compare.test_waivers import WORKER, waiver
from tests.schemas import published

GOOD = Machine()
BAD = Machine(at=later(3600)).unit("shop-worker.service", **STOPPED)


@pytest.fixture
def old(tmp_path: Path) -> str:
    return str(run_folder(tmp_path / "old", [GOOD.bundle()]))


@pytest.fixture
def new(tmp_path: Path) -> str:
    return str(run_folder(tmp_path / "new", [BAD.bundle()]))


def test_the_text_tells_one_thing_once(
    old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What broke, with its id; nothing on stderr."""
    assert run_command(["diff", old, new]) == 0
    page, errors = capsys.readouterr()
    assert errors == ""
    assert "\nIn short: 1 broken\n" in page
    assert "BROKEN P2 shop-worker.service does not run" in page
    assert f"[{WORKER}]" in page
    assert all(len(line) <= 100 for line in page.splitlines())


def test_two_looks_at_the_same_say_so(old: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and no list of hosts."""
    assert run_command(["diff", old, old]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "In short: nothing changed"


def test_json_follows_its_schema(old: str, new: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One document with the announced schema."""
    assert run_command(["diff", old, new, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, published()["diff-1.schema.json"])
    assert found["schema"] == "truthmap/diff/1"
    assert found["counts"]["broken"] == 1
    (change,) = found["hosts"][0]["findings"]
    assert (change["id"], change["change"], change["story"]) == (WORKER, "broken", "shop-worker")


def test_out_names_a_file(
    old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole or not at all; its path is on stderr."""
    out = tmp_path / "diff.txt"
    assert run_command(["diff", old, new, "--out", str(out)]) == 0
    page, errors = capsys.readouterr()
    assert (page, errors) == ("", f"Diff: {out}\n")
    assert out.read_text().startswith("DIFF - ")


def test_what_is_newly_broken_fails_a_gate(old: str, new: str) -> None:
    """At or above the threshold; what was so before does not."""
    assert run_command(["diff", old, new, "--fail-on", "P2"]) == 2
    assert run_command(["diff", old, new, "--fail-on", "P1"]) == 0
    assert run_command(["diff", new, new, "--fail-on", "P2"]) == 0
    assert run_command(["diff", new, old, "--fail-on", "P3"]) == 0


def test_new_since_counts_what_is_new_or_worse(old: str, new: str) -> None:
    """For `report` as for `run`; it says nothing without a threshold."""
    assert run_command(["report", new, "--fail-on", "P2"]) == 2
    assert run_command(["report", new, "--fail-on", "P2", "--new-since", new]) == 0
    assert run_command(["report", new, "--fail-on", "P2", "--new-since", old]) == 2
    assert run_command(["report", new, "--new-since", old]) == 3
    assert run_command(["report", new, "--fail-on", "P2", "--new-since", "nowhere"]) == 3


def test_a_json_report_serves_as_a_baseline(new: str, tmp_path: Path) -> None:
    """Unknown findings keep in it what they could be at worst."""
    path = tmp_path / "baseline.json"
    run_command(["report", new, "--format", "json", "--out", str(path)])
    for threshold in ("P1", "P2", "unknown"):
        gate = ["--fail-on", threshold, "--new-since", str(path)]
        assert run_command(["report", new, *gate]) == 0


def test_a_waived_finding_passes_the_gate(old: str, new: str, tmp_path: Path) -> None:
    """Of the diff as of the report; an unreadable file of waivers is bad usage."""
    path = tmp_path / "waivers.yml"
    path.write_text(json.dumps({"waivers": [waiver()]}))
    for command in (["diff", old, new], ["report", new, "--new-since", old]):
        assert run_command([*command, "--fail-on", "P2"]) == 2
        assert run_command([*command, "--fail-on", "P2", "--waivers", str(path)]) == 0
        assert run_command([*command, "--fail-on", "P2", "--waivers", "nowhere"]) == 3


def test_a_waived_change_is_marked(
    old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told all the same."""
    path = tmp_path / "waivers.yml"
    path.write_text(json.dumps({"waivers": [waiver()]}))
    run_command(["diff", old, new, "--waivers", str(path)])
    assert "BROKEN P2 (waived) shop-worker.service" in capsys.readouterr().out


def test_hosts_that_are_not_reached_now_make_it_incomplete(old: str, tmp_path: Path) -> None:
    """4, as for a report; what was incomplete before does not."""
    lost = run_folder(tmp_path / "lost", [], failed={"web1": ("unreachable", "no route")})
    assert run_command(["diff", old, str(lost)]) == 4
    assert run_command(["diff", str(lost), old]) == 0


def test_what_cannot_be_compared_is_bad_usage(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path that is not there, a file of something else, a report of a later version."""
    later_one = tmp_path / "later.json"
    later_one.write_text('{"schema": "truthmap/report/9"}')
    other = tmp_path / "other.json"
    other.write_text("{}")
    twice = tmp_path / "twice.json"
    twice.write_text('{"schema": "truthmap/report/1", "hosts": [], "hosts": []}')
    for path, says in (
        (tmp_path / "nowhere", "no such file"),
        (later_one, "this version reads 'truthmap/report/1'"),
        (other, "not a Truth Map bundle"),
        (twice, "stands twice"),
    ):
        assert run_command(["diff", old, str(path)]) == 3
        page, errors = capsys.readouterr()
        assert page == ""
        assert errors.startswith("truthmap: ")
        assert says in errors


def test_drift_is_told_with_the_fleet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the head of the report, counted by the gate, explained by its id."""
    machines = [GOOD.changed(host=f"web{number}") for number in range(3)]
    machines[1] = machines[1].changed(commit="2" * 40)
    run = str(run_folder(tmp_path / "run", [one.bundle() for one in machines]))
    assert run_command(["report", run]) == 0
    page = capsys.readouterr().out
    head = page.partition("\nweb0 - ")[0]
    assert "web1 is the odd one out of 3 hosts" in " ".join(head.split())
    assert "[repository_checkouts]" in head
    assert run_command(["explain", "host_drift:shop/code", run]) == 0
    explained = capsys.readouterr().out
    assert "Evidence repository_checkouts of web1" in explained
    assert "Compared are hosts that are in exactly the same groups" in " ".join(explained.split())
    accepted = tmp_path / "waivers.yml"
    accepted.write_text(
        json.dumps({"waivers": [waiver("host_drift:*"), waiver("*:*", host="web*")]})
    )
    blind = tmp_path / "blind.yml"
    blind.write_text(json.dumps({"waivers": []}))
    assert run_command(["report", run, "--fail-on", "P2", "--waivers", str(blind)]) == 2
    since = ["--fail-on", "P2", "--new-since", run]
    assert run_command(["report", run, *since, "--waivers", str(accepted)]) == 0
