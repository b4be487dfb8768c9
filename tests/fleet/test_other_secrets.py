"""Secrets of every kind on the host of another application: nowhere but there."""

from __future__ import annotations

from pathlib import Path

import pytest

from reporter.archive import load
from reporter.explain import explain
from reporter.report import Report, host_report
from tests.fleet.commands import truthmap
from tests.fleet.depot_fleet import FAULTY, DepotRun
from tests.lab.depot_secrets import SECRETS
from tests.leaks import files_below, leaks

pytestmark = pytest.mark.lab

VALUES = {name: one.value for name, one in SECRETS.items()}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_on_the_host_and_was_looked_at(depot_run: DepotRun, name: str) -> None:
    """The host shows it to whoever looks there, and the archive shows that the probe did."""
    one = SECRETS[name]
    assert depot_run.host.run(one.proof, check=False).returncode == 0
    read = [
        record
        for record_id, record in depot_run.records(FAULTY).items()
        if record_id.startswith(one.record) and one.shown in record["stdout"]["data"]
    ]
    assert read
    assert all(record["outcome"] == "collected" for record in read)


def test_no_archive_and_no_report_holds_a_secret(depot_run: DepotRun, tmp_path: Path) -> None:
    """Bundles, manifest, summary, every format; of the run and of the job."""
    formats = _formats()
    assert {"text", "json"} <= set(formats)
    words = [word for one in formats for word in ("--format", one)]
    truthmap("report", depot_run.folder, *words, "--out", tmp_path, cwd=tmp_path)
    found = files_below(depot_run.folder, depot_run.job.volume, tmp_path)
    names = {Path(place).name for place in found}
    assert {f"{FAULTY}.json", "manifest.json", "report.txt", "report.json"} <= names
    assert len([place for place in found if Path(place).is_relative_to(tmp_path)]) == len(formats)
    assert leaks(found, VALUES) == []


def _formats() -> list[str]:
    """Every format that the command knows, as its help lists them."""
    shown = truthmap("report", "--help", cwd=Path.cwd()).stdout
    listed = shown.partition("--format [")[2].partition("]")[0]
    return "".join(listed.split()).split("|")


def test_nothing_printed_holds_a_secret(depot_run: DepotRun) -> None:
    """At -vvv, on both channels; nor does a profile."""
    printed = {"stdout": depot_run.done.stdout, "stderr": depot_run.done.stderr}
    assert "PLAY RECAP" in depot_run.done.stdout + depot_run.done.stderr
    profile = truthmap("profile", depot_run.folder, cwd=depot_run.folder)
    assert "depot-intake" in profile.stdout
    printed["profile"] = profile.stdout + profile.stderr
    places = {place: text.encode() for place, text in printed.items()}
    assert leaks(places, VALUES) == []


def test_no_explanation_holds_a_secret(depot_run: DepotRun) -> None:
    """Of any finding of the host, whatever its status: with the raw lines it stands on."""
    (bundle,) = (one for one in load([depot_run.folder]).bundles.values() if one.host == FAULTY)
    report = Report("0" * 64, "run", complete=True, hosts=(host_report(bundle),), unreachable=())
    pages = {name: explain(report, name) for name in depot_run.findings(FAULTY)}
    assert len(pages) > 300
    assert leaks({name: page.encode() for name, page in pages.items()}, VALUES) == []
    one = "command_line_secrets:command/depot-audit.service"
    shown = truthmap("explain", one, depot_run.folder, "--host", FAULTY, cwd=depot_run.folder)
    assert shown.stdout == pages[one]
    assert "--api-token=<masked:28>" in shown.stdout


def test_a_job_at_vvv_holds_no_secret(depot_run: DepotRun) -> None:
    """Output, events and every artifact that a controller would store."""
    job = depot_run.job
    assert job.rc == 0, job.output
    assert [host["host"] for host in job.report["hosts"]] == [FAULTY]
    assert job.report["hosts"][0]["coverage"]["missing"] == 0
    artifacts = files_below(job.volume.parent / "private" / "artifacts")
    assert len([place for place in artifacts if "job_events" in place]) > 10
    assert leaks({**artifacts, "output": job.output.encode()}, VALUES) == []
