"""The archive on disk: names, modes, atomicity, runs killed at any moment."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from truthmap_control import archive

NOW = datetime(2026, 11, 22, 10, 44, 12, 5, UTC)
HOSTS = ["web1", "web2", "Web1"]


def opened(folder: Path, hosts: list[str] | None = None) -> dict[str, Any]:
    """A run of these hosts, begun."""
    return archive.open_run(
        folder, hosts or HOSTS, collector_version="0.1.0", started_at=NOW, run="r"
    )


def bundle(host: str, *, complete: bool = True, size: int = 1, run: str = "r") -> dict[str, Any]:
    """A bundle with evidence of some size."""
    answer = {
        "collector": {"version": "0.1.0"},
        "started_at": "2026-02-15T10:44:12.123456Z",
        "finished_at": "2026-02-15T10:44:13.123456Z",
        "complete": complete,
        "probes": [],
        "evidence": [{"id": "x", "stdout": {"data": "y" * size}}],
    }
    return archive.bundle(answer, run=run, host=host, groups=["b", "a"])


def read(path: Path) -> dict[str, Any]:
    """A JSON object of the archive."""
    found = json.loads(path.read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("web1", "web1.json"),
        ("web1.example.org", "web1.example.org.json"),
        ("10.0.0.1", "10.0.0.1.json"),
        ("db_1-a", "db_1-a.json"),
        ("Web1", "web1-fbb6f4c52c.json"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        (".", "_-"),
        ("..", "_.-"),
        ("-rf", "_rf-"),
        (".hidden", "_hidden-"),
        ("manifest", "manifest-"),
        ("Manifest", "manifest-"),
        ("fe80::1%eth0", "fe80__1_eth0-"),
        ("a b\tc\nd", "a_b_c_d-"),
        ("blåbær", "bl_b_r-"),
        ("\udcff", "_-"),
        ("x" * 400, "x" * 120 + "-"),
        ("x" * 120 + "y", "x" * 120 + "-"),
    ],
)
def test_a_bundle_is_named_after_its_host(host: str, expected: str) -> None:
    """Plain names stay; any other is cleaned and marked by a hash of the real one."""
    name = archive.bundle_name(host)
    assert name.startswith(expected) or name == expected
    assert name == Path(name).name
    assert name != archive.MANIFEST
    assert not name.startswith((".", "-"))
    assert len(name) < 160
    assert name.isascii()


def test_different_hosts_get_different_names() -> None:
    """Also on a file system that does not tell cases apart."""
    hosts = ["a/b", "a_b", "a b", "A_b", "a_B", "x" * 300, "x" * 301, "æ", "ø", "manifest"]
    names = {archive.bundle_name(host).lower() for host in hosts}
    assert len(hosts) == len(names)


def test_a_run_begins_with_every_host_pending(tmp_path: Path) -> None:
    """The manifest is there before the first bundle."""
    manifest = opened(tmp_path / "runs" / "r")
    assert manifest == read(tmp_path / "runs" / "r" / "manifest.json")
    assert manifest["state"] == "running"
    assert manifest["started_at"] == "2026-11-22T10:44:12.000005Z"
    assert manifest["finished_at"] is None
    pending = {"status": "pending", "reason": None, "bundle": None, "sha256": None}
    assert manifest["hosts"] == dict.fromkeys(HOSTS, pending)


def test_a_run_is_named_after_its_folder(tmp_path: Path) -> None:
    """A folder that bears a run's id gives it; any other gets a new one."""
    name = archive.new_run_id(NOW)
    for folder, same in ((tmp_path / name, True), (tmp_path / "mine", False)):
        manifest = archive.open_run(folder, [], collector_version="0", started_at=NOW)
        assert (manifest["run"] == name) is same
        assert manifest["run"].startswith("20261122T104412Z-")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    """Files are 0600 and folders 0700, also the folders above that had to be made."""
    before = os.umask(umask)
    try:
        opened(tmp_path / "a" / "b")
        archive.write_bundle(tmp_path / "a" / "b", bundle("web1"))
        archive.complete_run(tmp_path / "a" / "b", {}, finished_at=NOW)
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert {0o700 if path.is_dir() else 0o600 for path in modes} == set(modes.values())
    assert len(modes) == 4


def test_a_folder_with_a_run_is_refused(tmp_path: Path) -> None:
    """Two runs never mix."""
    opened(tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(archive.ArchiveError, match="already holds a run"):
        opened(tmp_path, ["other"])
    assert before == (tmp_path / "manifest.json").read_bytes()


def test_of_two_runs_at_once_one_gets_the_folder(tmp_path: Path) -> None:
    """The manifest is made exclusively, so the loser learns of it however close the race."""

    def attempt(number: int) -> str:
        try:
            opened(tmp_path / "r", [f"host{number}"])
        except archive.ArchiveError as error:
            return str(error)
        return "won"

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(attempt, range(16)))
    assert results.count("won") == 1
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("occupant", ["notes.txt", "report", "web1.json"])
def test_a_folder_with_something_else_is_refused(tmp_path: Path, occupant: str) -> None:
    """A run's folder is its own: a home folder named by mistake stays clean."""
    (tmp_path / occupant).mkdir()
    with pytest.raises(archive.ArchiveError, match=f"not empty .*{occupant}.*folder of its own"):
        opened(tmp_path)


def test_an_unusable_folder_is_named(tmp_path: Path) -> None:
    """The error says which path and why."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nothing/here")):
        with pytest.raises(archive.ArchiveError, match=f"{folder} cannot be written: .*Errno"):
            opened(folder)


def test_a_bundle_is_written_with_its_hash(tmp_path: Path) -> None:
    """The hash is that of the file; lone surrogates of hostile names survive as JSON."""
    opened(tmp_path)
    name, sha256 = archive.write_bundle(tmp_path, bundle("w\udcff", size=1000))
    data = (tmp_path / name).read_bytes()
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert json.loads(data) == bundle("w\udcff", size=1000)
    assert json.loads(data)["groups"] == ["a", "b"]


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    """A bundle that cannot be written leaves no part of itself."""
    opened(tmp_path)
    (tmp_path / archive.bundle_name("web1")).mkdir()
    with pytest.raises(archive.ArchiveError, match=r"the bundle .*web1\.json cannot be written"):
        archive.write_bundle(tmp_path, bundle("web1"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "web1.json"]


def test_a_run_ends_with_every_host_decided(tmp_path: Path) -> None:
    """Results enter as they came; a bundle without a result speaks for itself; the rest failed."""
    hosts = ["ok", "gone", "cut", "late", "late-cut", "stale", "dropped", "torn"]
    opened(tmp_path, hosts)
    name, sha256 = archive.write_bundle(tmp_path, bundle("ok"))
    archive.write_bundle(tmp_path, bundle("late"))
    archive.write_bundle(tmp_path, bundle("late-cut", complete=False))
    archive.write_bundle(tmp_path, bundle("stale", run="an older run"))
    (tmp_path / "torn.json").write_text('{"schema"')
    results: dict[str, dict[str, Any]] = {
        "ok": {"status": "collected", "reason": None, "bundle": name, "sha256": sha256},
        "gone": {"status": "unreachable", "reason": "no route", "bundle": None, "sha256": None},
        "cut": {"status": "failed", "reason": None},
        "late": {"status": "failed", "reason": "the task took longer"},
        "stranger": {"status": "collected", "reason": None},
    }
    manifest = archive.complete_run(tmp_path, results, finished_at=NOW)
    found = {host: entry["status"] for host, entry in manifest["hosts"].items()}
    assert found == {
        "ok": "collected",
        "gone": "unreachable",
        "cut": "failed",
        "late": "collected",
        "late-cut": "partial",
        "stale": "failed",
        "dropped": "failed",
        "torn": "failed",
    }
    assert manifest == read(tmp_path / "manifest.json")
    assert manifest["state"] == "complete"
    assert manifest["finished_at"] == "2026-11-22T10:44:12.000005Z"
    for entry in manifest["hosts"].values():
        assert (entry["reason"] is None) == (entry["status"] == "collected")
        assert (entry["bundle"] is None) == (entry["status"] in ("failed", "unreachable"))


@pytest.mark.parametrize("content", [None, "", "[]", '{"schema": "other"}', "\0"])
def test_only_a_manifest_of_ours_is_completed(tmp_path: Path, content: str | None) -> None:
    """Without one there is no run to end."""
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(archive.ArchiveError, match=r"manifest\.json"):
        archive.complete_run(tmp_path, {}, finished_at=NOW)


WRITER = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from truthmap_control import archive

folder = Path(sys.argv[1])
now = datetime.now(timezone.utc)
hosts = [f"host{number}" for number in range(40)]
archive.open_run(folder, hosts, collector_version="0", started_at=now, run="r")
results = {}
print("begun", flush=True)
for host in hosts:
    answer = {"collector": {}, "started_at": "", "finished_at": "", "complete": True,
              "probes": [], "evidence": [{"data": "x" * 500_000}]}
    name, sha256 = archive.write_bundle(folder, archive.bundle(answer, run="r", host=host))
    results[host] = {"status": "collected", "reason": None, "bundle": name, "sha256": sha256}
archive.complete_run(folder, results, finished_at=now)
"""


def test_a_run_killed_at_any_moment_leaves_whole_files(tmp_path: Path) -> None:
    """SIGKILL at random moments: a whole manifest, whole bundles, no half one under its name."""
    chance = random.Random(20260215)  # noqa: S311 - moments, not secrets
    states = set()
    for attempt in range(25):
        folder = tmp_path / str(attempt)
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"begun\n"
        time.sleep(chance.uniform(0, 0.25) if attempt else 30 / 1000)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        manifest = read(folder / "manifest.json")
        states.add(manifest["state"])
        for path in folder.iterdir():
            if path.name.startswith("."):
                assert path.name.endswith(".tmp")
                continue
            found = read(path)
            assert found["schema"].startswith("truthmap/")
            if path.name != "manifest.json":
                assert len(found["evidence"][0]["data"]) == 500_000
        if manifest["state"] == "running":
            assert {entry["status"] for entry in manifest["hosts"].values()} == {"pending"}
    assert "running" in states
