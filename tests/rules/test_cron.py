"""cron_jobs, cron_programs, cron_tables: what cron starts, cannot start, and ignores."""

from __future__ import annotations

import pytest

from reporter.rules.cron_schedule import unreadable
from tests.builders import without
from tests.rules.audit_cases import (
    CRON,
    SUITES,
    bundle,
    changed,
    edited,
    findings,
    planted,
    replaced,
    verdict,
    with_row,
)

IGNORED = {
    "/etc/cron.d/plant-garbage": ("P2", "line 1 is no entry: not a line of cron password=<masked"),
    "/etc/cron.d/plant-nobody": ("P2", "line 1: there is no user /usr/bin/python3"),
    "/etc/cron.d/plant-open": ("P2", "its last line has no end"),
    "/etc/cron.d/plant-owner": ("P2", "it is not root's but nobody's"),
    "/etc/cron.d/plant-time": ("P2", "line 1: its minute cannot be read (61 3 * * *)"),
    "/etc/cron.d/plant-user": ("P2", "line 1: there is no user nosuchuser"),
    "/etc/cron.d/plant-writable": ("P2", "others than root may write it (mode 0666)"),
    "/etc/cron.d/plant.dotted": ("P3", "its name has other signs than letters, digits, - and _"),
    "/etc/cron.daily/plant-closed": ("P3", "nobody may execute it"),
    "/etc/cron.daily/plant.sh": ("P3", "its name has other signs than letters, digits, - and _"),
}
"""What Debian's cron itself said in the journal when these were planted, save for the P3."""


@pytest.mark.parametrize("suite", SUITES)
def test_every_table_cron_ignores_is_found_and_no_other(suite: str) -> None:
    seen = findings(bundle(f"{suite}-planted"), "cron_tables")
    assert {f"cron_tables:{path}" for path in IGNORED} == set(seen)
    for path, (severity, said) in IGNORED.items():
        found = seen[f"cron_tables:{path}"].verdict
        assert (found.status, found.severity) == ("degraded", severity)
        assert f"{path} is ignored by cron, wholly or in part: {said}" in str(found.message)
        assert path in found.citations[0].excerpt


@pytest.mark.parametrize("suite", SUITES)
def test_missing_programs_are_found_and_guarded_ones_are_not(suite: str) -> None:
    seen = findings(bundle(f"{suite}-planted"), "cron_programs")
    assert set(seen) == {
        "cron_programs:/etc/cron.d/plant-gone",
        "cron_programs:/var/spool/cron/crontabs/auditor",
    }
    gone = seen["cron_programs:/etc/cron.d/plant-gone"].verdict
    assert (gone.status, gone.severity) == ("degraded", "P3")
    assert str(gone.message) == (
        "/etc/cron.d/plant-gone: entries whose programs do not exist: 3 (/opt/plant-app/gone.sh, "
        "/opt/plant-app/gone.py, plant-no-such-program)"
    )


@pytest.mark.parametrize("suite", SUITES)
def test_the_entries_of_an_application_are_one_finding(suite: str) -> None:
    found = verdict(planted(f"{suite}-planted"), "cron_jobs", "plant")
    assert (found.status, found.severity, found.running) == ("degraded", "P2", "partial")
    assert found.application == "plant"
    assert "10 of 12 entries of cron cannot work" in str(found.message)
    assert "s3cr3t" not in str(found.details)
    host = verdict(planted(f"{suite}-planted"), "cron_jobs", "host")
    assert (host.status, host.running) == ("ok", "yes")


def test_an_application_without_entries_has_no_finding() -> None:
    assert set(findings(planted("bookworm-untouched"), "cron_jobs")) == {"cron_jobs:host"}


def test_entries_are_the_applications_by_a_pattern_of_its_processes() -> None:
    host = planted("bookworm-planted", units=["absent-*"], processes=["/opt/plant-app/*"])
    assert "10 of 12" in str(verdict(host, "cron_jobs", "plant").message)
    assert set(findings(bundle(), "cron_jobs")) == {"cron_jobs:host"}


def test_good_entries_are_ok() -> None:
    rows = (
        {"path": "/etc/cron.d/a", "type": "file", "mode": "0644", "uid": 0, "form": "system"},
        {"path": "/etc/cron.d/a", "newline": True, "truncated": False},
        {
            "path": "/etc/cron.d/a",
            "line": 1,
            "schedule": "@hourly",
            "user": "root",
            "command": "/srv/a/run",
            "programs": ["/srv/a/run"],
            "missing": [],
            "names": [],
            "guarded": False,
        },
    )
    host = with_row(planted(units=["x"], processes=["/srv/a/*"]), CRON, *rows)
    found = verdict(host, "cron_jobs", "plant")
    assert (found.status, found.severity, found.running) == ("ok", None, "yes")
    assert "cron_tables:/etc/cron.d/a" not in findings(host, "cron_tables")


def test_without_a_daemon_the_applications_entries_are_down() -> None:
    found = verdict(planted("no-cron"), "cron_jobs", "plant")
    assert (found.status, found.severity, found.running) == ("down", "P2", "no")
    assert "no cron daemon runs" in str(found.message)
    users = verdict(bundle("no-cron"), "cron_jobs", "host")
    assert (users.status, users.severity) == ("degraded", "P3")
    stopped = changed(bundle("bookworm-untouched"), "cron.service", ActiveState="inactive")
    packaged = verdict(stopped, "cron_jobs", "host")
    assert (packaged.status, packaged.running) == ("ok", "no")


def test_what_may_not_be_read_is_unknown_with_its_path() -> None:
    found = verdict(bundle("non-root"), "cron_tables", "/var/spool/cron/crontabs")
    assert found.status == "unknown"
    assert str(found.missing[0].reason) == "/var/spool/cron/crontabs: Permission denied"


def test_no_crontab_at_all_is_an_answer_and_no_record_is_none() -> None:
    first = bundle().evidence[0]
    assert first.id == CRON
    header = first.stdout.data.splitlines()[0] + "\n"
    none = replaced(bundle("bookworm-untouched"), CRON, stdout=header, outcome="absent")
    assert set(findings(none, "cron_tables")) == set()
    assert verdict(none, "cron_jobs", "host").status == "ok"
    for rule in ("cron_jobs", "cron_programs", "cron_tables"):
        missing = findings(without(bundle(), CRON), rule)
        assert [finding.verdict.status for finding in missing.values()] == ["unknown"]


def test_a_user_who_may_come_from_elsewhere_makes_it_unknown() -> None:
    host = edited(bundle(), CRON, '"daemons"', users_from=["files", "sss"])
    found = verdict(host, "cron_tables", "/etc/cron.d/plant-user")
    assert (found.status, found.severity) == ("unknown", None)
    assert "users may come from elsewhere (files sss)" in str(found.message)
    path = verdict(host, "cron_tables", "/etc/cron.d/plant-nobody")
    assert path.status == "degraded"


def test_names_modes_and_ends_are_not_judged_for_another_daemon() -> None:
    host = edited(bundle(), CRON, '"daemons"', daemons=["/usr/sbin/crond"])
    seen = findings(host, "cron_tables")
    assert "cron_tables:/etc/cron.d/plant.dotted" not in seen
    assert "cron_tables:/etc/cron.d/plant-open" not in seen
    assert "cron_tables:/etc/cron.d/plant-owner" in seen


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"mode": "0640"}, "its mode is 0640, not 0600"),
        ({"links": 2}, "it has a second link"),
        ({"uid": 5, "owner": "games"}, "it belongs to games"),
    ],
)
def test_a_users_own_table(values: dict[str, object], said: str) -> None:
    """As Debian's cron says: INSECURE MODE, NUMBER OF HARD LINKS > 1, WRONG FILE OWNER."""
    path = "/var/spool/cron/crontabs/auditor"
    host = edited(bundle(), CRON, f'"path": "{path}", "type"', **values)
    assert said in str(verdict(host, "cron_tables", path).message)


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "*/5 8-18 1,15 jan-mar mon-fri",
        "0 0 29 2 7",
        "1-59/2 0 * * sun",
        "@reboot",
        "@midnight",
        "0~30 * * * *",
    ],
)
def test_moments_cron_reads(schedule: str) -> None:
    assert unreadable(schedule) is None


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of week"),
        ("*/0 * * * *", "minute"),
        ("5-1 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("mon * * * *", "minute"),
        ("@fortnightly", "nickname"),
    ],
)
def test_moments_cron_does_not_read(schedule: str, field: str) -> None:
    assert str(unreadable(schedule)) == field
