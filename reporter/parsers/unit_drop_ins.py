"""The administrator's drop-ins with what they set, and the unit files the distribution ships.

Samples (kind `files`, the content masked; `ls -1` of two folders):

    {"path": "/etc/systemd/system/a.service.d/10-a.conf", ..., "truncated": false,
     "encoding": "utf-8", "data": "[Service]\\nMemoryMax=100M\\nEnvironment=TOKEN=<masked:18>\\n"}

    /lib/systemd/system:
    cron.service
    ...

Source: systemd.syntax(7), systemd.unit(5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import Value, text
from reporter.parsers.logging_rows import contents
from reporter.recorded import recorded

__all__ = ["DropIns", "Setting", "VendorUnits"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of a drop-in: section, name, value as shown (parts of it may be masked)."""

    section: str
    name: str
    value: str

    @property
    def masked(self) -> bool:
        """Whether a part of the value did not leave the host."""
        return "<masked:" in self.value

    @property
    def line(self) -> str:
        """The line as it stands in the file."""
        return f"{self.name}={self.value}"


@dataclass(frozen=True)
class DropIns:
    """What each drop-in sets, by its path; `unread` are those not readable, with the reason."""

    record: str
    by_path: Mapping[str, tuple[Setting, ...]]
    unread: Mapping[str, Value]


@dataclass(frozen=True)
class VendorUnits:
    """The names of the unit files in the distribution's folder."""

    record: str
    names: frozenset[str]

    def cite(self, name: str) -> Citation:
        """Return the citation of one name."""
        return Citation(self.record, name)


@fact("systemd_drop_ins", accepts=("collected", "absent"))
def drop_ins(record: Record) -> DropIns:
    """Return the drop-ins; none where there is no such file."""
    by_path: dict[str, tuple[Setting, ...]] = {}
    unread: dict[str, Value] = {}
    if record.outcome == "collected":
        for content in contents(record):
            if content.error or content.truncated:
                why = recorded(content.error) if content.error else text("it was cut")
                unread[content.path] = why
            else:
                by_path[content.path] = tuple(_settings(content.text))
    return DropIns(record.id, by_path, unread)


@fact("systemd_vendor_units")
def vendor_units(record: Record) -> VendorUnits:
    """Return the names of the distribution's unit files."""
    names = {line for line in record.stdout.text.splitlines() if line and not line.startswith("/")}
    if not names:
        raise NoFact(text("no unit file is in its output"))
    return VendorUnits(record.id, frozenset(names))


def _settings(data: str) -> Iterator[Setting]:
    """Yield the settings of a unit file; a backslash at the end of a line joins the next one."""
    section, waiting = "", ""
    for raw in data.splitlines():
        line = waiting + raw.strip()
        waiting = ""
        if not line or line.startswith(("#", ";")):
            continue
        if line.endswith("\\"):
            waiting = line[:-1] + " "
        elif line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        else:
            name, equals, value = line.partition("=")
            if equals:
                yield Setting(section, name.strip(), value.strip())
