"""Rule growing_logs."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from tests.rules.host_cases import without
from tests.rules.logging_cases import (
    DAY,
    SUITES,
    bundle,
    edited,
    files,
    findings,
    listed,
    now,
    only,
    outcome,
)

MIB = 1024**2
CONFIG = "logging_rotation_config"
LISTING = "logging_files"


def statuses(collected: Bundle) -> dict[str, str]:
    found = findings(collected, "growing_logs")
    return {key.partition(":")[2]: item.verdict.status for key, item in found.items()}


def large(path: str, size: int = 100 * MIB, age: float = 60.0) -> Bundle:
    """Return a host with one file under /var/log, written to so many seconds before."""
    lines = listed(path, size, now(bundle()) - age) + listed("/var/log", 1, type="directory")
    return edited(bundle(), LISTING, lines)


@pytest.mark.parametrize("suite", SUITES)
def test_a_large_log_nobody_rotates_is_named(suite: str) -> None:
    path = "/var/log/quantum/trades.out"
    status, severity, message = only(bundle(f"{suite}-planted"), "growing_logs", path)
    assert (status, severity) == ("degraded", "P3")
    assert message.startswith(f"{path} holds 150.0 MiB, was written to at 2026-11-25T12:54:")
    assert statuses(bundle(f"{suite}-untouched")) == {"/var/log": "ok"}


@pytest.mark.parametrize(
    ("path", "size", "age"),
    [
        ("/var/log/app.log", 100 * MIB - 1, 60),  # not large
        ("/var/log/app.log", 100 * MIB, 8 * DAY),  # not growing
        ("/var/log/redis/redis-server.log", 100 * MIB, 60),  # rotated
        ("/var/log/redis/redis-server.log.1", 100 * MIB, 60),  # a rotation's
        ("/var/log/lastlog", 100 * MIB, 60),  # sparse
        ("/var/log/audit/audit.log", 100 * MIB, 60),  # auditd's own affair
    ],
)
def test_what_is_no_fault(path: str, size: int, age: float) -> None:
    assert statuses(large(path, size, age)) == {"/var/log": "ok"}


def test_at_the_limit_and_of_an_unknown_time() -> None:
    assert statuses(large("/var/log/app.log")) == {"/var/log/app.log": "degraded"}
    timeless = listed("/var/log/app.log", 100 * MIB, mtime=0.0).replace(
        "1970-01-01T00:00:00.000000Z", ""
    )
    unknown = edited(bundle(), LISTING, timeless.replace('"mtime": ""', '"mtime": null'))
    assert "at an unknown time" in only(unknown, "growing_logs", "/var/log/app.log")[2]


def test_a_configuration_with_gaps_proves_nothing() -> None:
    gap = files(large("/var/log/app.log"), CONFIG, a="<masked:12> {\n}\n")
    assert statuses(gap) == {"/var/log/app.log": "unknown"}
    named = files(large("/var/log/app.log"), CONFIG, a="/var/log/*.log <masked:12> {\n}\n")
    assert statuses(named) == {"/var/log": "ok"}


def test_a_folder_that_stayed_closed_is_unknown() -> None:
    closed = listed("/var/log/private", 1, type="directory", error="Permission denied")
    assert statuses(edited(bundle(), LISTING, closed))["/var/log/private"] == "unknown"
    mount = closed.replace("private", "audit")
    assert statuses(edited(bundle(), LISTING, mount)) == {"/var/log": "ok"}


@pytest.mark.parametrize("probe", [LISTING, CONFIG])
def test_without_its_evidence_it_is_unknown(probe: str) -> None:
    for collected in (without(bundle(), probe), outcome(bundle(), probe, "denied", "no")):
        assert statuses(collected) == {"/var/log": "unknown", f"evidence/{probe}": "unknown"}
    cut = edited(bundle(), LISTING, listed("/var/log", 1, type="directory"), truncated=True)
    assert statuses(cut)["/var/log"] == "unknown"
