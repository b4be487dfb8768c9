"""The host's parsers: real records of lab hosts, and the forms they must refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reporter import registry
from reporter.evidence import Record
from reporter.facts import FactStore
from reporter.findings import Missing
from tests.builders import record
from tests.rules.host_cases import LAB_HOSTS, lab_bundle, listing, row

SYSTEMS = {
    "bookworm": ("Debian GNU/Linux 12 (bookworm)", "debian", "12"),
    "bullseye": ("Debian GNU/Linux 11 (bullseye)", "debian", "11"),
    "trixie": ("Debian GNU/Linux 13 (trixie)", "debian", "13"),
}
HOST_FACTS = sorted(
    name for name, parser in registry.parsers().items() if parser.probe.startswith("host_")
)


def parsed(fact: str, *records: Record) -> Any:
    """Return the fact, or a `Missing`, as the engine would get it from these records."""
    probes = frozenset(item.probe for item in records)
    return FactStore(registry.parsers(), list(records), probes).get(fact)


def from_lab(name: str, fact: str) -> Any:
    return parsed(fact, *lab_bundle(name).evidence)


def made(fact: str, stdout: str, **values: Any) -> Any:
    """Return the fact parsed from a record with this output; a file has no exit code."""
    probe = registry.parsers()[fact].probe
    return parsed(fact, record(probe, stdout, **{"exit_code": None, **values}))


def reason(value: Any) -> str:
    assert isinstance(value, Missing)
    return str(value.reason)


@pytest.mark.parametrize("name", LAB_HOSTS)
@pytest.mark.parametrize("fact", HOST_FACTS)
def test_every_fact_of_a_lab_host_is_read_and_quotes_its_record(name: str, fact: str) -> None:
    value = from_lab(name, fact)
    assert not isinstance(value, Missing), value
    records = {item.id: item for item in lab_bundle(name).evidence}
    parts = (*value.measured, *value.unmeasured) if fact == "filesystems" else (value,)
    for part in parts:
        source = records[part.cited.record]
        said = {*source.stdout.text.splitlines(), source.reason}
        assert source.probe == registry.parsers()[fact].probe
        assert set(part.cited.excerpt.splitlines()) <= said | {""}


@pytest.mark.parametrize("name", LAB_HOSTS)
def test_a_lab_host_is_read_as_it_is(name: str) -> None:
    system = from_lab(name, "os_release")
    assert (system.pretty_name, system.id, system.version_id) == SYSTEMS[name]
    assert from_lab(name, "virtualization").container
    assert from_lab(name, "cpus").online == 2
    assert from_lab(name, "memory").total == 24684084 * 1024
    assert from_lab(name, "boot").at == 1795344208
    assert not from_lab(name, "kernel_clock").synchronised
    assert from_lab(name, "kernel_clock").max_error_s == 16.0
    assert from_lab(name, "timesync_stamp").at is None
    assert not from_lab(name, "reboot_flag").present
    assert from_lab(name, "boot_images").releases == frozenset()


def test_os_release_may_quote_as_the_shell_does() -> None:
    value = made("os_release", "# note\nNAME='My \"OS\"'\nPRETTY_NAME=\nID=my\nbroken line\n")
    assert (value.pretty_name, value.id, value.version_id) == ('My "OS"', "my", None)
    assert reason(made("os_release", "ID=my\n")).startswith("it names no operating system")


def test_uname_has_blanks_in_its_version() -> None:
    value = made("kernel", "Linux 6.1.0-18-amd64 #1 SMP Debian 6.1.76-1 (2024-02-01) x86_64\n")
    assert (value.release, value.machine) == ("6.1.0-18-amd64", "x86_64")
    assert value.version == "#1 SMP Debian 6.1.76-1 (2024-02-01)"


def test_a_command_that_failed_gives_its_own_words_as_the_reason() -> None:
    value = made("kernel", "", exit_code=1, stderr="uname: extra operand")
    assert reason(value) == "it exited with 1: uname: extra operand"


@pytest.mark.parametrize(
    ("word", "code", "kind"),
    [("none", 1, "none"), ("kvm", 0, "machine"), ("lxc", 0, "container")],
)
def test_detect_virt_knows_three_kinds(word: str, code: int, kind: str) -> None:
    assert made("virtualization", word + "\n", exit_code=code).kind == kind


@pytest.mark.parametrize(("word", "code"), [("newhyper", 0), ("kvm", 1), ("", 1)])
def test_detect_virts_other_answers_are_none(word: str, code: int) -> None:
    assert isinstance(made("virtualization", word, exit_code=code), Missing)


@pytest.mark.parametrize(("ranges", "online"), [("0", 1), ("0-1", 2), ("0,2-5,7", 6)])
def test_processors_are_counted_over_ranges(ranges: str, online: int) -> None:
    assert made("cpus", ranges + "\n").online == online


@pytest.mark.parametrize(
    ("fact", "stdout"),
    [
        ("cpus", "0-\n"),
        ("memory", "MemTotal: 100 kB\n"),
        ("memory", "MemTotal: 0 kB\nMemAvailable: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"),
        ("load_average", "much\n"),
        ("boot", "cpu 1 2 3\n"),
        ("uptime", "\n"),
        ("kernel_clock", '{"state": 0}\n'),
        ("kernel_clock", ""),
        ("filesystems", ""),
        ("filesystems", "no JSON\n"),
        ("filesystems", "[1]\n"),
    ],
)
def test_output_that_does_not_carry_the_fact_gives_a_reason_and_no_default(
    fact: str, stdout: str
) -> None:
    assert reason(made(fact, stdout))


def test_a_file_that_is_not_there_is_an_answer_for_the_reboot_and_none_for_memory() -> None:
    def absent(fact: str) -> Any:
        return made(fact, "", outcome="absent", reason="no such file")

    assert not absent("reboot_flag").present
    assert absent("reboot_packages").names == ()
    assert absent("boot_images").releases == frozenset()
    assert reason(absent("memory")) == "absent: no such file"


@pytest.mark.parametrize("fact", ["reboot_flag", "boot_images", "module_trees", "memory"])
def test_what_was_denied_is_never_an_answer(fact: str) -> None:
    assert reason(made(fact, "", outcome="denied", reason="x")) == "denied: x"


def test_kernels_are_told_by_the_names_of_their_images() -> None:
    names = (
        "vmlinuz-6.1.0-18-amd64",
        "vmlinuz-6.1.0-9-amd64.old",
        "vmlinuz-0-rescue-1f2e",
        "vmlinuz",
        "initrd.img-6.1.0-21-amd64",
        "config-6.1.0-21-amd64",
        "vmlinux-6.5.0-1-powerpc64le",
    )
    assert made("boot_images", listing("/boot", *names)).releases == {
        "6.1.0-18-amd64",
        "6.5.0-1-powerpc64le",
    }


def test_modules_are_folders() -> None:
    folders = listing("/lib/modules", "6.1.0-18-amd64", type="directory")
    assert made("module_trees", folders).releases == {"6.1.0-18-amd64"}
    assert made("module_trees", listing("/lib/modules", "6.1.0-18-amd64")).releases == frozenset()


def _only(rows: str) -> Any:
    (item,) = made("filesystems", rows).measured
    return item


@pytest.mark.parametrize(
    ("values", "expected", "read"),
    [
        ({"size": 1000, "free": 200, "available": 100}, 89, lambda item: item.percent),
        ({"size": 1000, "free": 1000, "available": 950}, 0, lambda item: item.percent),
        ({"inodes": 1000, "inodes_free": 1}, 100, lambda item: item.inodes_percent),
        ({"options": "rw,relatime"}, "yes", lambda item: item.writing),
        ({"options": "ro,relatime"}, "no", lambda item: item.writing),
        ({"options": "rw,relatime,ro"}, "taken away", lambda item: item.writing),
    ],
)
def test_a_file_systems_figures(
    values: dict[str, Any], expected: object, read: Callable[[Any], object]
) -> None:
    assert read(_only(row("/", **values))) == expected


def test_an_overlay_is_the_file_system_below_it_with_the_figures_that_leave_less() -> None:
    overlay = row("/", source="overlay", fstype="overlay", available=23_000_000_000)
    item = _only(row("/etc/hosts") + overlay)
    assert (item.mount, item.available) == ("/", 23_000_000_000)
