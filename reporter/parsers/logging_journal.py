"""The journal: its files on disk and in memory, how journald is configured, what it dropped.

Sample of the files (the kind `listing`, two folders deep; the last number of an archived file's
name is the moment of its first entry, microseconds since the epoch in hexadecimal):

    {"path": "/var/log/journal/76a1/system.journal", "type": "file", "size": 8388608, ...}
    {"path": "/var/log/journal/76a1/system@d2cf-0001-000661193d12e49d.journal", ...}
    {"path": "/var/log/journal/76a1/system@000661193d12e49d-8a2163a999a16358.journal~", ...}

Sample of the configuration: a section `[Journal]`, the defaults as comments, later files win:

    [Journal]
    SystemMaxUse=1G

Sample of what was dropped (one line an entry; fields come in any order):

    {"__REALTIME_TIMESTAMP":"1795610886988957","N_DROPPED":"463",
     "OBJECT_SYSTEMD_UNIT":"chatty.service","MESSAGE":"Suppressed 463 messages from chatty.service"}

Source: journald.conf(5), systemd-journald.service(8), sd-messages.h (SD_MESSAGE_JOURNAL_DROPPED).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.host_rows import whole_listing
from reporter.parsers.logging_rows import contents
from reporter.recorded import recorded

__all__ = ["Dropped", "JournalConfig", "JournalFiles", "Suppressed"]

_ARCHIVED = re.compile(r"@[0-9a-f]+-[0-9a-f]+-([0-9a-f]{16})\.journal$")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTPE]?)B?", re.IGNORECASE)
_POWERS = " KMGTPE"
_CITED = 10
_VENDOR = "/usr/lib/systemd/journald.conf"
_LOCAL = "/etc/systemd/journald.conf"
_SINCE = re.compile(r"--since=-(\d+)s")
_LINES = re.compile(r"--lines=(\d+)")
_SAYS = re.compile(r"messages from (\S+)$")


@dataclass(frozen=True, slots=True)
class JournalFiles:
    """The journal's files in one folder; `exists` says whether the folder is there.

    `active` counts the files that are written to. `oldest` is the first entry of the oldest
    archived file, epoch seconds, None where there is none.
    """

    folder: str
    exists: bool
    size: int
    files: int
    active: int
    oldest: float | None
    cited: Citation


@dataclass(frozen=True)
class JournalConfig:
    """What is set in journald.conf and its drop-ins; what is not has journald's default."""

    values: Mapping[str, str]
    cited: Citation

    @property
    def storage(self) -> str:
        """Where the journal is kept: `auto`, `persistent`, `volatile` or `none`."""
        return self.values.get("Storage", "auto").lower()

    def size(self, name: str) -> int | None:
        """Return a setting in bytes, None where it is not set or cannot be read."""
        found = _SIZE.fullmatch(self.values.get(name, ""))
        if found is None:
            return None
        return int(float(found[1]) * 1024 ** _POWERS.index(found[2].upper() or " "))


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was dropped of one unit: messages, in how many goes, between which moments."""

    unit: str
    messages: int
    times: int
    first: float
    last: float


@dataclass(frozen=True)
class Suppressed:
    """What journald's rate limit dropped, by unit.

    `window` is how far back was looked, in seconds, None where the command does not say;
    `more` that there were more entries than were asked for.
    """

    by_unit: Mapping[str, Dropped]
    window: int | None
    more: bool
    record: str

    def cite(self, unit: str) -> Citation:
        """Return the citation of one unit's entries, summed up."""
        found = self.by_unit[unit]
        return Citation(self.record, f"{unit}: N_DROPPED={found.messages} in {found.times} entries")


@fact("logging_journal_persistent", accepts=("collected", "absent"))
def journal_persistent(record: Record) -> JournalFiles:
    """Return the journal's files on disk."""
    return _files(record, "/var/log/journal")


@fact("logging_journal_volatile", accepts=("collected", "absent"))
def journal_volatile(record: Record) -> JournalFiles:
    """Return the journal's files in memory."""
    return _files(record, "/run/log/journal")


def _files(record: Record, folder: str) -> JournalFiles:
    if record.outcome == "absent":
        cited = Citation(record.id, record.reason or "")
        return JournalFiles(folder, False, 0, 0, 0, None, cited)
    rows = [row for row, _ in whole_listing(record)]
    for row in rows:
        if "error" in row:
            raise NoFact(
                text("{path}: {reason}", path=str(row["path"]), reason=recorded(str(row["error"])))
            )
    found = {
        str(row["path"]): int(row["size"])
        for row in rows
        if row.get("type") == "file" and str(row["path"]).endswith((".journal", ".journal~"))
    }
    moments = [int(name[1], 16) / 1e6 for name in map(_ARCHIVED.search, found) if name]
    largest = sorted(found, key=lambda path: (-found[path], path))[:_CITED]
    return JournalFiles(
        folder=folder,
        exists=True,
        size=sum(found.values()),
        files=len(found),
        active=sum(1 for path in found if "@" not in PurePosixPath(path).name),
        oldest=min(moments, default=None),
        cited=Citation(record.id, "\n".join(f"{path} size={found[path]}" for path in largest)),
    )


@fact("logging_journal_config", accepts=("collected", "absent"))
def journal_config(record: Record) -> JournalConfig:
    """Return what is set; without any file all is default.

    /etc/systemd/journald.conf replaces the vendor's; drop-ins follow in the order of their
    names, one of the same name in a stronger folder replacing the weaker.
    """
    if record.stdout.truncated:
        raise NoFact(text("not all of its files were read"))
    files: dict[str, str] = {}  # in the order of the probe's patterns: weaker folders first
    main = ""
    for one in contents(record):
        if one.error is not None or one.truncated:
            reason = recorded(one.error) if one.error else text("it was cut")
            raise NoFact(text("{path}: {reason}", path=one.path, reason=reason))
        if one.path in (_VENDOR, _LOCAL):
            main = one.text
        else:
            files[PurePosixPath(one.path).name] = one.text
    values = _settings([main, *(files[name] for name in sorted(files))])
    shown = "\n".join(f"{name}={value}" for name, value in values.items())
    return JournalConfig(values, Citation(record.id, shown or "nothing is set"))


def _settings(texts: Iterable[str]) -> dict[str, str]:
    """Return the settings of section Journal; an empty value takes back what was set."""
    values: dict[str, str] = {}
    for content in texts:
        section = ""
        for line in map(str.strip, content.splitlines()):
            name, equals, value = line.partition("=")
            if line.startswith("["):
                section = line
            elif equals and section == "[Journal]" and not line.startswith(("#", ";")):
                values[name.strip()] = value.strip()
    return {name: value for name, value in sorted(values.items()) if value}


@fact("logging_suppressed")
def suppressed(record: Record) -> Suppressed:
    """Return what was dropped; none is an answer too."""
    if record.exit_code not in (0, 1):
        said = record.stderr.text.strip()[:200]
        raise NoFact(
            text("journalctl exited with {code}: {said}", code=str(record.exit_code), said=said)
        )
    lines = [line for line in record.stdout.text.splitlines() if line.strip()]
    if record.stdout.truncated:
        lines = lines[1:]  # its beginning was cut
    by_unit: dict[str, Dropped] = {}
    for line in lines:
        one = _dropped(line)
        known = by_unit.get(one.unit)
        by_unit[one.unit] = _sum(known, one) if known else one
    window, asked = _SINCE.search(record.command), _LINES.search(record.command)
    return Suppressed(
        by_unit=by_unit,
        window=int(window[1]) if window else None,
        more=record.stdout.truncated or (asked is not None and len(lines) >= int(asked[1])),
        record=record.id,
    )


def _dropped(line: str) -> Dropped:
    try:
        entry = json.loads(line)
        at, count = int(entry["__REALTIME_TIMESTAMP"]) / 1e6, int(entry["N_DROPPED"])
        named = entry.get("OBJECT_SYSTEMD_UNIT") or entry.get("UNIT")
        said = _SAYS.search(str(entry.get("MESSAGE")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NoFact(text("an entry of it cannot be read: {line}", line=line[:80])) from error
    unit = str(named) if named else said[1] if said else "unknown unit"
    return Dropped(unit, count, 1, at, at)


def _sum(one: Dropped, other: Dropped) -> Dropped:
    return Dropped(
        unit=one.unit,
        messages=one.messages + other.messages,
        times=one.times + other.times,
        first=min(one.first, other.first),
        last=max(one.last, other.last),
    )
