"""Secrets of every kind on the host of another application: nowhere but there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
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
    """Bundles, manifest, summary, every format in every language; of the run and of the job."""
    formats = _choices("format")
    assert {"text", "json", "html", "parquet"} <= set(formats)
    for language in _choices("lang"):
        words = [word for one in formats for word in ("--format", one)]
        words += ["--lang", language, "--out", str(tmp_path / language)]
        words += ["--summary", str(tmp_path / f"summary-{language}.json")]
        assert truthmap("report", depot_run.folder, *words, cwd=tmp_path).returncode == 0
        assert len(files_below(tmp_path / language)) >= len(formats)
    found = files_below(depot_run.folder, depot_run.job.volume, tmp_path)
    names = {Path(place).name for place in found}
    assert {f"{FAULTY}.json", "manifest.json", "report.txt", "report.json"} <= names
    tables = {name: _as_text(name) for name in found if name.endswith(".parquet")}
    assert any(b"depot-audit" in content for content in tables.values())
    assert leaks({**found, **tables}, VALUES) == []


def _as_text(table: str) -> bytes:
    """Return what a Parquet file holds: its columns are packed in ways of their own."""
    return bytes(pd.read_parquet(table).to_csv().encode())


def _choices(option: str) -> list[str]:
    """Return every value that an option of the command takes, as its help lists them."""
    shown = truthmap("report", "--help", cwd=Path.cwd()).stdout
    listed = shown.partition(f"--{option} [")[2].partition("]")[0]
    return "".join(listed.split()).split("|")


def test_nothing_printed_holds_a_secret(depot_run: DepotRun) -> None:
    """At -vvv, on both channels; nor do a profile and a comparison."""
    printed = {"stdout": depot_run.done.stdout, "stderr": depot_run.done.stderr}
    assert "PLAY RECAP" in depot_run.done.stdout + depot_run.done.stderr
    profile = truthmap("profile", depot_run.folder, cwd=depot_run.folder)
    assert "depot-intake" in profile.stdout
    printed["profile"] = profile.stdout + profile.stderr
    differs = truthmap("diff", depot_run.folder, depot_run.folder, cwd=depot_run.folder)
    assert differs.returncode == 0, differs.stderr
    printed["diff"] = differs.stdout + differs.stderr
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
