"""The roles and playbooks as data: valid probes, our own names only, no more than they promise."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from truthmap_control import probes, program

from .plays import ROOT, Runner

PROBE_ROLES = sorted(path.name for path in (ROOT / "roles").glob("probe_*"))
OWN = re.compile(r"(__)?(probe|collect|report|truthmap)_\w+$|ansible_python_interpreter$")
LINTED = ("roles", "playbooks", "molecule")
SECRET_PROPERTIES = {"Environment", "StatusText", "PassEnvironment"}


BLOCKING = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("reporter", "msgspec", "click", "rich"):
            raise ImportError(name)
        if name.startswith("truthmap_"):
            sys.path[:] = [path for path in sys.path if not path.startswith({roles!r})]
sys.meta_path.insert(0, Block())
"""
"""Hides the installed package, and the checkout's own folder of plugins, from a Python."""


def load(path: Path) -> Any:
    """A YAML file's content."""
    return yaml.safe_load(path.read_text())


def declared() -> dict[str, Any]:
    """The probe lists of all roles, by domain."""
    found: dict[str, Any] = {}
    for role in PROBE_ROLES:
        variables = load(ROOT / "roles" / role / "defaults" / "main.yml")
        for domain, name in probes.variables(variables).items():
            found[domain] = probes.filled(variables[name], variables)
    return found


def test_all_probes_are_valid_together() -> None:
    """Checked by what the action plugin and the collector check with."""
    gathered = probes.gather(declared())
    assert {f"probe_{domain}" for domain in gathered} == set(PROBE_ROLES)
    for domain, found in gathered.items():
        assert all(probe["id"].startswith(f"{domain}_") for probe in found)
        for probe in found:
            assert re.fullmatch(r"[A-Z].*[^.]\.", probe["description"]), probe["description"]


@pytest.mark.parametrize("role", PROBE_ROLES)
def test_a_probe_role_is_data_only(role: str) -> None:
    """No tasks and no argument spec: each would cost a task per host."""
    files = {
        str(path.relative_to(ROOT / "roles" / role))
        for path in (ROOT / "roles" / role).rglob("*")
        if path.is_file()
    }
    assert files == {"defaults/main.yml", "meta/main.yml"}
    names = list(load(ROOT / "roles" / role / "defaults" / "main.yml"))
    assert names[-1] == f"{role}_probes"
    assert all(name.startswith(f"{role}_") for name in names)


def test_every_probe_role_is_played() -> None:
    """In the play's role list, before `collect`: the one place a domain is named."""
    (play,) = load(ROOT / "playbooks" / "collect.yml")
    names = [entry["role"] for entry in play["roles"]]
    assert names[-1] == "collect"
    assert sorted(names[:-1]) == PROBE_ROLES
    assert play["gather_facts"] is False


def test_no_probe_asks_for_what_may_be_secret() -> None:
    """Nor for what starts a service or a shell."""
    for probe in (probe for found in declared().values() for probe in found):
        words = probe.get("args", {}).get("argv", [])
        if not words:
            continue
        assert words[0] not in {"sh", "bash", "timedatectl", "hostnamectl", "localectl"}
        for word in words:
            if word.startswith("--property="):
                properties = word.partition("=")[2].split(",")
                assert len(properties) == len(set(properties))
                assert not set(properties) & SECRET_PROPERTIES
                assert all(re.fullmatch(r"[A-Za-z]+", name) for name in properties)


def variables(node: Any) -> Iterator[str]:
    """Names of variables a task or play sets."""
    if isinstance(node, list):
        for item in node:
            yield from variables(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "register":
                yield value
            elif key in ("vars", "ansible.builtin.set_fact"):
                yield from value
            yield from variables(value)


def test_every_variable_is_of_our_own_names() -> None:
    """So it collides with no fleet's."""
    names = set()
    for path in (ROOT / "roles").glob("*/defaults/main.yml"):
        names |= set(load(path))
    for path in (ROOT / "roles").glob("*/vars/main.yml"):
        names |= set(load(path))
    for pattern in ("roles/*/tasks/*.yml", "playbooks/*.yml", "molecule/shared/*.yml"):
        for path in ROOT.glob(pattern):
            names |= set(variables(load(path)))
    assert {"collect_run", "collect_run_dir", "report_dir"} <= names
    assert {name for name in names if not OWN.match(name)} == set()


def test_the_program_of_all_probes_fits_an_argument() -> None:
    """A shell whose printf is no builtin passes it as one argument: Linux allows 128 KiB."""
    everything = [probe for found in declared().values() for probe in found]
    assert len(program.build(program.request(everything, fingerprint_key="x" * 64))) < 118_000


def test_ansible_lint_finds_nothing() -> None:
    """Profile production, without an ignored rule or file."""
    binary = Path(sys.executable).parent / "ansible-lint"
    done = subprocess.run(
        [binary, "--offline", "--profile", "production", "--strict", "-q", *LINTED],
        cwd=ROOT,
        env=Runner(ROOT).environment({"NO_COLOR": "1"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (ROOT / ".ansible-lint-ignore").exists()
    for folder in (*LINTED, "inventory"):
        for path in (ROOT / folder).rglob("*.yml"):
            assert "noqa" not in path.read_text()


def test_the_plugins_stand_alone(tmp_path: Path) -> None:
    """A plain checkout with only ansible-core collects: nothing of the package is imported."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("roles", "playbooks", "inventory", "ansible.cfg"):
        subprocess.run(["cp", "-r", ROOT / name, project], check=True)
    (tmp_path / "sitecustomize.py").write_text(BLOCKING.format(roles=str(ROOT / "roles")))
    environment = Runner(ROOT).environment({"PYTHONPATH": str(tmp_path)})
    environment["ANSIBLE_CONFIG"] = str(project / "ansible.cfg")
    del environment["ANSIBLE_ROLES_PATH"]
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "playbooks/collect.yml"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (project / "runs").iterdir()
    assert '"status": "collected"' in (run / "manifest.json").read_text()
