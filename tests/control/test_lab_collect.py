"""Collecting from real hosts: every way in, everything a host can lack, and what it leaves."""

from __future__ import annotations

import re
import shlex
import time
from typing import Any

import pytest
import yaml

from reporter.archive import load
from reporter.byhand import declared_probes
from reporter.report import build
from tests.lab import Lab, LabHost, Recipe
from truthmap_control import answer, program

from .plays import ROOT, Runner

pytestmark = pytest.mark.lab

SUITES = ("bullseye", "bookworm", "trixie")

WAYS: dict[str, tuple[str, bool, dict[str, Any], str]] = {
    "root": ("root", False, {}, "root"),
    "root-become": ("root", True, {}, "root"),
    "sudo": ("deploy", True, {}, "root"),
    "sudo-password": ("operator", True, {}, "root"),
    "sudo-tty": ("operator", True, {"ansible_ssh_use_tty": True}, "root"),
    "plain": ("auditor", False, {}, "auditor"),
    "su": (
        "root",
        True,
        {"ansible_become_method": "su", "ansible_become_user": "auditor"},
        "auditor",
    ),
    "bad-python": ("root", False, {"ansible_python_interpreter": "/opt/none/python3"}, "root"),
}
"""How one can get in: user, become, more variables, and who the collector then is."""

REFUSALS: dict[str, tuple[str, bool, dict[str, Any], str, str]] = {
    "sudo-wrong": (
        "operator",
        True,
        {"ansible_become_password": "wrong"},
        "failed",
        "Incorrect sudo password",
    ),
    "sudo-none": (
        "operator",
        True,
        {"ansible_become_password": None},
        "failed",
        "Missing sudo password",
    ),
    "su-wrong": (
        "auditor",
        True,
        {"ansible_become_method": "su", "ansible_become_password": "wrong"},
        "failed",
        "Incorrect su password",
    ),
    "no-user": ("root", False, {"ansible_user": "stranger"}, "unreachable", "Permission denied"),
    "host-key": (
        "root",
        False,
        {
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=yes"
            " -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=none"
        },
        "unreachable",
        "Host key verification failed",
    ),
}

_RUN_STATE = (
    r"/run(/systemd/(sessions|users|transient|units|journal/streams|inaccessible).*|/user.*)?"
)
EXPECTED = {
    "sshd": r"(?!)",
    "pam_motd": r"/run/motd\.dynamic(\.new)?",
    "pam_systemd": rf"{_RUN_STATE}|/(var|run)/log/journal.*",
    "lastlog and wtmp": r"/var/log/(lastlog|wtmp)|/var/lib/(lastlog|wtmpdb)/.*|/run/utmp",
    "sudo": r"/run/sudo/ts(/\w+)?",
    "Redis": r"(?!)",
    "kernel module": r"(?!)",
    "access times": r"(?!)",
}
"""What each perturbation of the bundle may change on disk or in memory file systems."""

_FIND = (
    "for mount in $(cut -d' ' -f5 /proc/self/mountinfo | grep -Ev '^/(proc|sys)'); do"
    " find $mount -xdev ! -type c -printf '%p\\t%y %m %U %s %T@\\n'; done | sort -u"
)


@pytest.fixture(scope="module")
def hosts(lab: Lab) -> dict[str, LabHost]:
    """One untouched host per Debian generation."""
    lab.up(SUITES)
    return {name: lab.host(name) for name in SUITES}


def entry(lab: Lab, name: str, user: str, become: bool, more: dict[str, Any]) -> dict[str, Any]:
    """A host's inventory variables for one way in."""
    found = lab.inventory([name], user=user, become=become)["all"]["hosts"][name]
    return {**found, **more}


@pytest.mark.parametrize(
    ("suites", "pipelining", "check"),
    [(SUITES, "True", []), (["bookworm"], "False", ["--check"])],
    ids=["as set", "without pipelining, in check mode"],
)
def test_every_way_in_works(
    lab: Lab,
    hosts: dict[str, LabHost],
    play: Runner,
    suites: list[str],
    pipelining: str,
    check: list[str],
) -> None:
    """As root, as another user, by sudo with and without a password, by su; also in check mode."""
    inventory = {
        f"{suite}-{way}": entry(lab, suite, user, become, more)
        for suite in suites
        for way, (user, become, more, _) in WAYS.items()
    }
    environment = {"ANSIBLE_PIPELINING": pipelining, "ANSIBLE_FORKS": "4"}
    done = play(inventory, arguments=check, environment=environment)
    assert done.rc == 0, done.output
    for name in inventory:
        way = name.partition("-")[2]
        assert done.hosts[name]["status"] == "collected", done.hosts[name]
        bundle = done.bundle(name)
        assert bundle["collector"]["user"] == WAYS[way][3]
        records = done.records(name)
        assert records["systemd_units"]["exit_code"] == 0
        assert records["systemd_unit_files"]["exit_code"] == 0
        perturbed = " ".join(bundle["perturbations"])
        assert ("sudo:" in perturbed) is way.startswith("sudo")
        assert ("su:" in perturbed) is (way == "su")
        clock = bundle["clock"]
        assert abs(clock["offset_s"]) <= clock["uncertainty_s"] < 30


def test_every_refusal_is_named(lab: Lab, hosts: dict[str, LabHost], play: Runner) -> None:
    """A wrong password, no password, no such user, an unknown host key."""
    inventory = {
        f"{suite}-{way}": entry(lab, suite, user, become, more)
        for suite in hosts
        for way, (user, become, more, _, _) in REFUSALS.items()
    }
    done = play(inventory, environment={"ANSIBLE_FORKS": "4"})
    assert done.rc == 0, done.output
    for name in inventory:
        _, _, _, status, reason = REFUSALS[name.partition("-")[2]]
        assert done.hosts[name]["status"] == status, done.hosts[name]
        assert reason in done.hosts[name]["reason"]


def test_files_that_profiles_name(lab: Lab, hosts: dict[str, LabHost], play: Runner) -> None:
    """Root sees them all; for another user what is denied is unknown, with the path."""
    paths = ["/etc/passwd", "/etc/shadow", "/opt/closed/shop.db", "/etc/nosuch"]
    more = {"truthmap_app_shop": {"expected_files": paths}}
    ways = {"root": "root", "plain": "auditor"}
    hosts["bookworm"].run("install -d -m 700 /opt/closed && touch /opt/closed/shop.db")
    try:
        done = play({way: entry(lab, "bookworm", user, False, more) for way, user in ways.items()})
    finally:
        hosts["bookworm"].run("rm -r /opt/closed")
    said = {
        host.host: {
            one.verdict.subject: one.verdict
            for one in host.findings
            if one.rule == "expected_files"
        }
        for host in build(load([done.folder])).hosts
    }
    assert {path: said["root"][path].status for path in paths} == dict(
        zip(paths, ("ok", "ok", "degraded", "down"), strict=True)
    )
    assert {path: said["plain"][path].status for path in paths} == dict(
        zip(paths, ("ok", "ok", "unknown", "down"), strict=True)
    )
    message = str(said["plain"]["/opt/closed/shop.db"].message)
    assert "permission denied: may not be searched: /opt/closed" in message


def test_a_frozen_host_is_a_result(lab: Lab, hosts: dict[str, LabHost], play: Runner) -> None:
    """A host that accepts the connection and never answers holds nobody up."""
    frozen = hosts["trixie"]
    inventory = {
        "good": entry(lab, "bookworm", "root", False, {}),
        "frozen": entry(lab, "trixie", "root", False, {"collect_task_timeout_s": 4}),
    }
    frozen.podman("pause", frozen.container)
    try:
        done = play(inventory)
    finally:
        frozen.podman("unpause", frozen.container)
    assert done.rc == 0, done.output
    assert done.hosts["good"]["status"] == "collected"
    assert done.hosts["frozen"]["status"] == "failed"
    assert "took longer than collect_task_timeout_s" in str(done.hosts["frozen"]["reason"])


def without_python(host: LabHost) -> None:
    """Take every Python off a host."""
    host.run("rm -f /usr/bin/python3* /usr/local/bin/python3*")


def test_a_host_without_python_is_named(lab: Lab, play: Runner) -> None:
    """It needs an interpreter, and the reason says how to get one."""
    lab.start("no-python", Recipe("bookworm", without_python))
    try:
        done = play({"web1": entry(lab, "no-python", "root", False, {})})
    finally:
        lab.stop("no-python")
    assert done.rc == 0, done.output
    assert done.hosts["web1"]["status"] == "failed"
    assert "no Python 3.6 or newer was found" in str(done.hosts["web1"]["reason"])


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("way", ["root", "sudo-password"])
def test_only_what_the_bundle_lists_is_left(
    lab: Lab, hosts: dict[str, LabHost], play: Runner, suite: str, way: str
) -> None:
    """All mounts, the journal and the processes, before and after: nothing but perturbations."""
    host = hosts[suite]
    user, become, more, _ = WAYS[way]
    _wait_for_sessions_to_end(host)
    cursor = host.run("journalctl -q -n 0 --show-cursor").stdout.split("cursor: ")[1].strip()
    before, processes = _files(host), _programs(host)
    done = play({suite: entry(lab, suite, user, become, more)})
    assert done.hosts[suite]["status"] == "collected"
    _wait_for_sessions_to_end(host)
    after = _files(host)
    listed = done.bundle(suite)["perturbations"]
    named = [found for line in listed for key, found in EXPECTED.items() if line.startswith(key)]
    assert len(listed) <= len(named)
    allowed = re.compile("|".join(named))
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert {path for path in changed if not allowed.fullmatch(path)} == set()
    assert _programs(host) == processes
    lines = host.run(
        f"journalctl -q -o json --output-fields=SYSLOG_IDENTIFIER --after-cursor='{cursor}'"
    ).stdout.splitlines()
    tags = {found for line in lines for found in re.findall(r'"SYSLOG_IDENTIFIER":"([^"]*)"', line)}
    ours = {
        "sshd",
        "sshd-session",
        "systemd",
        "systemd-logind",
        "(systemd)",
        "(sd-pam)",
        "dbus-daemon",
    }
    assert tags <= (ours | {"sudo"} if become else ours)


@pytest.mark.parametrize("suite", SUITES)
def test_by_hand_it_gives_the_same_evidence(
    hosts: dict[str, LabHost], play: Runner, suite: str
) -> None:
    """Its administrator runs one file with `sh`; every probe answers, and nothing is left."""
    declared = [probe for probe in declared_probes() if probe.get("where") != "control"]
    script = program.script(program.request(declared))
    host = hosts[suite]
    host.put("/root/truthmap-collect.sh", script)
    try:
        done = host.run("cd /root && sh truthmap-collect.sh > answer && cat answer && rm answer")
    finally:
        host.run("rm -f /root/truthmap-collect.sh")
    found = answer.decode(done.stdout)
    assert found["complete"] is True
    assert {record["probe"] for record in found["evidence"]} == {probe["id"] for probe in declared}
    assert set(answer.outcomes(found)) <= {"collected", "absent"}


@pytest.mark.parametrize("suite", SUITES)
def test_unit_files_are_those_systemd_knows(hosts: dict[str, LabHost], suite: str) -> None:
    """`--root=/` reads the files itself: the same units and states, also for another user."""
    host = hosts[suite]
    probes = {probe["id"]: probe for probe in _defaults("probe_systemd")["probe_systemd_probes"]}
    words = probes["systemd_unit_files"]["args"]["argv"]
    assert "--root=/" in words
    plain = shlex.join(word for word in words if word != "--root=/")
    found = [
        {
            tuple(line.split()[:2])
            for line in host.run(command, user=user).stdout.splitlines()
            if line.split()[1] not in ("generated", "transient")
        }
        for command, user in (
            (plain, None),
            (shlex.join(words), None),
            (shlex.join(words), "auditor"),
        )
    ]
    assert len(found[0]) > 100
    assert found[0] == found[1] == found[2]


def _defaults(role: str) -> dict[str, Any]:
    text = (ROOT / "roles" / role / "defaults" / "main.yml").read_text()
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def _files(host: LabHost) -> dict[str, str]:
    lines = host.run(_FIND, check=False).stdout.splitlines()
    return dict(line.split("\t", 1) for line in lines if "\t" in line)


def _programs(host: LabHost) -> set[str]:
    """What runs, by name; our own look and kernel's churn of process ids left out."""
    names = host.run("ps -e -o comm=").stdout.split()
    return set(names) - {"ps", "sh"}


def _wait_for_sessions_to_end(host: LabHost) -> None:
    """A user manager stays for ten seconds after the last session of its user."""
    until = time.monotonic() + 60
    ended = 'test -z "$(ls /run/user)" && test -z "$(systemctl list-jobs --no-legend -q)"'
    while host.run(ended, check=False).returncode:
        assert time.monotonic() < until, "sessions did not end"
        time.sleep(0.5)
