"""Passwords and what stands in entries are nowhere: not in what is kept, said, logged, or run."""

from __future__ import annotations

import base64
import gzip
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.commands import truthmap
from tests.fleet.redis_fleet import EVERY_HOST, OPEN, RECIPES, RedisRun
from tests.lab import Lab
from tests.lab.hosts import LabHost
from tests.leaks import Watch, files_below, leaks

pytestmark = pytest.mark.lab

CANARY = {"the canary": "Canary-5d83b2f0e1-Canary"}


def logs(host: LabHost) -> dict[str, bytes]:
    """The host's journal and log files, by place."""
    journal = host.run("journalctl --all --no-pager --output=export").stdout
    files = host.run(
        "find /var/log -type f ! -path '/var/log/journal/*' -size -32M"
        " -exec sh -c 'case $1 in *.gz) zcat $1;; *) cat $1;; esac' - {} ';'"
    ).stdout
    assert journal
    return {f"{host.name}: journal": journal.encode(), f"{host.name}: /var/log": files.encode()}


def test_no_archive_and_no_report_holds_a_secret(redis_run: RedisRun) -> None:
    """Bundles, manifest, summary, text and JSON, of the run and of the job."""
    found = files_below(redis_run.folder, redis_run.job.volume)
    names = {Path(place).name for place in found}
    assert {"report.txt", "report.json", "manifest.json", "acl.json", "tls.json"} <= names
    assert all(f"{name}.json" in names for name in EVERY_HOST)
    assert leaks(found, redis_run.secrets) == []


def test_what_entries_hold_was_there_to_be_read(redis_run: RedisRun) -> None:
    """The fields with the planted values were met: their names are in the archive."""
    for name in ("acl", "tls"):
        (record,) = redis_run.records(name).values()
        assert '"note"' in record["stdout"]["data"]
        assert '"who"' in record["stdout"]["data"]


def test_nothing_printed_holds_a_secret(redis_run: RedisRun) -> None:
    """At -vvv, on both channels; nor do explanations and a profile."""
    printed = {"stdout": redis_run.done.stdout, "stderr": redis_run.done.stderr}
    assert "PLAY RECAP" in redis_run.done.stdout + redis_run.done.stderr
    for name in ("stream_producers:shop:orders", "stream_activity:shop:audit"):
        done = truthmap("explain", name, redis_run.folder, cwd=redis_run.folder)
        assert "XREVRANGE" in done.stdout
        printed[name] = done.stdout + done.stderr
    profile = truthmap("profile", redis_run.folder, cwd=redis_run.folder)
    assert "shop:orders" in profile.stdout
    printed["profile"] = profile.stdout + profile.stderr
    places = {place: text.encode() for place, text in printed.items()}
    assert leaks(places, redis_run.secrets) == []


def test_a_job_at_vvv_holds_no_secret(redis_run: RedisRun) -> None:
    """Output, events and every artifact that a controller would store."""
    job = redis_run.job
    assert job.rc == 0, job.output
    assert {host["host"] for host in job.report["hosts"]} == {"acl", "password", "tls"}
    for host in job.report["hosts"]:
        assert host["coverage"]["missing"] == 0
        assert host["streams"]
    artifacts = files_below(job.volume.parent / "private" / "artifacts")
    assert len([place for place in artifacts if "job_events" in place]) > 10
    assert leaks({**artifacts, "output": job.output.encode()}, redis_run.secrets) == []


def test_no_log_of_a_host_holds_a_secret(redis_run: RedisRun, lab: Lab) -> None:
    """Neither the journal nor any file below /var/log."""
    for name in RECIPES:
        assert leaks(logs(lab.host(name)), redis_run.secrets) == []


def test_no_process_shows_a_secret(redis_run: RedisRun) -> None:
    """Neither on a command line nor in an environment, on the control node or on a host."""
    assert redis_run.watch.rounds > 20
    assert redis_run.watch.seen == set()


# All of the above would also pass if nothing were looked at.


@pytest.mark.parametrize(
    "pack",
    [
        lambda secret: secret,
        base64.b64encode,
        base64.urlsafe_b64encode,
        gzip.compress,
        lambda secret: b"xyz" + base64.b64encode(b"a" + secret),
        lambda secret: b'{"data":"' + base64.b64encode(zlib.compress(secret)) + b'"}',
        lambda secret: gzip.compress(b'{"data":"' + base64.b64encode(b"ab" + secret) + b'"}'),
    ],
)
def test_a_secret_in_a_file_would_be_found(redis_run: RedisRun, tmp_path: Path, pack: Any) -> None:
    """As it is and packed, beside other text."""
    for name, secret in redis_run.secrets.items():
        (tmp_path / "file").write_bytes(pack(b"before " * 4 + secret.encode() + b" after"))
        assert f"{name} in {tmp_path}/file" in leaks(files_below(tmp_path), redis_run.secrets)


def test_a_secret_in_a_log_would_be_found(redis_run: RedisRun, lab: Lab) -> None:
    """In the journal, in a log file, and in a rotated one."""
    host = lab.host(OPEN["bookworm"])
    (word,) = CANARY.values()
    for command, place in (
        (f"logger {word}; journalctl --sync", "journal"),
        (f"echo {word} > /var/log/canary.log", "/var/log"),
        (f"echo {word} | gzip > /var/log/canary.log.gz; rm /var/log/canary.log", "/var/log"),
    ):
        host.run(command)
        assert f"the canary in {host.name}: {place}" in leaks(logs(host), CANARY)
    host.run("rm /var/log/canary.log.gz")


def test_a_secret_of_a_process_would_be_seen(redis_run: RedisRun, lab: Lab) -> None:
    """An argument here, and the environment of a process on a lab host."""
    host = lab.host(OPEN["bookworm"])
    (word,) = CANARY.values()
    with Watch(CANARY) as here:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", word], check=True)
    with Watch(CANARY) as there:
        host.put("/opt/canary", f"#!/bin/sh\nWORD={word}\nexport WORD\nexec sleep 0.5\n", 0o700)
        host.run("/opt/canary; rm /opt/canary")
    assert any("cmdline" in place for place in here.seen)
    assert any("environ" in place for place in there.seen)
