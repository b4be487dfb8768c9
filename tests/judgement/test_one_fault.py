"""What one fault raises several findings for is one cause, and it is the fault."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from reporter.evidence import Bundle
from reporter.judgement.causes import Cause
from tests.builders import NOW, record, without
from tests.rules import audit_cases, redis_cases, repository_cases, sockets_cases
from tests.rules.repository_cases import with_records
from tests.rules.stream_cases import (
    consumer,
    entry,
    group,
    host,
    report,
    stream,
    survey,
)
from tests.rules.systemd_cases import moment

READER = "shop-reader.service"
DOWN = {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"}
HOUR = 3600.0


def causes(collected: Bundle) -> dict[str, Cause]:
    return {cause.id: cause for cause in report(collected).judgement.causes}


def ends(collected: Bundle) -> dict[str, str]:
    """Return the cause of each finding that has one, by its id."""
    return {name: one.id for name, one in report(collected).judgement.explained.items()}


def unread(state: Mapping[str, str], name: str = "reader") -> Bundle:
    """A stream that moves, and a group nobody reads, called after a unit in some state."""
    behind = group(name, consumer("c", 2 * HOUR), delivered=2 * HOUR, lag=2)
    shown = survey(stream("a", entry(0.5), entry(HOUR), groups=[behind]))
    return host(shown, units={READER: state}, profile={"units": ["shop-*"], "streams": ["a"]})


def test_a_group_is_unread_because_the_unit_it_is_called_after_is_down() -> None:
    """Whose connection it was is not seen any more: that it was the unit's is an inference."""
    cause = causes(unread(DOWN))[f"cause:unit/{READER}"]
    (chain,) = (one for one in cause.chains if one.symptom.thing.kind == "group")
    assert [step.thing.name for step in chain.steps] == ["a/reader", READER]
    assert chain.confidence == "inferred"
    assert "by its name" in str(chain.steps[1].link and chain.steps[1].link.how)


def test_a_group_whose_unit_runs_ends_the_chain_and_names_it() -> None:
    found = causes(unread({"ActiveState": "active"}))
    assert str(found["cause:group/a/reader"].unknown) == (
        f"by its name it is read by {READER}; nothing wrong is seen there"
    )


def test_a_group_of_no_units_name_blames_nobody() -> None:
    found = causes(unread(DOWN, name="audit"))
    assert found[f"cause:unit/{READER}"].explains == 0
    assert str(found["cause:group/a/audit"].unknown) == "which unit reads through it is not known"


TIMER, JOB = "shop-job.timer", "shop-job.service"


def timed(timer: Mapping[str, str], job: Mapping[str, str]) -> Bundle:
    """A timer and its service; both are shown as units, and the timer by its schedule too."""
    usual = {"LoadState": "loaded", "UnitFileState": "enabled", "Triggers": JOB, **timer}
    started = {"LoadState": "loaded", "Type": "oneshot", "TriggeredBy": TIMER, **job}
    collected = host(survey(), units={TIMER: usual, JOB: started})
    lines = {"Id": TIMER, "Unit": JOB, "TimersCalendar": _CALENDAR, **usual}
    shown = "".join(f"{key}={value}\n" for key, value in lines.items())
    return with_records(collected, record("timers_schedules", shown))


_CALENDAR = "{ OnCalendar=*-*-* 02:00:00 ; next_elapse=n/a }"


def test_a_service_waits_in_vain_for_a_timer_that_is_off() -> None:
    """The timer is the cause, and not what it does not start."""
    off = {"ActiveState": "inactive", "SubState": "dead"}
    collected = timed(off, off)
    found = ends(collected)
    assert f"cause:unit/{JOB}" not in causes(collected)
    assert found[f"timer_state:{TIMER}"] == f"cause:unit/{TIMER}"
    assert found[f"service_state:{JOB}"] == f"cause:unit/{TIMER}"


def test_a_timer_that_runs_is_not_why_its_service_fails() -> None:
    on = {
        "ActiveState": "active",
        "SubState": "waiting",
        "LastTriggerUSec": moment(NOW.timestamp() - 60),
        "NextElapseUSecRealtime": moment(NOW.timestamp() + HOUR),
    }
    found = ends(timed(on, {**DOWN, "ExecMainStatus": "1", "ExecMainCode": "1"}))
    assert found[f"service_state:{JOB}"] == f"cause:unit/{JOB}"


PORT = {
    "units": ["shop-*"],
    "expected_ports": [8000],
    "components": {"ui": {"title": "Web UI", "units": ["shop-ui*"], "ports": [8000]}},
}


def test_a_port_whose_unit_runs_says_so() -> None:
    """Nothing is wrong with the unit as systemd sees it; that it does not listen is the end."""
    found = causes(host(survey(), units={"shop-ui.service": "active"}, profile=PORT))
    assert str(found["cause:port/8000"].unknown).startswith(
        "shop-ui.service belongs to the same component, as the profile says, and runs"
    )


def documented(collected: Bundle) -> Bundle:
    """Return the host with a profile that documents one port."""
    return msgspec.structs.replace(collected, applications={"shop": {"listeners": {8000: None}}})


def test_findings_about_one_listener_are_one_cause() -> None:
    """Root's, open to the world, written down by nobody: one port, over TCP or UDP."""
    seen = ends(documented(sockets_cases.bundle()))
    assert seen["undocumented_listeners:tcp/9999"] == "cause:listener/tcp/9999"
    assert seen["listening_ports:tcp/0.0.0.0:9999"] == "cause:listener/tcp/9999"
    assert seen["undocumented_listeners:udp/9998"] == "cause:listener/udp/9998"
    assert seen["listening_ports:udp/*:9998"] == "cause:listener/udp/9998"


def test_a_redis_open_to_the_world_is_one_cause() -> None:
    """What is said of the port is said because of the server, where it is seen to be its own."""
    line = 'tcp LISTEN 0 511 0.0.0.0:6390 0.0.0.0:* users:(("redis-server",pid=47,fd=6))\n'
    process = (
        '{"pid": 47, "uid": 6, "user": "redis", "cgroup": "/system.slice/redis.service",'
        ' "exe": "/r", "started_at": "2026-02-15T10:00:00.000000Z"}\n'
    )
    shown = (record("sockets_open", line), record("sockets_processes", process))
    collected = with_records(documented(redis_cases.bundle("access")), *shown)
    server = "cause:redis_exposure/127.0.0.1:6390"
    assert ends(collected)["redis_exposure:127.0.0.1:6390"] == server
    assert ends(collected)["undocumented_listeners:tcp/6390"] == server
    blind = ends(without(collected, "redis_listeners"))
    assert blind["undocumented_listeners:tcp/6390"] == "cause:listener/tcp/6390"


def test_an_applications_cron_entries_fail_because_of_their_table() -> None:
    """A table that cron ignores, or an entry without its program, and the sum of them."""
    seen = ends(audit_cases.planted())
    assert seen["cron_jobs:plant"].startswith(("cause:cron_programs/", "cause:cron_tables/"))


def test_code_is_newer_because_somebody_changed_the_checkout() -> None:
    """Only a file that both speak of is blamed, and only where both are seen."""
    collected, newer = repository_cases.bundle(), "code_newer_than_process:shop-orders.service"
    (finding,) = (one for one in report(collected).findings if one.id == newer)
    file = finding.verdict.citations[0].excerpt.partition(" mtime ")[0]

    def modified(name: str) -> Bundle:
        return repository_cases.with_rows(
            collected, repository_cases.CHECKOUTS, lambda row: {**row, "modified": [name]}
        )

    (root,) = (json.loads(line)["path"] for line in _checkouts(collected))
    changed = modified(file.removeprefix(f"{root}/"))
    own = f"cause:{newer.replace(':', '/', 1)}"
    assert ends(changed)[newer] == f"cause:checkout_state/{root}"
    assert ends(modified("README"))[newer] == own
    assert ends(without(changed, repository_cases.CHECKOUTS))[newer] == own


def _checkouts(collected: Bundle) -> list[str]:
    (shown,) = (one for one in collected.evidence if one.id == repository_cases.CHECKOUTS)
    return shown.stdout.text.splitlines()
