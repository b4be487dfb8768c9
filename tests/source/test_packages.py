"""The scan on real, large code: packages from PyPI that use Redis Streams, as the application.

The streams expected of each service were read in the packages' code by hand, at these versions.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reporter.source.model import Scan
from reporter.source.streams import StreamUses, configured_streams
from reporter.source.usage import used_by

from .scans import scan, script
from .shop import shown

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("packages.txt")

SERVICES: Mapping[str, str] = {
    "taskiq": """\
from taskiq_redis import RedisStreamBroker
broker = RedisStreamBroker("redis://h", queue_name="shop:orders", consumer_group_name="workers")
""",
    "walrus": """\
from walrus import Database
db = Database()
events = db.Stream("shop:events")
events.add({"a": 1})
group = db.consumer_group("audit", ["shop:refunds", "shop:payments"])
group.create()
group.read()
""",
    "litestar": """\
from litestar.channels.backends.redis import RedisChannelsStreamBackend
backend = RedisChannelsStreamBackend(history=10, redis=None)
""",
    "streaq": """\
from streaq import Worker
worker = Worker(queue_name="nightly")
""",
    "rq": "from rq.results import Result\n",
}

Expected = set[tuple[str, str, str | None]]
EXPECTED: Mapping[str, Expected] = {
    # taskiq_redis/redis_broker.py: startup, kick, listen
    "taskiq": {
        ("creates group", "shop:orders", "workers"),
        ("writes", "shop:orders", None),
        ("reads", "shop:orders", "workers"),
    },
    # walrus/containers.py: Stream.add; ConsumerGroup.create (which adds an entry first) and read
    "walrus": {
        ("writes", "shop:events", None),
        ("writes", "shop:refunds", None),
        ("creates group", "shop:refunds", "audit"),
        ("creates group", "shop:payments", "audit"),
        ("reads", "shop:payments", "audit"),
    },
    # litestar/channels/backends/redis.py: the prefix is a default, the channel comes from outside
    "litestar": {("reads", "LITESTAR_CHANNELS_*", None)},
    # streaq/worker.py: REDIS_PREFIX + queue_name + REDIS_STREAM + priority
    "streaq": {("writes", "streaq:nightly:queues:*", None)},
    # rq/results.py: f'{RQ_KEY_PREFIX}:results:{job_id}'
    "rq": {("writes", "rq:results:*", None), ("reads", "rq:results:*", None)},
}
NOWHERE: Mapping[str, Expected] = {
    "taskiq": {("writes", "shop:events", None), ("reads", "shop:orders", "audit")},
    "walrus": {("writes", "shop:orders", None), ("reads", "shop:events", "audit")},
    "litestar": {("writes", "LITESTAR_CHANNELS_*", None)},
}
"""What a guess might say, and the code does not."""


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages, and a program for each service and for everything."""
    name = hashlib.sha256(LIST.read_bytes()).hexdigest()[:12]
    wheels = ROOT / ".cache" / "packages" / name
    if not (wheels / "complete").exists():
        shutil.rmtree(wheels, ignore_errors=True)
        wheels.mkdir(parents=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        pip += ["--disable-pip-version-check", "--only-binary=:all:"]
        done = subprocess.run(
            [*pip, "-d", wheels, "-r", LIST], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"the packages cannot be had: {done.stderr.strip().splitlines()[-1]}")
        (wheels / "complete").touch()
    folder = tmp_path_factory.mktemp("application")
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder, [one for one in packed.namelist() if one.endswith(".py")])
    modules = sorted(
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if all(part.isidentifier() for part in path.relative_to(folder).with_suffix("").parts)
    )
    lines = (f"import {one.removesuffix('.__init__')}\n" for one in modules)
    (folder / "svc_everything.py").write_text("".join(lines))
    for unit, code in SERVICES.items():
        (folder / f"svc_{unit}.py").write_text(code)
    return folder


@pytest.fixture(scope="module")
def scanned(application: Path) -> tuple[Scan, float]:
    """The scan of all, within the bounds of the role, and the seconds it took."""
    declared = yaml.safe_load((ROOT / "roles/probe_repository/defaults/main.yml").read_text())
    (probe,) = [one for one in declared["probe_repository_probes"] if "source" in one["id"]]
    names = ("files", "file_bytes", "all_bytes")
    args: dict[str, Any] = {name: probe["args"][name] for name in names}
    units = [*SERVICES, "everything"]
    programs = [script(application / f"svc_{unit}.py", f"{unit}.service") for unit in units]
    began = time.monotonic()
    found = scan(programs, seconds=120, names=["nightly"], **args)
    return found, time.monotonic() - began


@pytest.fixture(scope="module")
def uses(scanned: tuple[Scan, float]) -> StreamUses:
    return configured_streams(scanned[0])


def test_thousands_of_files_are_read(scanned: tuple[Scan, float]) -> None:
    found, seconds = scanned
    read = [file for file in found.files.values() if file.size and not file.error]
    print(f"\n{len(read)} files of {sum(f.size or 0 for f in read)} bytes in {seconds:.1f} s")
    assert len(read) >= 3000
    assert found.complete, found.limits
    assert seconds < 120
    wrong = {file.path: file.error for file in found.files.values() if file.error}
    print(f"not parsed: {wrong}")
    assert all("syntax error" in str(error) for error in wrong.values())


def test_nothing_of_it_was_run(application: Path, scanned: tuple[Scan, float]) -> None:
    assert not list(application.rglob("*.pyc"))
    assert not {"litestar", "faststream", "walrus", "streaq"} & set(sys.modules)


@pytest.mark.parametrize("unit", EXPECTED)
def test_streams_are_those_read_by_hand(uses: StreamUses, unit: str) -> None:
    found = shown(uses.of(f"{unit}.service"))
    assert EXPECTED[unit] <= found
    assert not NOWHERE.get(unit, set()) & found


@pytest.mark.parametrize(
    ("unit", "used", "unused"),
    [
        ("taskiq", "taskiq_redis.redis_broker", "walrus.containers"),
        ("litestar", "litestar.channels.backends.redis", "litestar.testing.client.sync_client"),
        ("rq", "rq.job", "rq.cli.cli"),
    ],
)
def test_modules_are_those_python_would_import(
    application: Path, scanned: tuple[Scan, float], unit: str, used: str, unused: str
) -> None:
    (program,) = scanned[0].of(f"{unit}.service")
    modules = used_by(scanned[0], program).modules
    assert used in modules
    assert unused not in modules
    assert os.path.commonpath([file.path for file in modules.values()]) == str(application)


def test_the_share_of_calls_whose_stream_is_known(uses: StreamUses) -> None:
    """Most calls of libraries name what their callers give; of the services' own all are known."""
    named = {(use.path, use.line) for use in uses.uses}
    print(
        f"\n{uses.resolved} of {uses.calls} calls name a whole stream; {len(named)} at least a part"
    )
    assert uses.calls > 50
    assert uses.resolved >= 8
