"""A program of its own: reads units' journals, newest entry first, and counts what it is told to.

It runs in a process of its own, since only the main thread of a process can be called out of a
regular expression that takes for ever. The request is JSON in the first argument, the answer rows
of JSON on stdout: raw, for the caller to reduce.

    {"patterns": [{"name", "units", "regex", "lines", "since_s"}], "errors_of": [UNIT], "lines",
     "since_s", "seconds"}

    {"row": "journal", "from": us}                                the journal's oldest entry
    {"row": "read", "units", "since", "oldest", "newest", "entries", "long", "cut", "refused"}
    {"row": "match", "pattern", "unit", "groups", "count", "first", "last", "sample"}
    {"row": "pattern", "pattern", "units", "slow", "more"}
    {"row": "errors", "unit", "entries", "errors", "first", "last", "oldest", "newest", "cut"}
    {"row": "line", "unit", "why", "at", "priority", "sample"}

Moments are microseconds since the epoch.
"""

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Any, Dict, Iterator, List, Optional, Tuple

__all__ = ["main"]

_LINE = 4096  # characters of a message that are looked at
_SAMPLE = 300
_COMBINATIONS = 500  # of groups' values that are counted apart, of a pattern
_KEPT = 5  # error lines, and last lines, of a unit
_MATCH_S = 0.05  # for one expression on one line
_SLOW = 3  # lines on which an expression may take longer before it is given up
_FIELDS = "MESSAGE,PRIORITY,_SYSTEMD_UNIT,UNIT,_PID"
_JOURNALCTL = ["journalctl", "--no-pager", "--output=json", "--output-fields=" + _FIELDS]
_ERR = 3  # syslog(3): emerg, alert, crit, err

Row = Dict[str, Any]
Entry = Tuple[int, str, str, Optional[int], bool]  # moment, unit, message, priority, systemd's own


class _TooSlowError(Exception):
    """An expression took too long on a line."""


class _Reader:
    """The entries of some units, newest first, and what became of reading them."""

    def __init__(self, units: List[str], lines: int, since_s: int, end: float) -> None:
        self._units = units
        self._lines = lines
        self._end = end
        self._since_s = since_s
        self.since = int((time.time() - since_s) * 1e6)
        self.entries = self.long = 0
        self.oldest = self.newest = None  # type: Optional[int]
        self.cut = self.refused = None  # type: Optional[str]

    def __iter__(self) -> Iterator[Entry]:
        argv = [*_JOURNALCTL, "--reverse", "--lines={}".format(self._lines + 1)]
        argv.append("--since=-{}s".format(self._since_s))
        argv += [word for unit in self._units for word in ("-u", unit)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None  # noqa: S101 - for the type checker: both are pipes
        assert process.stderr is not None  # noqa: S101
        for line in process.stdout:
            if time.time() >= self._end:
                self.cut = "time"
                break
            if self.entries >= self._lines:
                self.cut = "lines"
                break
            entry = _entry(line)
            if entry is None:
                continue
            self.entries += 1
            self.oldest = entry[0]
            self.newest = self.newest or entry[0]
            if len(entry[2]) > _LINE:
                self.long += 1
            yield entry
        else:
            said = process.stderr.read(2000).decode("utf-8", "replace").strip()
            # A pattern of units that fits none is "No data available": there are no entries.
            if process.wait() and said and "No data available" not in said:
                self.refused = said.splitlines()[0]
        process.kill()
        process.stdout.close()
        process.stderr.close()
        process.wait()


def _entry(line: bytes) -> Optional[Entry]:
    try:
        entry = json.loads(line.decode("utf-8", "replace"))
        moment = int(entry["__REALTIME_TIMESTAMP"])
        message = entry.get("MESSAGE")
        if isinstance(message, list):  # how journalctl writes what is not UTF-8
            message = bytes(message).decode("utf-8", "replace")
        own = entry.get("_PID") == "1"
        unit = entry.get("UNIT") if own else entry.get("_SYSTEMD_UNIT")
        priority = entry.get("PRIORITY")
        level = int(priority) if isinstance(priority, str) and priority.isdigit() else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    # Null stands for a message too long for the output.
    return moment, str(unit or ""), str(message or ""), level, own


class _Pattern:
    """One expression with what it has counted."""

    def __init__(self, declared: Row) -> None:
        self.name = declared["name"]
        self.units = declared["units"]
        self._expression = re.compile(declared["regex"])
        self._counts = {}  # type: Dict[Tuple[str, Tuple[Tuple[str, Optional[str]], ...]], Row]
        self._more = self._slow = 0

    def take(self, entry: Entry) -> None:
        """Count an entry if the expression is found in it."""
        if self._slow >= _SLOW:
            return
        moment, unit, message, _, _ = entry
        found = self._search(message[:_LINE])
        if found is None:
            return
        groups = found.groupdict()
        key = (unit, tuple(sorted(groups.items())))
        row = self._counts.get(key)
        if row is None and len(self._counts) >= _COMBINATIONS:
            self._more += 1
        elif row is None:
            row = {"row": "match", "pattern": self.name, "unit": unit, "groups": groups}
            row.update(count=1, first=moment, last=moment, sample=_shortened(message))
            self._counts[key] = row
        else:
            row["count"] += 1
            row["first"] = min(row["first"], moment)
            row["last"] = max(row["last"], moment)

    def _search(self, message: str) -> "Optional[re.Match[str]]":
        signal.setitimer(signal.ITIMER_REAL, _MATCH_S)
        try:
            return self._expression.search(message)
        except _TooSlowError:
            self._slow += 1
            return None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def rows(self) -> Iterator[Row]:
        """Yield what was counted, and how whole that is."""
        yield from self._counts.values()
        row = {"row": "pattern", "pattern": self.name, "units": self.units}
        row.update(slow=self._slow, given_up=self._slow >= _SLOW, more=self._more)
        yield row


def _shortened(message: str) -> str:
    """Return the beginning, cut between words: half a word may pass where the whole would not."""
    if len(message) <= _SAMPLE:
        return message
    cut = message[:_SAMPLE]
    return cut[: max(cut.rfind(sign) for sign in " \t\n") + 1] + "..."


def _counted(request: Row, end: float) -> Iterator[Row]:
    """Yield the rows of all patterns; those of the same units share one reading."""
    groups = {}  # type: Dict[Tuple[str, ...], List[Row]]
    for declared in request["patterns"]:
        groups.setdefault(tuple(sorted(declared["units"])), []).append(declared)
    for units, alike in groups.items():
        lines = _widest(alike, request, "lines")
        reader = _Reader(list(units), lines, _widest(alike, request, "since_s"), end)
        patterns = [_Pattern(one) for one in alike]
        for entry in reader:
            for pattern in patterns:
                pattern.take(entry)
        yield _read(reader, list(units))
        for pattern in patterns:
            yield from pattern.rows()


def _widest(patterns: List[Row], request: Row, name: str) -> int:
    """Return the largest bound that any of some patterns asks for."""
    return max(int(one[name] if name in one else request[name]) for one in patterns)


def _read(reader: _Reader, units: List[str]) -> Row:
    return {
        "row": "read",
        "units": units,
        "since": reader.since,
        "oldest": reader.oldest,
        "newest": reader.newest,
        "entries": reader.entries,
        "long": reader.long,
        "cut": reader.cut,
        "refused": reader.refused,
    }


def _errors(unit: str, request: Row, end: float) -> Iterator[Row]:
    """Yield a unit's errors: how many, the last ones, and its own last lines."""
    reader = _Reader([unit], request["lines"], request["since_s"], end)
    moments, kept = [], []  # type: List[int], List[Row]
    last = 0
    for moment, _, message, priority, own in reader:
        why = None
        if priority is not None and priority <= _ERR:
            moments.append(moment)
            why = "error" if len(moments) <= _KEPT else None
        if not own and last < _KEPT:
            last += 1
            why = why or "last"
        if why is not None:
            row = {"row": "line", "unit": unit, "why": why, "at": moment, "priority": priority}
            kept.append(dict(row, sample=_shortened(message)))
    yield from kept
    row = dict(_read(reader, [unit]), row="errors", unit=unit, errors=len(moments))
    row.update(first=min(moments, default=None), last=max(moments, default=None))
    yield row


def _oldest() -> Row:
    process = subprocess.Popen(
        ["journalctl", "--no-pager", "--output=json", "--output-fields=_BOOT_ID"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
    entry = _entry(process.stdout.readline())
    process.kill()
    process.stdout.close()
    process.wait()
    return {"row": "journal", "from": entry[0] if entry else None}


def _interrupt(number: int, frame: Optional[FrameType]) -> None:
    raise _TooSlowError


def main(text: str) -> None:
    """Answer a request."""
    request = json.loads(text)
    signal.signal(signal.SIGALRM, _interrupt)
    end = time.time() + request["seconds"]
    rows = [_counted(request, end)]
    rows += [_errors(unit, request, end) for unit in request["errors_of"]]
    print(json.dumps(_oldest()))
    for several in rows:
        for row in several:
            print(json.dumps(row))
    with contextlib.suppress(OSError):
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
