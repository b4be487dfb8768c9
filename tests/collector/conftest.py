"""What the collector's tests share: a short way to collect, and an eye on processes."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from truthmap_collector.runner import collect

NOBODY = 65534

Record = dict[str, Any]
Records = dict[str, Record]


class Look(Protocol):
    """Collects some probes under some limits; returns the records by id."""

    def __call__(self, *probes: dict[str, Any], **limits: float) -> Records: ...


def records(*probes: dict[str, Any], **limits: float) -> Records:
    answer = collect(
        {
            "probes": [{"description": "A test.", **probe} for probe in probes],
            "limits": limits,
            "fingerprint_key": None,
        }
    )
    by_id = {record["id"]: record for record in answer["evidence"]}
    assert len(answer["evidence"]) == len(by_id)
    return by_id


@pytest.fixture
def look() -> Look:
    return records


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A folder that everyone may reach."""
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(folder.stat().st_mode | 0o011)
    return tmp_path


@pytest.fixture
def look_as_nobody() -> Callable[..., Records]:
    """Collect as a user without rights; as the present one if that is no root already.

    A fork without exec: nobody need not be able to read this interpreter or checkout.
    """

    def run(*probes: dict[str, Any], **limits: float) -> Records:
        if os.geteuid() != 0:
            return records(*probes, **limits)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with os.fdopen(writer, "w") as stream:
                json.dump(records(*probes, **limits), stream)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as stream:
            text = stream.read()
        os.waitpid(child, 0)
        found: Records = json.loads(text)
        return found

    return run


class Marked:
    """Processes that carry a word of ours among their arguments."""

    def __init__(self) -> None:
        self.word = f"marked-{uuid.uuid4().hex}"

    def alive(self) -> list[int]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if self.word.encode() in arguments and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        return found

    def gone(self) -> bool:
        """Wait a moment for killed processes to be reaped; say whether none is left."""
        give_up = time.monotonic() + 3
        while self.alive() and time.monotonic() < give_up:
            time.sleep(0.02)
        return not self.alive()


@pytest.fixture
def marked() -> Iterator[Marked]:
    marker = Marked()
    yield marker
    for pid in marker.alive():
        os.kill(pid, 9)
