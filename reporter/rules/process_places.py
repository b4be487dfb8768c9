"""Where a process runs: in a service, or in a place that nobody restarts or stops by name."""

from __future__ import annotations

import re

from reporter.messages import Text, text
from reporter.parsers.processes import Seen
from reporter.parsers.sockets_processes import units_of
from reporter.rules.socket_owners import INIT, is_session

__all__ = ["outside", "started_by_cron"]

_CONTAINER = re.compile(
    r"/(docker|lxc|kubepods|machine)[./-]|/(docker|libpod|crio|cri-containerd|lxc|lxd|incus|machine)-"
)
_CRON = frozenset({"cron.service", "crond.service", "cronie.service", "anacron.service"})
_JOBS = _CRON | {"atd.service"}
_SSH = re.compile(r"sshd?(@.*)?\.service")
_USER = re.compile(r"user@[0-9]+\.service")


def outside(seen: Seen) -> Text | None:
    """Say in words where a process runs that no service holds; None for one that a service does.

    What runs in a container is a service's affair or the container's, and so is what a user's own
    systemd runs as a service. Jobs of cron and at are told apart by `started_by_cron`.
    """
    if _CONTAINER.search(seen.cgroup):
        return None
    units = units_of(seen.cgroup)
    first = units[0] if units else None
    if first is None:
        return text("in no unit")
    if first == INIT:
        return None if seen.pid == 1 else text("in systemd's own scope")
    if is_session(first):
        return text("left in the login session {session}", session=first)
    if _USER.fullmatch(first):
        return _of_user(first, units[-1])
    if first.endswith(".scope"):
        return text("in the scope {scope}", scope=first)
    if _SSH.fullmatch(first):
        return text("left by a login, in {unit}", unit=first)
    if first in _JOBS:
        return text("started as a job, in {unit}", unit=first)
    return None


def _of_user(manager: str, innermost: str) -> Text | None:
    if innermost.endswith(".service") and innermost != manager:
        return None
    return text("among the programs of a user, in {unit}", unit=manager)


def started_by_cron(seen: Seen) -> bool:
    """Say whether cron or at started a process."""
    units = units_of(seen.cgroup)
    return bool(units) and units[0] in _JOBS
