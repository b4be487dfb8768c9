"""The state file of logrotate: when it last rotated each file, and that it ran at all.

Sample (version 2; times are the host's local time without a zone, numbers without zeros):

    logrotate state -- version 2
    "/var/log/apt/term.log" 2026-11-22-6:25:1
    "/var/log/an \\"odd\\" name.log" 2026-11-22-0:0:0

Version 1 writes neither quotes nor a time of day: `/var/log/btmp 2026-11-22`. Logrotate writes the
whole file anew whenever it runs, also when nothing was due, so the file's own time is that of the
last run. What logrotate cannot read in it is `fault`.

Source: logrotate(8), logrotate.c (readState, writeState); tried with 3.18, 3.21 and 3.22.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import Text, text
from reporter.parsers.logging_rows import Content, contents
from reporter.recorded import recorded

__all__ = ["RotationState"]

_FIRST = re.compile(r"logrotate state -- version [12]")
_ENTRY = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"]+))\s+(?P<date>\S+)\s*')
_DATE = re.compile(r"(\d+)-(\d+)-(\d+)(?:-(\d+):(\d+):(\d+))?")
_YEARS = range(1900, 2101)
_SHOWN = 80


@dataclass(frozen=True)
class RotationState:
    """The state file, `path` None where there is none.

    `modified` is epoch seconds by the host's clock; `rotated` holds for each file the moment of
    its last rotation, read as if local time were UTC: up to 14 hours off. `fault` says what is
    wrong where logrotate cannot read it; `rotated` then holds what stands before.
    """

    path: str | None
    modified: float | None
    rotated: Mapping[str, float]
    fault: Text | None
    cited: Citation

    @property
    def newest(self) -> float | None:
        """The newest rotation in it."""
        return max(self.rotated.values(), default=None)


@fact("logging_rotation_state", accepts=("collected", "absent"))
def rotation_state(record: Record) -> RotationState:
    """Return what logrotate remembers; of several files the one that was written last."""
    if record.outcome == "absent":
        return RotationState(None, None, {}, None, Citation(record.id, record.reason or ""))
    found = list(contents(record))
    for one in found:
        if one.error is not None:
            raise NoFact(text("{path}: {reason}", path=one.path, reason=recorded(one.error)))
        if one.truncated:
            raise NoFact(text("{path} was too long and its beginning cut", path=one.path))
    if not found:
        raise NoFact(text("it names no file"))
    return _state(max(found, key=lambda one: one.mtime or 0.0), record)


def _state(content: Content, record: Record) -> RotationState:
    rotated: dict[str, float] = {}
    fault = None
    for entry in _entries(content.text):
        if isinstance(entry, Text):
            fault = entry
            break
        rotated[entry[0]] = entry[1]
    first = "\n".join(content.text.splitlines()[:1])
    newest = max(rotated, key=lambda path: rotated[path], default=None)
    excerpt = f"{content.path}: {first[:_SHOWN]}" + (
        f"\n{newest} {_written(rotated[newest])}" if newest is not None else ""
    )
    return RotationState(
        path=content.path,
        modified=content.mtime,
        rotated=rotated,
        fault=fault,
        cited=Citation(record.id, excerpt),
    )


def _entries(content: str) -> Iterator[tuple[str, float] | Text]:
    """Yield files with their moments, up to what logrotate would stop at; nothing is no fault."""
    if not content:
        return
    first, newline, rest = content.partition("\n")
    if not newline or not _FIRST.fullmatch(first):
        yield text("its first line is not logrotate's: {line}", line=_printable(first))
        return
    for number, line in enumerate(rest.split("\n"), start=2):
        if not line:
            continue
        found = _ENTRY.fullmatch(line)
        if found is None or "\0" in line:
            yield text("line {number} cannot be read: {line}", number=number, line=_printable(line))
            return
        moment = _moment(found["date"])
        if moment is None:
            yield text("line {number} holds no date: {line}", number=number, line=_printable(line))
            return
        path = (
            re.sub(r'\\(["\\])', r"\1", found["quoted"])
            if found["plain"] is None
            else found["plain"]
        )
        yield path, moment


def _moment(date: str) -> float | None:
    found = _DATE.fullmatch(date)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    if year not in _YEARS:
        return None
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _written(moment: float) -> str:
    when = datetime.fromtimestamp(moment, UTC)
    return f"{when.year}-{when.month}-{when.day}-{when.hour}:{when.minute}:{when.second}"


def _printable(line: str) -> str:
    shown = line[:_SHOWN].encode("unicode_escape").decode("ascii")
    return shown if len(line) <= _SHOWN else f"{shown}..."
