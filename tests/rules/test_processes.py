"""stray_processes, replaced_programs, process_states, and components made of processes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reporter.errors import InputError
from reporter.profile import load_profiles
from reporter.profile_components import process_matches
from reporter.report import host_report
from tests.builders import without
from tests.rules.audit_cases import (
    PROCESSES,
    SUITES,
    bundle,
    cut,
    edited,
    findings,
    planted,
    replaced,
    verdict,
    with_row,
)

AGAIN = "processes_again"


def row(pid: int, **values: Any) -> dict[str, Any]:
    """A process of the planted application's folder, in a session, unless said."""
    usual = {
        "uid": 1000,
        "user": "auditor",
        "started_at": "2026-11-25T12:00:00.000000Z",
        "cgroup": "/user.slice/user-1000.slice/session-9.scope",
        "exe": "/usr/bin/node",
        "name": "node",
        "state": "S",
        "ppid": 1,
        "cwd": "/opt/plant-app/sub",
    }
    return {"pid": pid, **usual, **values}


def strays(**values: Any) -> int:
    """How many strays there are with one more process on an untouched application's host."""
    host = with_row(planted(), PROCESSES, row(99999, **values))
    found = verdict(host, "stray_processes", "plant")
    return int(str(found.message).partition(": ")[2].split(": ")[1].split(";")[0]) - 2


@pytest.mark.parametrize("suite", SUITES)
def test_what_was_started_by_hand_is_found_and_nothing_else(suite: str) -> None:
    """An interpreter left in a session, one in no unit; not the `sleep` that stands beside it."""
    found = verdict(planted(f"{suite}-planted"), "stray_processes", "plant")
    assert (found.status, found.severity) == ("degraded", "P2")
    said = [str(detail) for detail in found.details]
    assert len(said) == 2
    assert "of auditor in /opt/plant-app, left in the login session session-" in said[0]
    assert "of root in /opt/plant-app, in no unit" in said[1]
    assert "sleep" not in str(said)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ({}, 1),
        ({"cgroup": "/init.scope"}, 1),
        ({"cgroup": "/"}, 1),
        ({"cgroup": "/system.slice/run-r1.scope"}, 1),
        ({"cgroup": "/user.slice/user-1.slice/user@1.service/tmux-spawn-1.scope"}, 1),
        ({"cgroup": "/user.slice/user-1.slice/user@1.service/app.slice/bot.service"}, 0),
        ({"cgroup": "/system.slice/ssh.service"}, 1),
        ({"cgroup": "/system.slice/other.service"}, 0),
        ({"cgroup": "/system.slice/docker-ab12.scope"}, 0),
        ({"cgroup": "/system.slice/cron.service"}, 0),
        ({"cgroup": "/system.slice/cron.service", "started_at": "2026-11-20T12:00:00Z"}, 1),
        ({"exe": "/usr/bin/bash", "name": "bash"}, 0),
        ({"exe": "/opt/plant-app/bin/tool", "cwd": "/"}, 1),
        ({"cwd": "/opt/plant-application"}, 0),
        ({"cwd": "/opt"}, 0),
        ({"state": "Z", "exe": None, "cwd": None}, 0),
    ],
)
def test_which_process_is_outside_of_services(values: dict[str, Any], count: int) -> None:
    assert strays(**values) == count


def test_patterns_of_the_profile_name_processes() -> None:
    host = planted("bookworm-untouched", processes=["cron"])
    assert verdict(host, "stray_processes", "plant").status == "ok"
    host = planted("bookworm-untouched", processes=["(sd-pam)"])
    assert verdict(host, "stray_processes", "plant").status == "degraded"


def test_without_rights_what_is_not_shown_is_unknown() -> None:
    found = verdict(planted("non-root"), "stray_processes", "plant")
    assert found.status == "degraded"  # its own process the reader sees
    assert "other processes outside of services are not shown" in str(found.details[-1])
    gone = edited(planted("non-root"), PROCESSES, '"user":"auditor"', cwd="/")
    found = verdict(gone, "stray_processes", "plant")
    assert (found.status, found.missing[0].probe) == ("unknown", PROCESSES)
    assert "not shown to the user auditor" in str(found.message)


def test_no_profile_no_strays_and_no_evidence_is_unknown() -> None:
    assert findings(bundle(), "stray_processes") == {}
    assert findings(without(bundle(), PROCESSES), "stray_processes") == {}
    missing = findings(without(planted(), PROCESSES), "stray_processes")
    assert missing["stray_processes:plant"].verdict.status == "unknown"
    assert missing["stray_processes:plant"].gate == "P2"
    calm = cut(planted("bookworm-untouched", processes=["absent"]), PROCESSES)
    assert verdict(calm, "stray_processes", "plant").status == "unknown"


@pytest.mark.parametrize("suite", SUITES)
def test_a_program_that_was_replaced_is_found(suite: str) -> None:
    found = verdict(planted(f"{suite}-planted"), "replaced_programs", "plant")
    assert (found.status, found.severity) == ("degraded", "P3")
    assert "1 (plant-old.service)" in str(found.message)
    assert "sleeper (deleted)" in found.citations[0].excerpt
    unowned = verdict(bundle(f"{suite}-planted"), "replaced_programs", "host")
    assert unowned.status == "degraded"


def test_a_program_without_a_file_is_no_replaced_one() -> None:
    memory = row(99999, exe="/memfd:runc_cloned:/proc/self/exe (deleted)")
    host = with_row(bundle("bookworm-untouched"), PROCESSES, memory)
    assert verdict(host, "replaced_programs", "host").status == "ok"


def test_programs_that_are_not_shown_are_unknown() -> None:
    found = findings(bundle("non-root"), "replaced_programs")
    assert set(found) == {"replaced_programs:not-shown"}
    assert found["replaced_programs:not-shown"].verdict.status == "unknown"
    hidden = with_row(bundle("bookworm-untouched"), PROCESSES, {"pid": 9, "error": "No entry"})
    assert set(findings(hidden, "replaced_programs")) == {"replaced_programs:not-shown"}


@pytest.mark.parametrize("suite", SUITES)
def test_the_dead_and_the_stuck_are_counted(suite: str) -> None:
    dead = verdict(bundle(f"{suite}-planted"), "process_states", "zombies")
    assert (dead.status, dead.severity) == ("degraded", "P3")
    assert "12; left by plant-zombies.service (12)" in str(dead.message)
    stuck = verdict(planted(f"{suite}-planted"), "process_states", "uninterruptible")
    assert (stuck.status, stuck.severity, stuck.application) == ("degraded", "P3", "plant")
    assert "1 (plant-device.service)" in str(stuck.message)


def test_a_state_counts_only_where_it_lasted() -> None:
    """Another process by the same number, another state, or two looks at once: no alarm."""
    again = edited(bundle(), AGAIN, '"state":"D"', state="S")
    assert verdict(again, "process_states", "uninterruptible").status == "ok"
    reborn = edited(bundle(), AGAIN, '"state":"D"', started_at="2026-11-25T15:59:00.000000Z")
    assert verdict(reborn, "process_states", "uninterruptible").status == "ok"
    first = next(one for one in bundle().evidence if one.id == PROCESSES)
    at_once = replaced(bundle(), AGAIN, started_at=first.started_at)
    assert verdict(at_once, "process_states", "uninterruptible").status == "ok"


def test_few_dead_processes_count_in_an_application_alone() -> None:
    kept = [f'"pid":{pid},' for pid in zombies()[:9]]
    host = bundle()
    for record in (PROCESSES, AGAIN):
        stdout = next(one for one in host.evidence if one.id == record).stdout.data
        lines = [
            line
            for line in stdout.splitlines()
            if '"state":"Z"' not in line or any(pid in line for pid in kept)
        ]
        host = replaced(host, record, stdout="\n".join(lines) + "\n")
    assert verdict(host, "process_states", "zombies").status == "ok"
    owned = msgspec.structs.replace(host, applications={"plant": {"units": ["plant-*"]}})
    assert verdict(owned, "process_states", "zombies").status == "degraded"


def zombies() -> list[int]:
    stdout = next(one for one in bundle().evidence if one.id == PROCESSES).stdout.data
    lines = [line for line in stdout.splitlines() if '"state":"Z"' in line]
    return [msgspec.json.decode(line)["pid"] for line in lines]


def test_without_a_second_look_it_is_unknown() -> None:
    found = findings(without(bundle(), AGAIN), "process_states")
    assert found["process_states:zombies"].verdict.status == "unknown"
    assert found["process_states:uninterruptible"].verdict.status == "unknown"
    calm = findings(without(bundle("bookworm-untouched"), AGAIN), "process_states")
    assert calm["process_states:zombies"].verdict.status == "ok"


@pytest.mark.parametrize(
    ("patterns", "matched"),
    [
        (["python3"], True),
        (["python3.*"], True),
        (["/usr/bin/*"], True),
        (["/opt/a"], True),
        (["/opt/*"], True),
        (["ython"], False),
        (["a"], False),
        ([], False),
    ],
)
def test_patterns_of_processes(patterns: list[str], matched: bool) -> None:
    assert process_matches(tuple(patterns), "python3", "/usr/bin/python3.11", "/opt/a") is matched


@pytest.mark.parametrize(
    ("patterns", "status", "running"),
    [
        (["sleeper"], "ok", "yes"),
        (["/opt/plant-other"], "ok", "yes"),
        (["/opt/plant-app"], "degraded", "yes"),
        (["absent"], "down", "no"),
        (["sleeper", "absent"], "degraded", "partial"),
    ],
)
def test_a_component_of_processes(patterns: list[str], status: str, running: str) -> None:
    host = planted(components={"it": {"processes": patterns}})
    found = {one.id: one.verdict for one in host_report(host).findings}["components:plant/it"]
    assert (found.status, found.running) == (status, running)


def test_a_component_whose_processes_are_not_shown_is_unknown() -> None:
    for host in (
        planted("non-root", components={"it": {"processes": ["/opt/absent/*"]}}),
        without(planted(components={"it": {"processes": ["absent"]}}), PROCESSES),
    ):
        found = {one.id: one.verdict for one in host_report(host).findings}["components:plant/it"]
        assert (found.status, found.running) == ("unknown", "unknown")
        assert PROCESSES in {missing.probe for missing in found.missing}


@pytest.mark.parametrize(
    "profile",
    [
        {"processes": "x"},
        {"processes": [1]},
        {"root_units": "x"},
        {"components": {"a": {"processes": "x"}}},
    ],
)
def test_what_is_no_list_of_patterns_is_refused(profile: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="give a list of"):
        load_profiles({"x": profile}, "test")
