"""Systemd itself: the state of the whole system, and its version.

Samples: `systemctl is-system-running` prints one word (`running`, `degraded`, ...) and exits
with 1 for anything but running; `systemctl --version` begins with

    systemd 252 (252.39-1~deb12u2)

Source: systemctl(1), is-system-running.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.systemd_values import require_systemd

__all__ = ["SystemState", "SystemdVersion"]


@dataclass(frozen=True, slots=True)
class SystemState:
    """The word systemd has for the whole system."""

    state: str
    record: str

    def cite(self) -> Citation:
        """Return the citation of the word."""
        return Citation(self.record, self.state)


@dataclass(frozen=True, slots=True)
class SystemdVersion:
    """The version: `number` as in systemd's news, `package` as the distribution calls it."""

    number: int
    package: str | None
    record: str


@fact("systemd_state")
def system_state(record: Record) -> SystemState:
    """Return the state of the whole system."""
    state = record.stdout.text.strip()
    if state == "offline":
        raise NoFact(text("this machine was not started with systemd"))
    require_systemd(record, successes=(0, 1) if state else (0,))
    if not re.fullmatch("[a-z-]+", state):
        raise NoFact(text("no state can be read in its output"))
    return SystemState(state, record.id)


@fact("systemd_version")
def systemd_version(record: Record) -> SystemdVersion:
    """Return the version of systemd."""
    found = re.match(r"systemd (\d+)(?:\S*) ?(?:\(([^)]*)\))?", record.stdout.text)
    if found is None:
        raise NoFact(text("no version can be read in its output"))
    return SystemdVersion(int(found[1]), found[2] or None, record.id)
