"""Faults on a live host, one at a time: found by the next look, named alone, explained, mended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from reporter.archive import load
from reporter.diff.compare import compare
from reporter.diff.model import BAD, HostDiff
from reporter.diff.side import side_of
from reporter.report import HostReport, Report, build
from tests.fleet.commands import truthmap
from tests.fleet.faults import FAULTS, Changes, Fault
from tests.lab import Lab
from tests.lab.hosts import LabHost
from tests.lab.press_hosts import SECRET, VARIABLES, press_recipe

pytestmark = pytest.mark.lab

NAME = "press"
_SHOWS_S = 120


@dataclass(frozen=True)
class Look:
    """A finished collection."""

    archive: Path

    @cached_property
    def report(self) -> Report:
        """The report over it."""
        return build(load([self.archive]))

    @property
    def host(self) -> HostReport:
        """The host's part of the report."""
        (found,) = self.report.hosts
        return found

    def since(self, before: Look) -> HostDiff:
        """Return what changed, as `truthmap diff` tells it."""
        found = compare(side_of(before.report), side_of(self.report))
        assert found.findings == ()
        (host,) = found.hosts
        assert host.not_compared == ()
        return host


@dataclass
class Shop:
    """The host, and the last look at which nothing was wrong with it."""

    host: LabHost
    folder: Path
    good: Look | None = None
    looks: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    def look(self) -> Look:
        """Collect from the host."""
        archive = f"look-{next(self.looks)}"
        done = truthmap("collect", "-i", "inventory.yml", "--archive", archive, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return Look(self.folder / archive)

    def do(self, command: str, until: str) -> None:
        """Run a command on the host, and wait until another succeeds."""
        self.host.run(command)
        last = time.monotonic() + _SHOWS_S
        while self.host.run(until, check=False).returncode:
            assert time.monotonic() < last, f"never came about: {until}"
            time.sleep(0.1)

    def baseline(self) -> Look:
        """Return the last look at the host as it is meant to be."""
        if self.good is None:
            self.good = self.look()
        return self.good


@pytest.fixture(scope="module")
def shop(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("press")
    host = lab.start(NAME, press_recipe())
    inventory = lab.inventory([NAME])
    inventory["all"]["hosts"][NAME].update(VARIABLES)
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory))
    yield Shop(host, folder)
    lab.stop(NAME)


def test_nothing_is_wrong_with_the_host(shop: Shop) -> None:
    """Every finding is ok, and two looks differ in nothing."""
    first, second = shop.baseline(), shop.look()
    assert {one.id for one in second.host.findings if one.verdict.status != "ok"} == set()
    assert told(second.since(first)) == {}
    assert second.since(first).quiet


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(shop: Shop, name: str) -> None:
    """The next look tells of it and of nothing else; mended, it tells that it recovered."""
    fault, before = FAULTS[name], shop.baseline()
    shop.good = None
    try:
        shop.do(fault.inject, fault.shown)
        faulty = shop.look()
    finally:
        shop.do(fault.repair, fault.mended)
    mended = shop.look()

    diff = faulty.since(before)
    assert turned(diff, fault) == {
        **dict.fromkeys(fault.findings, "bad"),
        **dict.fromkeys(fault.unknown, "unknown"),
    }
    assert told(diff) == fault.changes
    assert causes(faulty, fault) == {fault.cause and f"cause:{fault.cause}"} - {None}

    diff = mended.since(faulty)
    assert turned(diff, fault) == dict.fromkeys((*fault.findings, *fault.unknown), "good")
    assert told(diff) == fault.told_back

    diff = mended.since(before)
    assert turned(diff, fault) == {}
    assert told(diff) == fault.rest
    shop.good = mended


def turned(diff: HostDiff, fault: Fault) -> dict[str, str]:
    """Return how findings changed, but for those that depend on the host's age."""
    kinds = {**dict.fromkeys(BAD, "bad"), "unknown_now": "unknown"}
    return {
        one.seen.id: kinds.get(one.how, "good")
        for one in diff.findings
        if one.seen.id not in fault.perhaps
    }


def told(diff: HostDiff) -> Changes:
    """Return what else changed: one line a thing."""
    return {(one.kind, one.name): one.how for one in diff.changes}


def causes(look: Look, fault: Fault) -> set[str]:
    """Return the causes at which the chains of the fault's findings end.

    A finding without a severity of its own is the sum of others, and has none.
    """
    explained = look.host.judgement.explained
    found = {one.id: one for one in look.host.findings}
    return {explained[name].id for name in fault.findings if found[name].verdict.severity}


def test_the_command_tells_it_in_one_story(shop: Shop) -> None:
    """A service that was killed leads what fell with it; the gate is shut, then open."""
    fault, before = FAULTS["a service killed"], shop.baseline()
    shop.good = None
    try:
        shop.do(fault.inject, fault.shown)
        faulty = shop.look()
    finally:
        shop.do(fault.repair, fault.mended)
    pair = (before.archive.name, faulty.archive.name)
    done = truthmap("diff", *pair, "--fail-on", "P2", cwd=shop.folder)
    assert done.returncode == 2
    assert "BROKEN P2 press-desk.service failed" in done.stdout
    page: Mapping[str, Any] = json.loads(
        truthmap("diff", *pair, "--format", "json", cwd=shop.folder).stdout
    )
    (host,) = page["hosts"]
    stories = {one["story"] for one in (*host["findings"], *host["changes"])}
    assert stories == {"press-desk"}
    backwards = truthmap("diff", *reversed(pair), "--fail-on", "P2", cwd=shop.folder)
    assert backwards.returncode == 0
    assert "RECOVERED" in backwards.stdout


def test_no_look_has_the_secret(shop: Shop) -> None:
    """Neither the archives nor what is told of the secret that changed."""
    for archive in shop.folder.iterdir():
        for path in archive.glob("*") if archive.is_dir() else ():
            assert SECRET not in path.read_text()
