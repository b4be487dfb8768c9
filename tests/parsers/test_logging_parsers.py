"""The parsers of logging: real records of lab hosts, and the forms they must refuse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reporter import registry
from reporter.evidence import Record
from reporter.facts import FactStore
from reporter.findings import Missing
from tests.builders import record
from tests.rules.logging_cases import SUITES, bundle, content, listed

FIRST = "logrotate state -- version 2\n"
FACTS = sorted(
    name for name, parser in registry.parsers().items() if parser.probe.startswith("logging_")
)


def parsed(fact: str, *records: Record) -> Any:
    """Return the fact, or a `Missing`, as the engine would get it from these records."""
    probes = frozenset(item.probe for item in records)
    return FactStore(registry.parsers(), list(records), probes).get(fact)


def made(fact: str, stdout: str, **values: Any) -> Any:
    probe = registry.parsers()[fact].probe
    return parsed(fact, record(probe, stdout, **{"exit_code": None, **values}))


def reason(value: Any) -> str:
    assert isinstance(value, Missing)
    return str(value.reason)


def state(data: str, **more: Any) -> Any:
    return made("rotation_state", content("/var/lib/logrotate/status", data, 100.0, **more))


def seconds(date: str) -> float:
    return datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("host", ["untouched", "planted"])
@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_of_a_lab_host_is_read(suite: str, host: str, fact: str) -> None:
    value = parsed(fact, *bundle(f"{suite}-{host}").evidence)
    assert not isinstance(value, Missing), value


@pytest.mark.parametrize("suite", SUITES)
def test_the_state_of_a_lab_host(suite: str) -> None:
    """Names with quotes are read as logrotate means them; the first time of a file is an hour's."""
    found = parsed("rotation_state", *bundle(f"{suite}-planted").evidence)
    assert found.path == "/var/lib/logrotate/status"
    assert found.fault is None
    assert found.rotated['/var/log/quantum/an "odd" name'] == seconds("2026-11-25 12:00:00")
    assert found.newest <= found.modified
    assert parsed("rotation_state", *bundle(f"{suite}-untouched").evidence).path is None


def test_both_versions_of_the_state() -> None:
    two = state(FIRST + '"/var/log/a b" 2026-11-22-6:25:1\n\n"/var/log/c\\\\d" 2026-1-2\n')
    assert two.rotated == {
        "/var/log/a b": seconds("2026-11-22 06:25:01"),
        "/var/log/c\\d": seconds("2026-01-02"),
    }
    one = state("logrotate state -- version 1\n/var/log/btmp 2019-12-31\n")
    assert one.rotated == {"/var/log/btmp": seconds("2019-12-31")}
    assert (one.fault, one.modified) == (None, 100.0)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ("garbage\n", "its first line is not logrotate's: garbage"),
        ("logrotate state -- version 3\n", "its first line is not logrotate's"),
        ("logrotate state -- version 2", "its first line is not logrotate's"),
        ("\0\0\0\n", "its first line is not logrotate's: \\x00\\x00\\x00"),
        (FIRST + "\0\0\n", "line 2 cannot be read: \\x00\\x00"),
        (FIRST + '"/var/log/x 2025-1-1-1:1:1\n', "line 2 cannot be read"),
        (FIRST + '"/var/log/x" \n', "line 2 cannot be read"),
        (FIRST + '"/var/log/x" 2025-11\n', "line 2 holds no date"),
        (FIRST + '"/var/log/x" 2025-13-1-1:1:1\n', "line 2 holds no date"),
        (FIRST + '\n"/var/log/x" 2025-11-2-1:1:61\n', "line 3 holds no date"),
        (FIRST + '"/var/log/x" 9999-1-1\n', "line 2 holds no date"),
    ],
)
def test_what_logrotate_cannot_read_is_a_fault(data: str, fault: str) -> None:
    """Each of these was given to logrotate 3.18 to 3.22, save the last: it stops with an error."""
    assert str(state(data).fault).startswith(fault)


def test_an_empty_state_is_none_and_no_fault() -> None:
    """logrotate itself takes it for a fresh one."""
    found = state("")
    assert (found.fault, found.rotated, found.modified) == (None, {}, 100.0)


def test_bytes_that_are_no_text_are_read() -> None:
    """A state that holds a name in Latin-1 is no corrupt one."""
    data = "bG9ncm90YXRlIHN0YXRlIC0tIHZlcnNpb24gMgoiL3Zhci9sb2cv5SIgMjAyNi0xLTItMDowOjAK"
    assert list(state(data, encoding="base64").rotated) == ["/var/log/\\xe5"]


def test_of_two_states_the_newer_counts() -> None:
    lines = [content(f"/var/lib/{name}", FIRST, when) for name, when in (("a", 9.0), ("b", 3.0))]
    assert made("rotation_state", "".join(lines)).path == "/var/lib/a"


def test_a_state_that_was_not_read_in_full_is_missing() -> None:
    assert "its beginning cut" in reason(state(FIRST, truncated=True))
    assert "Permission denied" in reason(state("", error="Permission denied"))
    assert "denied" in reason(made("rotation_state", "", outcome="denied", reason="no"))


@pytest.mark.parametrize("suite", SUITES)
def test_the_patterns_of_a_lab_host(suite: str) -> None:
    """Masking leaves the paths; the patterns match what they rotate and what that became."""
    found = parsed("rotation_config", *bundle(f"{suite}-planted").evidence)
    assert found.gaps == ()
    assert {"/var/log/wtmp", "/var/log/redis/redis-server*.log"} <= set(found.patterns)
    for path in (
        "/var/log/quantum/app.log",
        "/var/log/quantum/app.log.1",
        "/var/log/quantum/app.log.12.gz",
        "/var/log/quantum/app.log-20261122",
        "/var/log/quantum/app.log-20261122.xz",
        '/var/log/quantum/an "odd" name',
    ):
        assert found.pattern_for(path) is not None, path
    for path in ("/var/log/quantum/trades.out", "/var/log/quantum/sub/app.log", "/var/log/app.log"):
        assert found.pattern_for(path) is None, path


def test_the_grammar_of_logrotate() -> None:
    conf = (
        "weekly\nrotate 4\ninclude /etc/logrotate.d\n# /var/log/comment {\n"
        "/var/log/a /var/log/b\n'/var/log/c d'\n{\n  daily\n  postrotate\n    /bin/x { }\n"
        "  endscript\n}\n/var/log/e { daily }\n/var/log/f{\n}\n"
    )
    found = made("rotation_config", content("/etc/logrotate.conf", conf))
    assert found.patterns == tuple(f"/var/log/{name}" for name in ("a", "b", "c d", "e", "f"))
    assert found.gaps == ()


@pytest.mark.parametrize(
    ("line", "gap"),
    [
        (content("/etc/logrotate.conf", "include /opt/rotate\n"), "includes what was not looked"),
        (content("/etc/logrotate.d/a", "/var/log/<masked:9> {\n}\n"), "was masked"),
        (content("/etc/logrotate.d/a", "", error="Permission denied"), "Permission denied"),
        (content("/etc/logrotate.d/a", "}\n", truncated=True), "its beginning was cut"),
    ],
)
def test_what_may_name_more_is_a_gap(line: str, gap: str) -> None:
    (found,) = made("rotation_config", line).gaps
    assert gap in str(found)


def test_what_logrotate_passes_over_is_no_gap() -> None:
    """Leftovers of the package manager are not read by logrotate either."""
    lines = [
        content(f"/etc/logrotate.d/{name}", "/var/log/a {\n}\n")
        for name in ("a.dpkg-old", "a.rpmsave", "a~", "a.ucf-dist")
    ]
    assert made("rotation_config", "".join(lines)).patterns == ()


def test_the_timer_of_a_host_without_one() -> None:
    shown = "Id=logrotate.timer\nLoadState=not-found\nActiveState=inactive\n"
    assert not made("rotation_timer", shown, exit_code=0).active
    assert "loaded and active" in reason(made("rotation_timer", "Id=a\n", exit_code=0))


@pytest.mark.parametrize("suite", SUITES)
def test_debians_job_of_cron_leaves_the_work_to_systemd(suite: str) -> None:
    found = parsed("rotation_cron", *bundle(f"{suite}-untouched").evidence)
    assert (found.exists, found.yields) == (True, True)
    assert found.cited.excerpt == "if [ -d /run/systemd/system ]; then"
    plain = made("rotation_cron", "#!/bin/sh\n# not /run/systemd/system\n/usr/sbin/logrotate x\n")
    assert (plain.exists, plain.yields) == (True, False)


@pytest.mark.parametrize("suite", SUITES)
def test_the_journal_of_a_lab_host(suite: str) -> None:
    found = parsed("journal_persistent", *bundle(f"{suite}-planted").evidence)
    assert (found.files, found.active) == (2, 1)
    assert found.size >= 8 * 1024**2
    assert found.oldest is not None
    assert datetime.fromtimestamp(found.oldest, UTC).date().isoformat() == "2026-11-25"
    assert parsed("journal_volatile", *bundle(f"{suite}-planted").evidence).files == 0


def test_a_journal_that_was_not_seen_in_full_is_missing() -> None:
    closed = listed("/var/log/journal/76a1", 1, type="directory", error="Permission denied")
    assert "Permission denied" in reason(made("journal_persistent", closed))
    cut = listed("/var/log/journal", 1, type="directory")
    assert "was cut" in reason(made("journal_persistent", cut, truncated=True))


def test_the_settings_of_journald() -> None:
    """The host's own file replaces the vendor's, drop-ins follow by name, an empty value resets."""
    folder = "/usr/lib/systemd/journald.conf.d"
    lines = [
        content("/usr/lib/systemd/journald.conf", "[Journal]\nSystemMaxUse=1G\n"),
        content("/etc/systemd/journald.conf", "[Journal]\nStorage=Volatile\nRuntimeMaxUse=1.5M\n"),
        content(f"{folder}/20.conf", "[Other]\nA=1\n[Journal]\n#B=2\nMaxRetentionSec=1week\n"),
        content(f"{folder}/10.conf", "[Journal]\nMaxRetentionSec=9\nSystemMaxFiles=3\n"),
        content("/etc/systemd/journald.conf.d/10.conf", "[Journal]\nSplitMode=uid\nSplitMode=\n"),
    ]
    found = made("journal_config", "".join(lines))
    assert found.values == {
        "MaxRetentionSec": "1week",
        "RuntimeMaxUse": "1.5M",
        "Storage": "Volatile",
    }
    assert (found.storage, found.size("RuntimeMaxUse")) == ("volatile", 3 * 1024**2 // 2)
    assert found.size("SystemMaxUse") is None
    assert made("journal_config", "", outcome="absent").storage == "auto"


@pytest.mark.parametrize("suite", SUITES)
def test_what_was_dropped_on_a_lab_host(suite: str) -> None:
    """Twice 463 messages of the unit that wrote 500 at once; none is an answer too."""
    found = parsed("suppressed", *bundle(f"{suite}-planted").evidence)
    (chatty,) = found.by_unit.values()
    assert (chatty.unit, chatty.messages, chatty.times) == ("chatty.service", 926, 2)
    assert (found.window, found.more) == (604800, False)
    assert parsed("suppressed", *bundle(f"{suite}-untouched").evidence).by_unit == {}


def test_entries_of_other_versions() -> None:
    """Without the unit's field the message names it; what cannot be read is no zero."""
    entry = '{"__REALTIME_TIMESTAMP":"1000000","N_DROPPED":"3","MESSAGE":"%s"}\n'
    said = entry % "Suppressed 3 messages from a.service"
    assert list(made("suppressed", said, exit_code=0).by_unit) == ["a.service"]
    assert list(made("suppressed", entry % "odd", exit_code=0).by_unit) == ["unknown unit"]
    assert "cannot be read" in reason(made("suppressed", '{"N_DROPPED":"x"}\n', exit_code=0))
    assert "exited with 2" in reason(made("suppressed", "", exit_code=2))


def test_large_files() -> None:
    """The journal's own are left out; a folder that stayed closed is named."""
    lines = [
        listed("/var/log/journal/76a1/system.journal", 10),
        listed("/var/log/journal", 1, type="directory", error="a mount, which is not entered"),
        listed("/var/log/private", 1, type="directory", error="Permission denied"),
        listed("/var/log/b", 20, 5.0),
        listed("/var/log", 1, type="directory"),
    ]
    found = made("log_files", "".join(lines))
    assert [(one.path, one.size, one.modified) for one in found.files] == [("/var/log/b", 20, 5.0)]
    assert [(one.path, one.reason) for one in found.closed] == [
        ("/var/log/private", "Permission denied")
    ]
