"""Command line of the lab: `python -m tests.lab up|inventory|down|run`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys

import yaml

from .access import USERS
from .lab import DEFAULT_HOSTS, Lab, default_state_dir
from .podman import LabError


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    lab = Lab(default_state_dir())
    try:
        lab.require()
        if arguments.command == "up":
            lab.up(arguments.names)
            print(_usage(lab))
        elif arguments.command == "inventory":
            _print_inventory(lab, arguments.user, arguments.become)
        elif arguments.command == "down":
            lab.down()
        else:
            _run(lab, arguments.names)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab",
        description="Hosts with a real systemd, sshd and Redis, in containers on this machine.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="bring hosts up, and leave them up")
    run = commands.add_parser("run", help="bring hosts up, wait for Ctrl-C, take them down")
    for command in (up, run):
        command.add_argument(
            "names",
            nargs="*",
            default=list(DEFAULT_HOSTS),
            metavar="NAME",
            help=f"hosts (default: {' '.join(DEFAULT_HOSTS)})",
        )
    inventory = commands.add_parser(
        "inventory", help="print the inventory of the hosts that are up"
    )
    inventory.add_argument("--user", choices=USERS, default="root", help="who logs in")
    inventory.add_argument("--become", action="store_true", help="become root by sudo")
    commands.add_parser("down", help="take the hosts of this lab down")
    return parser


def _usage(lab: Lab) -> str:
    inventory = shlex.quote(str(lab.inventory_path))
    config = shlex.quote(str(lab.access.ssh_config))
    return (
        f"inventory: {lab.inventory_path}\n"
        f"  ansible -i {inventory} all -m ping\n"
        f"  ssh -F {config} NAME    (-l {'|'.join(USERS)})\n"
        f"  hosts: {' '.join(lab.hosts())}"
    )


def _print_inventory(lab: Lab, user: str, become: bool) -> None:
    inventory = lab.inventory(lab.hosts(), user, become)
    print(yaml.safe_dump(inventory, sort_keys=False), end="")


def _run(lab: Lab, names: list[str]) -> None:
    """Up, wait for an interrupt or a termination, down."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        lab.up(names)
        print(f"{_usage(lab)}\nCtrl-C takes them down", flush=True)
        while True:
            signal.pause()
    except KeyboardInterrupt:
        print("lab: taking the hosts down", file=sys.stderr)
    finally:
        lab.down()


if __name__ == "__main__":
    sys.exit(main())
