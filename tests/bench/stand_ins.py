"""The declared probes as plain commands, for the ways that do not use the collector."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from truthmap_collector.kinds.env_file import by_hand
from truthmap_control.probes import filled

__all__ = ["StandIn", "declared_probes", "derived", "playbook", "shell_script", "stand_ins"]

Probe = Mapping[str, Any]

_ROLES = Path(__file__).resolve().parents[2] / "roles"
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "TZ": "UTC",
}
_DF = "df --local --block-size=1 --output=source,fstype,size,used,avail,itotal,iavail,target"


@dataclass(frozen=True)
class StandIn:
    """A shell line that brings about what one probe brings."""

    probe: str
    kind: str
    line: str
    """One command; its words may hold shell patterns."""
    remark: str = ""
    """Where it is not the same as what the probe looks at."""


def declared_probes() -> list[dict[str, Any]]:
    """Read the probes that the roles declare, in the order of domains.

    Those that look at what an operator names are left out: here nobody names anything.
    """
    found: list[dict[str, Any]] = []
    for path in sorted(_ROLES.glob("probe_*/defaults/main.yml")):
        defaults = yaml.safe_load(path.read_text())
        found += filled(defaults[f"{path.parts[-3]}_probes"], defaults)
    return found


def derived(probes: Iterable[Probe]) -> list[str]:
    """Name the probes that take their targets from another's evidence.

    Also those the operator names targets for. They have no stand-in: on untouched hosts only the
    processes of sockets and one Redis server are targets.
    """
    return [str(probe["id"]) for probe in probes if "from" in probe or "variable" in probe]


def stand_ins(probes: Iterable[Probe]) -> list[StandIn]:
    """Return the commands that stand for the probes that are not derived.

    Raises ValueError for a kind nothing stands for.
    """
    found: list[StandIn] = []
    for probe in probes:
        if "from" in probe or "variable" in probe:
            continue
        make = _KINDS.get(probe["kind"])
        if make is None:
            raise ValueError(f"probe {probe['id']}: no command stands for kind {probe['kind']}")
        for line, remark in make(probe.get("args", {})):
            found.append(StandIn(str(probe["id"]), str(probe["kind"]), line, remark))
    return found


def shell_script(commands: Iterable[StandIn]) -> str:
    """Return all commands as one `sh` script: each output under a heading, with its exit code."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in _ENVIRONMENT.items()]
    for command in commands:
        lines += [f"echo '== {command.probe}'", f"{command.line} 2>&1", 'echo "exit $?"']
    return "\n".join([*lines, ""])


def playbook(commands: Iterable[StandIn]) -> str:
    """Return a playbook with one `command` task per command; none of them fails the play."""
    tasks = [
        {
            "name": command.probe,
            "ansible.builtin.command": {"argv": _argv(command.line)},
            "changed_when": False,
            "failed_when": False,
        }
        for command in commands
    ]
    play = {"hosts": "all", "gather_facts": False, "environment": _ENVIRONMENT, "tasks": tasks}
    return yaml.safe_dump([play], sort_keys=False)


def _argv(line: str) -> list[str]:
    words = shlex.split(line)
    if shlex.join(words) == line:
        return words
    return ["sh", "-c", line]  # a pattern, which the module would not expand


Lines = list[tuple[str, str]]


def _command(args: Mapping[str, Any]) -> Lines:
    return [(shlex.join(args["argv"]), "")]


def _file(args: Mapping[str, Any]) -> Lines:
    return [(shlex.join(["cat", args["path"]]), "")]


def _files(args: Mapping[str, Any]) -> Lines:
    # Patterns stand unquoted, for the shell to expand: they come from our own declarations.
    return [("cat " + " ".join(args["globs"]), "without the files' owners and modes")]


def _listing(args: Mapping[str, Any]) -> Lines:
    words = ["ls", "-la", "--time-style=full-iso"]
    if not args.get("entries", True):
        words.append("-d")
    return [(shlex.join([*words, args["path"]]), "without the folders above it")]


def _journal(args: Mapping[str, Any]) -> Lines:
    words = ["journalctl", "--no-pager", "--output=json", f"--lines={args['lines']}"]
    if args.get("fields"):
        words.append("--output-fields=" + ",".join(args["fields"]))
    if args.get("since_s"):
        words.append(f"--since=-{args['since_s']}s")
    return [(shlex.join([*words, *args["matches"]]), "")]


def _filesystems(args: Mapping[str, Any]) -> Lines:
    return [("cat /proc/self/mountinfo", ""), (_DF, "")]


def _clock(args: Mapping[str, Any]) -> Lines:
    return [("date +%s.%N", "time only: what tells the clock's state starts a service")]


def _env_file(args: Mapping[str, Any]) -> Lines:
    return [(by_hand(dict(args)), "the names of settings, not what becomes of their values")]


_KINDS: dict[str, Callable[[Mapping[str, Any]], Lines]] = {
    "clock": _clock,
    "command": _command,
    "env_file": _env_file,
    "file": _file,
    "files": _files,
    "filesystems": _filesystems,
    "journal": _journal,
    "listing": _listing,
}
