"""Which units load which environment files: `EnvironmentFiles` of `systemctl show`.

Sample (one line a file, in the order systemd reads them; a unit without one has no line):

    EnvironmentFiles=/etc/app/testnet.env (ignore_errors=no)
    EnvironmentFiles=/etc/app/price-feed.env (ignore_errors=yes)
    Id=app-price-feed.service

Source: systemd.exec(5), EnvironmentFile=; src/systemctl/systemctl-show.c.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.systemd_values import properties, require_systemd

__all__ = ["EnvUse", "Loaded"]

_PROPERTY = "EnvironmentFiles"
_LINE = re.compile(r"EnvironmentFiles=(?P<path>/.*) \(ignore_errors=(?P<optional>yes|no)\)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """One EnvironmentFile= of a unit: a path or pattern, and whether it may be missing."""

    path: str
    optional: bool
    line: str


@dataclass(frozen=True)
class EnvUse:
    """The environment files of units, by unit, in systemd's order; units without one are left out.

    `complete` is false where the output was cut.
    """

    record: str
    by_unit: Mapping[str, tuple[Loaded, ...]]
    complete: bool

    def cite(self, *units: str) -> Citation:
        """Return the citation of some units' lines."""
        found = [
            line
            for unit in units
            if unit in self.by_unit
            for line in (*(one.line for one in self.by_unit[unit]), f"Id={unit}")
        ]
        return Citation(self.record, "\n".join(found))


@fact("systemd_units")
def unit_env_files(record: Record) -> EnvUse:
    """Return what the units in memory load."""
    require_systemd(record)
    return _use(record)


@fact("config_idle_units")
def idle_env_files(record: Record) -> EnvUse:
    """Return what services load that nothing starts at boot; none where there is none."""
    if record.exit_code is None and not record.stdout.text:
        return EnvUse(record.id, {}, complete=True)
    require_systemd(record)
    return _use(record)


def _use(record: Record) -> EnvUse:
    if _PROPERTY not in record.command:
        raise NoFact(text("this run did not ask for the environment files of units"))
    by_unit: dict[str, tuple[Loaded, ...]] = {}
    for lines in properties(record):
        matches = [(_LINE.fullmatch(line), line) for line in lines.get(_PROPERTY, ())]
        loaded = tuple(
            Loaded(found["path"], found["optional"] == "yes", line)
            for found, line in matches
            if found is not None
        )
        if loaded:
            by_unit[lines["Id"][-1].partition("=")[2]] = loaded
    return EnvUse(record.id, by_unit, complete=not record.stdout.truncated)
