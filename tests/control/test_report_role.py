"""The role `report` and the playbooks around it: the report a job writes itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import KERNEL
from .plays import NOTHING, ROOT, Play, Runner

LOCAL = {"ansible_connection": "local"}
QUICK = {**LOCAL, **NOTHING, "probe_host_probes": [KERNEL]}
GONE = {"ansible_host": "127.0.0.1", "ansible_port": 1}
DEFAULTS = ROOT / "roles" / "report" / "defaults" / "main.yml"
TRUTHMAP = ROOT / "playbooks" / "truthmap.yml"
REPORT = ROOT / "playbooks" / "report.yml"


def reports(folder: Path) -> dict[str, Any]:
    """The JSON report a job wrote, and the names of all it wrote."""
    found = json.loads((folder / "report.json").read_text())
    assert isinstance(found, dict)
    return found


def said(done: Play) -> str:
    """What was printed, on one line."""
    return " ".join(done.output.split())


def test_one_job_collects_and_reports(play: Runner) -> None:
    """truthmap.yml leaves text and JSON in the run's folder, and no host changed."""
    done = play({"web1": QUICK}, playbook=TRUTHMAP)
    assert done.rc == 0, done.output
    found = reports(done.folder / "report")
    assert found["schema"] == "truthmap/report/1"
    assert [host["host"] for host in found["hosts"]] == ["web1"]
    assert (done.folder / "report" / "report.txt").stat().st_size > 0
    assert "changed=1" not in done.output


def test_a_job_without_any_reachable_host_reports(play: Runner) -> None:
    """The unreachable are what there is to say."""
    done = play({"web1": GONE}, playbook=TRUTHMAP)
    assert done.rc == 0, done.output
    (unreachable,) = reports(done.folder / "report")["unreachable"]
    assert unreachable["host"] == "web1"
    assert "Connection refused" in unreachable["reason"]


def test_a_first_host_that_cannot_be_connected_to_stops_nothing(play: Runner) -> None:
    """What runs once runs for the first host of the play, whatever its variables are worth."""
    done = play({"a": {"ansible_host": "{{ nowhere }}"}, "web1": QUICK}, playbook=TRUTHMAP)
    assert done.rc == 0, done.output
    found = reports(done.folder / "report")
    assert [host["host"] for host in found["hosts"]] == ["web1"]
    assert "'nowhere' is undefined" in found["unreachable"][0]["reason"]


def test_an_earlier_run_is_reported_on(play: Runner) -> None:
    """report.yml needs a run's folder, and no host."""
    play({"web1": QUICK})
    where = {"report_run_dir": str(play.tmp / "run"), "report_dir": str(play.tmp / "out")}
    local = {"localhost": LOCAL}
    done = play(local, playbook=REPORT, variables=where)
    assert done.rc == 0, done.output
    assert reports(play.tmp / "out")["hosts"][0]["host"] == "web1"


@pytest.mark.parametrize(
    ("hosts", "variables", "says"),
    [
        ({"web1": QUICK}, {"report_fail_on": "unknown"}, "Findings reach unknown"),
        ({"web1": QUICK, "web2": GONE}, {"report_fail_on_missing": "true"}, "1 were not reached"),
        ({"web2": GONE}, {"report_min_coverage": 50}, "only 0 percent gave one"),
    ],
    ids=["findings", "missing", "coverage"],
)
def test_a_job_fails_where_asked(
    play: Runner, hosts: dict[str, Any], variables: dict[str, Any], says: str
) -> None:
    """After the reports are written and the totals published."""
    done = play(hosts, playbook=TRUTHMAP, variables=variables)
    assert done.rc != 0
    assert says in said(done)
    totals = done.stats["artifact_data"]["truthmap_totals"]
    assert totals["hosts"] == len(hosts)
    assert all(Path(path).stat().st_size for path in totals["reports"])


def test_a_baseline_and_waivers_reach_the_reporter(play: Runner) -> None:
    """What the older run did not know either fails no job; the waivers' problems are told."""
    play({"web1": QUICK})
    waivers = play.tmp / "waivers.yml"
    waivers.write_text("waivers:\n- {finding: 'host_identity:*', host: web9}\n")
    where = {"report_run_dir": str(play.tmp / "run"), "report_dir": str(play.tmp / "out")}
    gate = {**where, "report_fail_on": "P2"}
    done = play({"localhost": LOCAL}, playbook=REPORT, variables=gate)
    assert "Findings reach P2" in said(done)
    gate = {**gate, "report_new_since": where["report_run_dir"], "report_waivers": str(waivers)}
    done = play({"localhost": LOCAL}, playbook=REPORT, variables=gate)
    assert done.rc == 0, done.output
    (problem,) = reports(play.tmp / "out")["fleet"]["findings"]
    assert problem["id"] == "waivers:entry 1"


def test_a_survey_left_empty_is_the_default(play: Runner) -> None:
    """An optional question nobody answered arrives as empty text."""
    variables = dict.fromkeys(yaml.safe_load(DEFAULTS.read_text()), "")
    empty = {**variables, "collect_archive_dir": "", "collect_fingerprint_key": ""}
    done = play({"web1": QUICK, "web2": GONE}, playbook=TRUTHMAP, variables=empty)
    assert done.rc == 0, done.output
    assert {path.name for path in (done.folder / "report").iterdir()} == {
        "report.json",
        "report.txt",
        "summary.json",
    }


def test_formats_may_be_text(play: Runner) -> None:
    """A survey has no lists."""
    variables = {"report_formats": "json, text"}
    done = play({"web1": QUICK}, playbook=TRUTHMAP, variables=variables)
    assert done.rc == 0, done.output
    paths = done.stats["artifact_data"]["truthmap_totals"]["reports"]
    assert [Path(path).name for path in paths] == ["report.json", "report.txt"]


def test_a_report_may_be_in_another_language(play: Runner) -> None:
    """What a person reads, not what a program reads."""
    done = play({"web1": QUICK}, playbook=TRUTHMAP, variables={"report_lang": "nb"})
    assert done.rc == 0, done.output
    folder = done.folder / "report"
    assert "\nDEL A - SYSTEM TRUTH MAP\n" in (folder / "report.txt").read_text()
    assert reports(folder)["schema"] == "truthmap/report/1"


def test_a_job_publishes(play: Runner) -> None:
    """Text with commas, as a survey gives it; what is not delivered fails the job at its end."""
    sinks = f"{play.tmp / 'here'}, file://{play.tmp / 'there'}"
    done = play({"web1": QUICK}, playbook=TRUTHMAP, variables={"report_publish": sinks})
    assert done.rc == 0, done.output
    for name in ("here", "there"):
        assert reports(play.tmp / name)["hosts"][0]["host"] == "web1"


def test_a_job_whose_sink_fails_has_its_reports_and_totals(play: Runner) -> None:
    """It fails then, with what was not delivered; the other sinks have theirs."""
    (play.tmp / "file").write_text("")
    sinks = [str(play.tmp / "file" / "x"), str(play.tmp / "there")]
    done = play({"web1": QUICK}, playbook=TRUTHMAP, variables={"report_publish": sinks})
    assert done.rc != 0
    assert f"{sinks[0]}: not published: nothing was written: " in said(done)
    totals = done.stats["artifact_data"]["truthmap_totals"]
    assert totals["hosts"] == 1
    assert all(Path(path).stat().st_size for path in totals["reports"])
    assert reports(play.tmp / "there")["hosts"]


def test_a_wrong_setting_is_named(play: Runner) -> None:
    """By the reporter, in its own words."""
    variables = {"report_min_coverage": "most"}
    done = play({"web1": QUICK}, playbook=TRUTHMAP, variables=variables)
    assert done.rc != 0
    assert "'most' is not a valid float range" in said(done)


@pytest.mark.parametrize("arguments", [["--check"], ["--tags", "host"]])
def test_neither_check_mode_nor_tags_leave_it_out(play: Runner, arguments: list[str]) -> None:
    """Writing reports on the controller changes no host."""
    done = play({"web1": QUICK}, playbook=TRUTHMAP, arguments=arguments)
    assert done.rc == 0, done.output
    assert reports(done.folder / "report")["hosts"]


def test_a_missing_reporter_is_named(play: Runner) -> None:
    """The run is there all the same, and the message says what to do."""
    variables = {"report_command": "/nowhere/truthmap"}
    done = play({"web1": QUICK}, playbook=TRUTHMAP, variables=variables)
    assert done.rc != 0
    assert "/nowhere/truthmap cannot report on it" in said(done)
    assert "Install the package beside Ansible" in said(done)
    assert done.hosts["web1"]["status"] == "collected"


def test_a_missing_run_is_named(play: Runner) -> None:
    """report.yml by itself does not know which run."""
    done = play({"localhost": LOCAL}, playbook=REPORT)
    assert done.rc != 0
    assert "No run to report on: give its folder as report_run_dir" in said(done)
