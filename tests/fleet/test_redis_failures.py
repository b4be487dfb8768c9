"""Redis freezes or dies in the middle of its survey: what was got is kept, and the run ends."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reporter.archive import load
from reporter.report import host_report
from tests.ablation import violations
from tests.fleet.commands import truthmap
from tests.fleet.redis_fleet import OPEN, SHARED, RedisRun, difference, table
from tests.lab import Lab
from tests.lab.hosts import LabHost
from tests.lab.redis_hosts import load_shared_population

pytestmark = pytest.mark.lab

ENDPOINT = "127.0.0.1:6379"
FROZEN, KILLED, UNHARMED = OPEN["bookworm"], OPEN["trixie"], OPEN["bullseye"]
FILLED = 7
"""A database of keys that are no streams; it is scanned after all the others."""

FILL = "redis-cli -n {db} EVAL \"for i = 1, 200000 do redis.call('SET', 'filler:' .. i, '') end\" 0"

# Waits until the survey scans the filled database, and sends Redis a signal then.
STRIKE = """\
import os, signal, sys, time
import redis
server = redis.Redis()
pid = server.info()["process_id"]
until = time.monotonic() + 60
while time.monotonic() < until:
    for client in server.client_list():
        if client["db"] == "{db}" and client["cmd"].startswith("scan"):
            os.kill(pid, signal.{signal})
            sys.exit()
sys.exit("nobody scanned")
"""


@contextmanager
def struck(host: LabHost, signal: str) -> Iterator[None]:
    """While this lasts, the host's Redis is sent the signal as soon as it is surveyed."""
    host.run(FILL.format(db=FILLED))
    host.put("/opt/strike.py", STRIKE.format(db=FILLED, signal=signal))
    command = [*("podman", "exec", host.container), "python3", "/opt/strike.py"]
    strike = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield
        said, _ = strike.communicate(timeout=60)
        assert strike.returncode == 0, said
    finally:
        strike.kill()
        host.run("pkill -CONT -x redis-server; rm -f /opt/strike.py; systemctl start redis-server")
        host.run("for i in $(seq 50); do redis-cli PING | grep -q PONG && exit; sleep 0.1; done")
        load_shared_population(host)


@pytest.fixture(scope="module")
def failed_run(
    redis_run: RedisRun, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, float]:
    """A run in which one server freezes and another dies; its folder, and the seconds it took."""
    folder = tmp_path_factory.mktemp("redis-failures")
    inventory = lab.write_inventory(folder / "inventory.yml", OPEN.values())
    with struck(lab.host(FROZEN), "SIGSTOP"), struck(lab.host(KILLED), "SIGKILL"):
        begun = time.monotonic()
        done = truthmap("run", "-i", inventory, "--archive", "run", cwd=folder)
        took = time.monotonic() - begun
    assert done.returncode == 0, done.stderr
    return folder / "run", took


def report(failed_run: tuple[Path, float], name: str) -> dict[str, Any]:
    hosts = json.loads((failed_run[0] / "report" / "report.json").read_text())["hosts"]
    found: dict[str, Any] = next(item for item in hosts if item["host"] == name)
    return found


def record(failed_run: tuple[Path, float], name: str) -> dict[str, Any]:
    bundle = json.loads((failed_run[0] / f"{name}.json").read_text())
    wanted = f"redis_servers[{ENDPOINT}]"
    found: dict[str, Any] = next(item for item in bundle["evidence"] if item["id"] == wanted)
    return found


def test_the_run_ends_in_its_budget(failed_run: tuple[Path, float]) -> None:
    """A server that says nothing for five seconds is given up; none costs the probe's 40 s."""
    assert failed_run[1] < 40
    assert record(failed_run, FROZEN)["duration_s"] < 20
    assert record(failed_run, KILLED)["duration_s"] < 10


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        (FROZEN, "timeout", "stopped answering"),
        (KILLED, "error", "connection"),
    ],
)
def test_what_it_had_is_kept_and_the_end_is_told(
    failed_run: tuple[Path, float], name: str, outcome: str, reason: str
) -> None:
    """The reason says what happened and at which command; the rows up to there are there."""
    found = record(failed_run, name)
    assert found["outcome"] == outcome
    assert reason in found["reason"]
    assert "SCAN" in found["reason"]
    asked = [json.loads(line)["ask"] for line in found["stdout"]["data"].splitlines()]
    assert asked[0] == ["INFO"]
    streams = {ask[2] for ask in asked if ask[:2] == ["XINFO", "STREAM"]}
    assert streams == set(SHARED.streams)
    assert report(failed_run, name)["coverage"]["missing"] == 1


@pytest.mark.parametrize("name", [FROZEN, KILLED])
def test_the_report_says_what_it_knows(
    redis_run: RedisRun, failed_run: tuple[Path, float], name: str
) -> None:
    """The table has every stream that was surveyed; what was not is unknown, not absent or ok."""
    host = report(failed_run, name)
    assert [row["stream"] for row in host["streams"]] == [
        row["stream"] for row in redis_run.host(name)["streams"]
    ]
    findings = {item["id"]: item for item in host["findings"]}
    scan = findings[f"redis_keyspace:{ENDPOINT}/db{FILLED}"]
    assert scan["status"] == "unknown"
    assert findings[f"redis_survey:{ENDPOINT}"]["status"] == "unknown"
    page = (failed_run[0] / "report" / "report.txt").read_text()
    own = page.partition(f"\n{name} - Total")[2].partition(" - Total")[0]
    assert f"database {FILLED}" in own.partition("TRUTH TABLE")[2]


def test_other_hosts_are_untouched(redis_run: RedisRun, failed_run: tuple[Path, float]) -> None:
    """The third host's table and verdicts are those of the run in which nothing happened."""
    host = report(failed_run, UNHARMED)
    before = table(redis_run.host(UNHARMED), ENDPOINT)
    assert difference(before, table(host, ENDPOINT), "before", "now") == ""
    assert host["coverage"]["missing"] == 0
    verdicts = {
        item["id"]: item["status"]
        for item in host["findings"]
        if item["rule"].startswith(("redis_", "stream_"))
    }
    assert verdicts == {
        name: item["status"]
        for name, item in redis_run.findings(UNHARMED).items()
        if item["rule"].startswith(("redis_", "stream_"))
    }


@pytest.mark.parametrize("name", [FROZEN, KILLED])
def test_ablation(failed_run: tuple[Path, float], name: str) -> None:
    """It holds for half a survey, too."""
    bundle = load([failed_run[0]]).bundles[name]
    whole = host_report(bundle)
    records = [item.id for item in bundle.evidence if item.probe.startswith("redis_")]
    assert [line for one in records for line in violations(bundle, one, whole)] == []
