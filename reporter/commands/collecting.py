"""What commands share that collect."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import click

from reporter import collect as collecting
from reporter.commands.exits import INTERRUPTED, complain
from reporter.commands.options import options_of
from reporter.progress import Progress

__all__ = ["collect_archive", "collect_options", "interrupted"]


collect_options = options_of(
    click.option(
        "-i",
        "--inventory",
        help="Ansible inventory: a file, a folder, or a list such as 'web1,web2,'.  "
        "[default: this machine]",
    ),
    click.option("-l", "--limit", help="Only these hosts or groups of the inventory."),
    click.option(
        "--archive",
        "folder",
        type=click.Path(path_type=Path),
        help="Folder for this run's archive; must be new or empty.  [default: runs/<run id>]",
    ),
    click.option("-t", "--tags", help="Only these domains of probes, such as 'host,systemd'."),
    click.option("-u", "--user", help="Log in as this user."),
    click.option(
        "-k", "--ask-pass", is_flag=True, help="Ask for the login password (needs sshpass)."
    ),
    click.option("--private-key", type=click.Path(), help="Log in with this key."),
    click.option("-b", "--become", is_flag=True, help="Collect as another user (root)."),
    click.option("--become-user", help="The user to become.  [default: root]"),
    click.option("--become-method", help="How: sudo, su, doas, ...  [default: sudo]"),
    click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the password of --become."),
    click.option("-c", "--connection", help="Ansible connection plugin.  [default: ssh]"),
    click.option("--ssh-common-args", help="Arguments for every ssh of the run."),
    click.option("-f", "--forks", type=click.IntRange(1), help="Hosts at the same time."),
    click.option(
        "-e",
        "--extra-vars",
        multiple=True,
        help="Ansible variables: name=value, JSON, or @file.",
    ),
    click.option("--vault-password-file", type=click.Path(), help="Password file of a vault."),
    click.option("-v", "--verbose", count=True, help="Show what Ansible says; more v, more of it."),
)


def collect_archive(options: dict[str, Any]) -> tuple[Path, bool]:
    """Collect as the options say; returns the archive's folder, and whether it was interrupted."""
    folder = options["folder"] or collecting.new_folder(Path("runs"))
    arguments, passwords = _ansible_arguments(options)
    request = collecting.Request(
        folder=folder,
        inventory=options["inventory"],
        limit=options["limit"],
        arguments=arguments,
        passwords=passwords,
        forks=options["forks"],
        verbosity=options["verbose"],
    )
    with Progress(options["verbose"]) as progress:
        done = collecting.collect(request, progress)
    return done.folder, done.interrupted


def interrupted(folder: Path) -> int:
    """Say what is left of an interrupted run; returns the exit code."""
    hint = f"; what it holds: truthmap report {folder}" if folder.exists() else ""
    complain(f"interrupted{hint}")
    return INTERRUPTED


def _ansible_arguments(options: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return what ansible-playbook is handed, and the answers to its prompts."""
    named = ("tags", "user", "become_user", "become_method", "connection", "ssh_common_args")
    paths = ("private_key", "vault_password_file")
    words = [f"{_option(name)}={options[name]}" for name in named if options[name]]
    words += [
        f"{_option(name)}={Path(options[name]).expanduser().absolute()}"
        for name in paths
        if options[name]
    ]
    words += [f"--extra-vars={_absolute(value)}" for value in options["extra_vars"]]
    if options["become"]:
        words.append("--become")
    passwords = {}
    if options["ask_pass"]:
        words.append("--ask-pass")
        passwords[r"SSH password:\s*?$"] = getpass.getpass("SSH password: ")
    if options["ask_become_pass"]:
        words.append("--ask-become-pass")
        passwords[r"BECOME password.*:\s*?$"] = getpass.getpass("BECOME password: ")
    return tuple(words), passwords


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _absolute(value: str) -> str:
    """Return extra variables with the path of an @file made absolute: Ansible runs elsewhere."""
    return f"@{Path(value[1:]).expanduser().absolute()}" if value.startswith("@") else value
