"""Kind `process`: who some processes are: user, program, control group, moment of start.

Command lines and environments are never read: both may hold secrets.
"""

import os
from typing import Any, Dict, List, NamedTuple

from truthmap_collector import host
from truthmap_collector.observation import COLLECTED, Verdict, from_os_error, refusal
from truthmap_collector.turn import Turn

__all__ = ["below", "by_hand", "cgroup_of", "look", "root_cgroup"]

_STAT = "/proc/stat"


class Clock(NamedTuple):
    """What turns a process's start, in ticks since boot, into epoch seconds."""

    boot: int
    ticks: int


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write one row a process; one that is gone has its `error`, a program not shown its own.

    `uid` is the effective one, `cgroup` the path below that of init's (in a container without a
    cgroup namespace the whole path begins with the container's own).
    """
    try:
        clock = Clock(_boot(), os.sysconf("SC_CLK_TCK"))
    except OSError as error:
        return from_os_error(error, _STAT)
    users = host.names_by_id("/etc/passwd")
    root = root_cgroup()
    for pid in args["pids"]:
        if turn.over():
            return turn.timed_out()
        turn.write(_row(int(pid), clock, users, root))
    return Verdict(COLLECTED)


def by_hand(args: Dict[str, Any]) -> str:
    """Return the `ps` of the same processes."""
    return "ps -o pid,euid,euser,lstart,exe,cgroup -p " + ",".join(args["pids"])


def _row(pid: int, clock: Clock, users: Dict[int, str], root: str) -> Dict[str, Any]:
    folder = "/proc/{}/".format(pid)
    row: Dict[str, Any] = {"pid": pid}
    try:
        uid = _effective_uid(_lines(folder + "status"))
        start = clock.boot + _start(_lines(folder + "stat")) / clock.ticks
        cgroup = _cgroup(_lines(folder + "cgroup"))
    except OSError as error:
        return dict(row, error=refusal(error))
    row.update(uid=uid, user=users.get(uid), started_at=host.utc(start))
    row["cgroup"] = below(root, cgroup)
    try:
        row["exe"] = host.from_os(os.readlink(host.to_os(folder + "exe")))
    except OSError as error:
        row.update(exe=None, exe_error=refusal(error))
    return row


def _lines(path: str) -> List[str]:
    with open(path, "rb") as stream:
        return host.from_os(stream.read()).splitlines()


def _boot() -> int:
    return next(int(line.split()[1]) for line in _lines(_STAT) if line.startswith("btime "))


def _effective_uid(status: List[str]) -> int:
    return next(int(line.split()[2]) for line in status if line.startswith("Uid:"))


def _start(stat: List[str]) -> int:
    """Return field 22 of proc_pid_stat(5); the name, in parentheses, may hold anything."""
    return int("\n".join(stat).rpartition(")")[2].split()[19])


def _cgroup(lines: List[str]) -> str:
    """Return the path in systemd's own hierarchy: the named one of v1, else that of v2."""
    paths = {}
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        paths[controllers] = path
    return paths.get("name=systemd") or paths.get("") or ""


def root_cgroup() -> str:
    """Return the path below which init's units are; empty on an ordinary host."""
    try:
        path = _cgroup(_lines("/proc/1/cgroup"))
    except OSError:
        return ""
    return path[: -len("/init.scope")] if path.endswith("/init.scope") else path.rstrip("/")


def cgroup_of(pid: int) -> str:
    """Return the control group of a process, from the root the kernel shows. Raises OSError."""
    return _cgroup(_lines("/proc/{}/cgroup".format(pid)))


def below(root: str, path: str) -> str:
    """Return the path of a control group below that of init's."""
    return path[len(root) :] if root and path.startswith(root + "/") else path
