"""The README shows only commands that work: every console line of it is run here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from reporter.profile import load_profiles
from reporter.render.summary_v1 import summary_schema
from reporter.waivers import load_waivers
from tests.lab.lab import Lab

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_two_commands_of_the_set_up_are_shown() -> None:
    """A newcomer finds `make run` and `make test` first; both are what CI and the README run."""
    assert COMMANDS[:2] == ["make run", "make test"]
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_every_command_works(lab: Lab, tmp_path: Path) -> None:
    """All of them, in the README's order, in one folder with an inventory of lab hosts."""
    lab.up(["bookworm", "trixie"])
    lab.write_inventory(tmp_path / "inventory.yml", ["bookworm", "trixie"])
    inventory = yaml.safe_load((tmp_path / "inventory.yml").read_text())
    hosts = inventory["all"]["hosts"]
    hosts["web1"] = hosts.pop("trixie")
    for variables in hosts.values():
        variables.pop("ansible_user", None)  # the README chooses the user on the command line
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    for name in ("playbooks", "roles", "ansible.cfg"):
        (tmp_path / name).symlink_to(ROOT / name)
    bin_folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    for command in COMMANDS:
        if command.startswith("make"):
            continue
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_make_run_prints_a_report_and_its_paths() -> None:
    """The main job on this very machine: exit 0, a report on stdout, paths that exist."""
    done = subprocess.run(
        ["make", "--silent", "run"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "PART A - SYSTEM TRUTH MAP" in done.stdout
    paths = re.findall(r"^(?:Archive|Report): +(.+)$", done.stderr, re.MULTILINE)
    assert len(paths) == 3
    for path in paths:
        assert (ROOT / path).exists()


def test_every_make_target_the_readme_names_exists() -> None:
    """No target in prose that the Makefile does not have."""
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make ([a-z-]+)`", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("block", [block for block in BLOCKS if "truthmap_app_" in block])
def test_the_profiles_shown_are_valid(block: str) -> None:
    """A profile copied from the README is accepted."""
    variables = yaml.safe_load(block)
    applications = {name.removeprefix("truthmap_app_"): value for name, value in variables.items()}
    assert len(load_profiles(applications, "README").all) == 1


def test_the_waivers_shown_can_be_used(tmp_path: Path) -> None:
    """A file copied from the README has no malformed entry."""
    (shown,) = [block for block in BLOCKS if block.startswith("waivers:")]
    path = tmp_path / "waivers.yml"
    path.write_text(shown)
    read = load_waivers(path)
    assert (len(read.entries), read.malformed) == (1, ())


def test_the_totals_shown_are_those_of_a_job() -> None:
    """Every key, in the order they come."""
    (shown,) = [yaml.safe_load(block) for block in BLOCKS if "truthmap_totals" in block]
    summary = summary_schema()["$defs"]["SummaryV1"]["properties"]
    assert list(shown["truthmap_totals"]) == [*summary, "archive", "reports"]
