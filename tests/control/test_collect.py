"""The role `collect`, end to end over connection local, through ansible-runner."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from truthmap_collector.runner import key_id

from .conftest import KERNEL
from .plays import DOMAINS, NOTHING, ROOT, Runner

LOCAL = {"ansible_connection": "local"}
QUICK = {**LOCAL, **NOTHING, "probe_host_probes": [KERNEL]}


def marked(tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """A word only the host has, and a probe that collects it as evidence."""
    word = f"evidence{os.urandom(8).hex()}"
    (tmp_path / "marked").write_text(f"word {word}\n")
    probe = {
        "id": "marked",
        "description": "A file with a word only the host has.",
        "kind": "file",
        "args": {"path": str(tmp_path / "marked")},
        "mask": "none",
    }
    return word, {**LOCAL, "probe_marked_probes": [probe]}


def test_a_host_is_collected(play: Runner) -> None:
    """One bundle with a record for every probe of every role; nothing counts as changed."""
    done = play({"web1": LOCAL}, arguments=["--diff"])
    assert done.rc == 0, done.output
    assert done.manifest["state"] == "complete"
    entry = done.hosts["web1"]
    assert (entry["status"], entry["reason"], entry["bundle"]) == ("collected", None, "web1.json")
    bundle = done.bundle("web1")
    asked = {probe["id"] for probe in bundle["probes"]}
    assert asked == {record["probe"] for record in bundle["evidence"]}
    assert {"host_kernel", "systemd_units"} <= asked
    assert bundle["run"] == done.manifest["run"]
    assert bundle["host"] == "web1"
    assert bundle["groups"] == ["fleet"]
    assert bundle["collected_by"] == "ansible"
    assert abs(bundle["clock"]["offset_s"]) <= bundle["clock"]["uncertainty_s"]
    assert re.search(r"web1 .* changed=0 .* failed=0", done.output)
    assert f"Run folder: {done.folder}" in done.output


def test_the_result_is_a_summary(play: Runner) -> None:
    """What travels through events and databases stays small and holds no evidence."""
    done = play({"web1": QUICK})
    result = done.results()["web1"]
    assert set(result) >= {"status", "reason", "bundle", "sha256", "outcomes", "duration_s"}
    assert result["outcomes"] == {"collected": 1}
    assert result["sha256"] == done.hosts["web1"]["sha256"]
    assert len(json.dumps(result)) < 1000


@pytest.mark.parametrize("arguments", [[], ["--check", "--diff"]])
@pytest.mark.parametrize("pipelining", ["True", "False"])
def test_it_needs_no_setting(play: Runner, arguments: list[str], pipelining: str) -> None:
    """Check mode and pipelining make no difference."""
    environment = {"ANSIBLE_PIPELINING": pipelining}
    done = play({"web1": QUICK}, arguments=arguments, environment=environment)
    assert done.hosts["web1"]["status"] == "collected", done.output


def test_no_evidence_and_no_key_is_printed_or_stored(play: Runner, tmp_path: Path) -> None:
    """At -vvvv neither output nor artifacts hold evidence, or the key that made fingerprints."""
    word, host = marked(tmp_path)
    done = play({"web1": host}, verbosity=4)
    bundle = done.bundle("web1")
    assert word in done.records("web1")["marked"]["stdout"]["data"]
    assert "ESTABLISH LOCAL CONNECTION" in done.output
    traces = done.traces()
    assert word not in traces
    archived = "".join(path.read_text() for path in done.folder.iterdir())
    for candidate in set(re.findall(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", traces + archived)):
        assert bundle["fingerprint_key_id"] != key_id(candidate)


def test_the_operators_key_makes_runs_comparable(play: Runner) -> None:
    """A key out of a vault is used in place of the run's, and is stored nowhere either."""
    key = f"vault{os.urandom(16).hex()}"
    (play.tmp / "vars.yml").write_text(f"collect_fingerprint_key: {key}\n")
    done = play({"web1": QUICK}, arguments=[f"-e@{play.tmp}/vars.yml"], verbosity=4)
    assert done.bundle("web1")["fingerprint_key_id"] == key_id(key)
    assert key not in done.traces()
    assert key not in "".join(path.read_text() for path in done.folder.iterdir())


def test_every_run_has_a_key_of_its_own(play: Runner) -> None:
    """All hosts of a run share it; the next run has another."""
    first = play({"web1": QUICK, "web2": QUICK})
    second = play({"web1": QUICK}, variables={"collect_run_dir": str(play.tmp / "second")})
    ids = [first.bundle(host)["fingerprint_key_id"] for host in ("web1", "web2")]
    third = json.loads((play.tmp / "second" / "web1.json").read_text())["fingerprint_key_id"]
    assert ids[0] == ids[1] != third
    assert second.rc == 0


TROUBLES: dict[str, tuple[dict[str, Any], str, str]] = {
    "refused": (
        {"ansible_host": "127.0.0.1", "ansible_port": 1},
        "unreachable",
        r"Connection refused",
    ),
    "unknown": ({"ansible_host": "no.such.host.invalid"}, "unreachable", "Could not resolve"),
    "user": ({**LOCAL, "ansible_user": "{{ missing }}"}, "failed", "'missing' is undefined"),
    "profile": (
        {**LOCAL, "truthmap_app_x": {"units": ["{{ missing }}"]}},
        "failed",
        "variable truthmap_app_x of this host: 'missing' is undefined",
    ),
    "become": (
        {**LOCAL, "ansible_become": True, "ansible_become_password": "{{ missing }}"},
        "failed",
        "'missing' is undefined",
    ),
    "timeout": ({**LOCAL, "collect_task_timeout_s": "{{ missing }}"}, "failed", "undefined"),
    "number": (
        {**LOCAL, "collect_probe_timeout_s": "soon"},
        "failed",
        "collect_probe_timeout_s is 'soon': expected a number above 0",
    ),
    "probe": (
        {**LOCAL, "probe_own_probes": [{"id": "own", "description": "x", "kind": "shell"}]},
        "failed",
        "probe own.*'shell' is none of",
    ),
    "plugin": ({"ansible_connection": "nonsense"}, "failed", "nonsense"),
    "pipeless": ({"ansible_connection": "winrm"}, "failed", "cannot pipe a program|winrm"),
    "noise": (
        {**LOCAL, "ansible_shell_executable": "{tmp}/noise"},
        "failed",
        r'gave no answer: it wrote "hello \\x1b',
    ),
    "hang": (
        {**LOCAL, "ansible_shell_executable": "{tmp}/hang", "collect_task_timeout_s": 2},
        "failed",
        "took longer than collect_task_timeout_s",
    ),
    "Strange/../name ø": ({**LOCAL, "ansible_host": "x", "collect_probe_bytes": 0}, "failed", ""),
}


def test_a_hosts_trouble_is_that_hosts_result(play: Runner, tmp_path: Path) -> None:
    """Whatever is wrong with some, the play ends well and the good host is collected."""
    for name, text in {"noise": "printf 'hello \\033[31m\\n'", "hang": "sleep 30"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\ncat >/dev/null\n")
        (tmp_path / name).chmod(0o755)
    hosts = {
        name: json.loads(json.dumps(entry[0]).replace("{tmp}", str(tmp_path)))
        for name, entry in TROUBLES.items()
    }
    done = play({**hosts, "good": QUICK})
    assert done.rc == 0, done.output
    assert done.manifest["state"] == "complete"
    assert done.hosts["good"]["status"] == "collected"
    for name, (_, status, reason) in TROUBLES.items():
        entry = done.hosts[name]
        assert (entry["status"], entry["bundle"]) == (status, None), name
        assert re.search(reason, entry["reason"]), (name, entry["reason"])
        assert entry["reason"].isprintable()
    assert f"{len(TROUBLES)} of {len(TROUBLES) + 1} hosts are not wholly collected" in (
        " ".join(done.output.split())
    )


def test_a_run_without_any_reachable_host_is_a_run(play: Runner) -> None:
    """All unreachable: exit code 0, a complete manifest with reasons."""
    gone = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    done = play({"web1": gone, "web2": gone})
    assert done.rc == 0, done.output
    assert done.manifest["state"] == "complete"
    assert {entry["status"] for entry in done.hosts.values()} == {"unreachable"}
    assert all("Connection refused" in entry["reason"] for entry in done.hosts.values())


def test_a_wrong_sudo_password_is_the_reason(play: Runner, tmp_path: Path) -> None:
    """Also over connection local, where a dropped password would hang for ever."""
    sudo = tmp_path / "sudo"
    sudo.write_text(
        "#!/bin/sh\n"
        'prompt=$(printf "%s" "$*" | sed -n "s/.*-p \\(.*password:\\).*/\\1/p")\n'
        'for turn in 1 2; do printf "%s" "$prompt" >&2; read -r given; done\n'
    )
    sudo.chmod(0o755)
    become = {"ansible_become": True, "ansible_become_exe": str(sudo)}
    wrong = {**LOCAL, **become, "ansible_become_password": "wrong", "ansible_become_user": "nobody"}
    done = play({"web1": wrong})
    assert done.hosts["web1"]["status"] == "failed"
    assert "become password prompt" in done.hosts["web1"]["reason"]


@pytest.mark.parametrize(
    ("arguments", "domains", "warned"),
    [
        ([], DOMAINS, False),
        (["--tags", "systemd"], frozenset({"systemd"}), False),
        (["--skip-tags", "timers"], DOMAINS - frozenset({"timers"}), False),
        (["--tags", "sytemd"], DOMAINS, True),
    ],
)
def test_tags_choose_domains(
    play: Runner, arguments: list[str], domains: frozenset[str], *, warned: bool
) -> None:
    """A tag that names no domain chooses nothing, and says so.

    Skipped is one that no other takes its targets from: else that probe comes along.
    """
    done = play({"web1": LOCAL}, arguments=arguments)
    assert {record.split("_")[0] for record in done.records("web1")} == domains
    assert ("names a domain of probes" in " ".join(done.output.split())) is warned


def test_profiles_travel_with_the_bundle(play: Runner) -> None:
    """Every truthmap_app_<name> of the host, with its templates filled in."""
    profile = {"title": "Fleet of {{ inventory_hostname }}", "units": ["a-*"], "extra": [1, True]}
    done = play({"web1": {**QUICK, "truthmap_app_quantum": profile, "other": "x"}, "web2": QUICK})
    expected = {"title": "Fleet of web1", "units": ["a-*"], "extra": [1, True]}
    assert done.bundle("web1")["applications"] == {"quantum": expected}
    assert done.bundle("web2")["applications"] == {}


def test_empty_survey_answers_change_nothing(play: Runner) -> None:
    """Optional survey text arrives as "" and means: not given."""
    parent = str(play.tmp / "archive")
    empty = {"collect_run_dir": "", "collect_fingerprint_key": "", "collect_archive_dir": parent}
    done = play({"web1": QUICK}, variables=empty)
    assert done.rc == 0, done.output
    (folder,) = Path(parent).iterdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["run"] == folder.name
    assert manifest["hosts"]["web1"]["status"] == "collected"


def test_a_used_folder_is_refused(play: Runner) -> None:
    """With a readable error, though the task's result is secret otherwise."""
    play({"web1": QUICK})
    again = play({"web1": QUICK})
    assert again.rc != 0
    assert "already holds a run" in " ".join(again.output.split())


def test_batches_are_refused(play: Runner) -> None:
    """`serial` would make a run of every batch."""
    playbook = play.tmp / "serial.yml"
    playbook.write_text(
        "- hosts: all\n  gather_facts: false\n  serial: 1\n"
        "  roles: [{role: probe_host}, {role: collect}]\n"
    )
    done = play({"web1": QUICK, "web2": QUICK}, playbook=playbook)
    assert done.rc != 0
    assert "the play has `serial`" in " ".join(done.output.split())
    assert not done.folder.exists()


def test_a_killed_run_is_recognised(play: Runner) -> None:
    """SIGKILL of the controller: the manifest says running, whole bundles are there."""
    hang = play.tmp / "hang"
    hang.write_text("#!/bin/sh\nexec sleep 60\n")
    hang.chmod(0o755)
    hosts: dict[str, dict[str, Any]] = {
        "quick": QUICK,
        "slow": {**LOCAL, "ansible_shell_executable": str(hang)},
    }
    job = subprocess.Popen(
        play.command(hosts),
        env=play.environment(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        cwd=play.tmp,
    )
    folder = play.tmp / "run"
    until = time.monotonic() + 60
    while not (folder / "quick.json").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    _kill_descendants(job.pid)
    job.wait()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["state"] == "running"
    assert manifest["hosts"]["slow"]["status"] == "pending"
    assert json.loads((folder / "quick.json").read_text())["host"] == "quick"


def test_the_role_runs_three_tasks(play: Runner) -> None:
    """Open, collect, complete: nothing a host would have to pay for, whatever the domains."""
    done = play({"web1": QUICK})
    assert re.findall(r"TASK \[(.*?)\]", done.output) == [
        "collect : Open the run's archive",
        "collect : Collect the host's evidence",
        "collect : Complete the run's archive",
    ]


def test_the_example_fleet_is_valid() -> None:
    """Its profile is what group_vars make of it."""
    binary = str(Path(sys.executable).parent / "ansible-inventory")
    inventory = str(ROOT / "inventory" / "example")
    done = subprocess.run(
        [binary, "-i", inventory, "--host", "vps1.example.org"],
        env=Runner(ROOT).environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    profile = json.loads(done.stdout)["truthmap_app_quantum"]
    assert profile["title"] == "Quantum Trader"
    assert set(profile["critical_units"]) <= {"P0", "P1", "P2", "P3"}


def _kill_descendants(pid: int) -> None:
    """Kill a process and all below it, workers in sessions of their own included."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(pid, signal.SIGKILL)
    for child in children:
        try:
            _kill_descendants(int(child))
        except (ProcessLookupError, FileNotFoundError):
            continue
