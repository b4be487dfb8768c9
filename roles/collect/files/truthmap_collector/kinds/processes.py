"""Kind `process`: who processes are: user, program, control group, moment of start.

Command lines and environments are never read: both may hold secrets.
"""

import errno
import os
from typing import Any, Dict, List, NamedTuple, Tuple

from truthmap_collector import host
from truthmap_collector.observation import COLLECTED, DENIED, Verdict, from_os_error, refusal
from truthmap_collector.turn import Turn

__all__ = ["below", "by_hand", "cgroup_of", "effective_uid", "look", "root_cgroup"]

ALL = "all"
"""In the place of process ids: every process but the kernel's own threads, and ours."""

_MOST = 5000
_STAT = "/proc/stat"
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, include/linux/sched.h in Linux


class Clock(NamedTuple):
    """What turns a process's start, in ticks since boot, into epoch seconds."""

    boot: int
    ticks: int


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write one row a process; one that is gone has its `error`, a program not shown its own.

    `uid` is the effective one, `cgroup` the path below that of init's (in a container without a
    cgroup namespace the whole path begins with the container's own). With `details` a row also has
    the name the process goes by, its state, its parent and its working folder.
    """
    try:
        clock = Clock(_boot(), os.sysconf("SC_CLK_TCK"))
    except OSError as error:
        return from_os_error(error, _STAT)
    if args["pids"] == [ALL]:
        return _look_at_all(args, clock, turn)
    look_at = _Reader(clock, bool(args.get("details")))
    for pid in args["pids"]:
        if turn.over():
            return turn.timed_out()
        turn.write(look_at.row(int(pid)))
    return Verdict(COLLECTED)


def by_hand(args: Dict[str, Any]) -> str:
    """Return the `ps` of the same processes."""
    columns = "pid,euid,euser,lstart,exe,cgroup"
    if args.get("details"):
        columns += ",comm,state,ppid"
    chosen = "-e" if args["pids"] == [ALL] else "-p " + ",".join(args["pids"])
    return "ps -o {} {}".format(columns, chosen)


def _look_at_all(args: Dict[str, Any], clock: Clock, turn: Turn) -> Verdict:
    """Write the rows of all processes, at most `most`; those that ended meanwhile are left out."""
    pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    if 1 not in pids:
        return Verdict(DENIED, "/proc shows only some processes (mount option hidepid)")
    look_at = _Reader(clock, bool(args.get("details")))
    most, shown = int(args.get("most", _MOST)), 0
    for at, pid in enumerate(pids):
        if turn.over():
            return turn.timed_out()
        if shown == most:
            turn.stdout.incomplete()
            turn.note("{} of {} processes looked at".format(at, len(pids)))
            break
        row = look_at.row(pid, foreign=True)
        if row:
            turn.write(row)
            shown += 1
    return Verdict(COLLECTED)


class _Reader:
    """Reads processes' rows; the tables they need are read once."""

    def __init__(self, clock: Clock, details: bool) -> None:
        self._clock = clock
        self._details = details
        self._users = host.names_by_id("/etc/passwd")
        self._root = root_cgroup()

    def row(self, pid: int, foreign: bool = False) -> Dict[str, Any]:
        """Return a process's row; with `foreign` none for one that is gone, the kernel's or ours.

        Ours is this process with the commands it runs for other probes: they end with it.
        """
        folder = "/proc/{}/".format(pid)
        row: Dict[str, Any] = {"pid": pid}
        try:
            name, stat = _fields(_lines(folder + "stat"))
            if foreign and (int(stat[6]) & _KERNEL_THREAD or os.getpid() in (pid, int(stat[1]))):
                return {}
            uid = _effective_uid(_lines(folder + "status"))
            cgroup = _cgroup(_lines(folder + "cgroup"))
        except OSError as error:
            if foreign and error.errno in (errno.ENOENT, errno.ESRCH):
                return {}
            return dict(row, error=refusal(error))
        start = self._clock.boot + int(stat[19]) / self._clock.ticks
        row.update(uid=uid, user=self._users.get(uid), started_at=host.utc(start))
        row["cgroup"] = below(self._root, cgroup)
        row.update(_link(folder, "exe"))
        if self._details:
            row.update(name=name, state=stat[0], ppid=int(stat[1]), **_link(folder, "cwd"))
        return row


def _link(folder: str, name: str) -> Dict[str, Any]:
    try:
        return {name: host.from_os(os.readlink(host.to_os(folder + name)))}
    except OSError as error:
        return {name: None, name + "_error": refusal(error)}


def _lines(path: str) -> List[str]:
    with open(path, "rb") as stream:
        return host.from_os(stream.read()).splitlines()


def _boot() -> int:
    return next(int(line.split()[1]) for line in _lines(_STAT) if line.startswith("btime "))


def _effective_uid(status: List[str]) -> int:
    return next(int(line.split()[2]) for line in status if line.startswith("Uid:"))


def _fields(stat: List[str]) -> Tuple[str, List[str]]:
    """Return the name and the fields from the third on of proc_pid_stat(5).

    The name, in parentheses, may hold anything.
    """
    before, _, after = "\n".join(stat).rpartition(")")
    return before.partition("(")[2], after.split()


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


def effective_uid(pid: int) -> int:
    """Return the effective user of a process. Raises OSError."""
    return _effective_uid(_lines("/proc/{}/status".format(pid)))


def below(root: str, path: str) -> str:
    """Return the path of a control group below that of init's."""
    if root and path == root:
        return "/"
    return path[len(root) :] if root and path.startswith(root + "/") else path
