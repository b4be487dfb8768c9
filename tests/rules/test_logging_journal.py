"""Rules journal_room and journal_drops."""

from __future__ import annotations

from typing import Any

import pytest

from reporter.evidence import Bundle
from tests.rules.host_cases import row, without
from tests.rules.logging_cases import (
    SUITES,
    bundle,
    edited,
    files,
    findings,
    listed,
    only,
    outcome,
    verdict,
)
from tests.rules.systemd_cases import with_profile

MIB = 1024**2
GIB = 1024**3
DISK = "logging_journal_persistent"
MEMORY = "logging_journal_volatile"
CONFIG = "logging_journal_config"


def journal(collected: Bundle) -> tuple[str, str | None, str]:
    return only(collected, "journal_room", "journal")


def of(*sizes: int, disk: str = "/var/log/journal") -> str:
    """Return a listing: the file that is written to, then archived ones."""
    names = ["system", *(f"system@0-{number}-{1:016x}" for number in range(1, len(sizes)))]
    lines = [
        listed(f"{disk}/0/{name}.journal", size)
        for name, size in dict(zip(names, sizes, strict=True)).items()
    ]
    return "".join(lines) + listed(disk, 1, type="directory")


def on_disk(*sizes: int, settings: str = "", **disk: Any) -> Bundle:
    """Return a machine with one 40 GB disk, these files of the journal and these settings."""
    collected = edited(bundle(), "host_filesystems", row(**disk))
    collected = edited(collected, DISK, of(*sizes))
    return files(collected, CONFIG, own=f"[Journal]\n{settings}\n")


def in_memory(settings: str) -> Bundle:
    memory = row("/run", fstype="tmpfs", source="tmpfs", size=800 * MIB, free=700 * MIB)
    collected = edited(bundle(), "host_filesystems", row() + memory)
    collected = outcome(collected, DISK, "absent", "No such file or directory")
    collected = edited(collected, MEMORY, of(8 * MIB, disk="/run/log/journal"))
    return files(collected, CONFIG, own=f"[Journal]\n{settings}\n")


@pytest.mark.parametrize("suite", SUITES)
def test_the_journal_of_a_lab_host_is_ok_with_its_figures(suite: str) -> None:
    found = journal(bundle(f"{suite}-untouched"))
    assert found == (
        "ok",
        None,
        "the journal takes 8.0 MiB in /var/log/journal (files: 1), of 4.0 GiB it may take",
    )
    planted = verdict(bundle(f"{suite}-planted"), "journal_room", "journal")
    assert str(planted.message).endswith("in /var/log/journal (files: 2), of 64.0 MiB it may take")
    assert [str(line) for line in planted.details] == [
        "its oldest archived entry is of 2026-11-25T12:46:00Z",
        "entries are kept for 1month at most (MaxRetentionSec=)",
    ]


def test_a_journal_past_its_limit() -> None:
    """The default is a tenth of the disk; the file that is written to may stand over."""
    assert journal(on_disk(100 * MIB, 3600 * MIB))[:2] == ("ok", None)
    assert journal(on_disk(100 * MIB, 4 * GIB))[:2] == ("degraded", "P3")
    assert "does not keep to its limit" in journal(on_disk(100 * MIB, 4 * GIB))[2]
    limited = on_disk(100 * MIB, 450 * MIB, settings="SystemMaxUse=500M")
    assert journal(limited)[:2] == ("ok", None)
    limited = on_disk(100 * MIB, 600 * MIB, settings="SystemMaxUse=500M")
    assert journal(limited)[:2] == ("degraded", "P3")


def test_a_full_disk_is_the_journals_fault_only_if_it_takes_much_of_it() -> None:
    full = {"size": 8 * GIB, "free": GIB // 2, "available": GIB // 2}
    much = on_disk(2 * GIB, settings="SystemMaxUse=3G", **full)
    assert journal(much)[:2] == ("degraded", "P3")
    assert "it is much of the 7.5 GiB on /, of which 94 % is in use" in journal(much)[2]
    assert journal(on_disk(GIB, settings="SystemMaxUse=3G", **full))[:2] == ("ok", None)


def test_a_journal_in_memory_is_said_to_be() -> None:
    found = verdict(in_memory("Storage=volatile"), "journal_room", "journal")
    assert found.status == "ok"
    assert "of 80.0 MiB it may take" in str(found.message)
    assert "gone with the next boot" in str(found.details[0])
    assert journal(in_memory("Storage=persistent"))[:2] == ("degraded", "P3")


def test_no_journal() -> None:
    none = edited(in_memory("Storage=none"), MEMORY, listed("/run/log/journal", 1, type="dir"))
    assert journal(none)[:2] == ("ok", None)
    assert journal(files(none, CONFIG, own="[Journal]\n"))[:2] == ("unknown", None)


def test_a_journal_on_what_was_not_measured_is_unknown() -> None:
    network = row("/var/log", skipped="reached over the network, which is not touched", size=None)
    assert journal(edited(bundle(), "host_filesystems", row() + network))[:2] == ("unknown", None)


@pytest.mark.parametrize("probe", [DISK, MEMORY, CONFIG, "host_filesystems"])
def test_without_its_evidence_the_room_is_unknown(probe: str) -> None:
    for collected in (without(bundle(), probe), outcome(bundle(), probe, "denied", "no")):
        assert journal(collected)[:2] == ("unknown", None)
        assert f"journal_room:evidence/{probe}" in findings(collected, "journal_room")


@pytest.mark.parametrize("suite", SUITES)
def test_dropped_messages_are_counted_by_unit(suite: str) -> None:
    status, severity, message = only(bundle(f"{suite}-planted"), "journal_drops", "chatty.service")
    assert (status, severity) == ("degraded", "P3")
    assert "dropped 926 messages, 2 times from 2026-11-25T12:48:" in message
    assert message.endswith("(within 7 d)")
    found = findings(bundle(f"{suite}-untouched"), "journal_drops")
    assert {key: item.verdict.status for key, item in found.items()} == {
        "journal_drops:rate limit": "ok"
    }


def test_what_a_unit_lost_belongs_to_its_application() -> None:
    collected = with_profile(bundle("bookworm-planted"), units=["chatty"])
    assert verdict(collected, "journal_drops", "chatty.service").application == "plant"


def test_a_journal_that_may_not_be_read_is_no_journal_without_drops() -> None:
    collected = outcome(bundle(), "logging_suppressed", "denied", "system.journal: denied")
    found = findings(collected, "journal_drops")
    assert {item.verdict.status for item in found.values()} == {"unknown"}
    assert set(found) == {
        "journal_drops:rate limit",
        "journal_drops:evidence/logging_suppressed",
    }
