"""Kind `journal_counts`: entries of units, counted by declared patterns; errors of failing units.

The reading and matching is done by `truthmap_collector.journal_tally` in a process of its own. Of
what a pattern's groups caught only values that look like names or numbers leave the host; samples
are masked like any text.
"""

import json
import linecache
import re
import shlex
import sys
import time
from typing import Any, Dict, Iterator, List

from truthmap_collector import process
from truthmap_collector.kinds.journal import closed
from truthmap_collector.masking import Masker
from truthmap_collector.observation import ABSENT, COLLECTED, DENIED, ERROR, Tail, Verdict
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]

_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,64}\Z")
_SAMPLES = 40  # of all patterns
_LINES = 20000
_SINCE_S = 7 * 86400
_HAND_OVER_S = 2.0  # of the probe's time, left for the answer and its reduction

Row = Dict[str, Any]


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Count, and write what was counted."""
    patterns, units = args.get("patterns", []), args.get("errors_of", [])
    if not patterns and not units:
        return Verdict(ABSENT, "no pattern is declared")
    if not sys.executable:
        return Verdict(ERROR, "the path of this interpreter is not known")
    denied = closed()
    if denied is not None:
        return Verdict(DENIED, denied)
    request = {
        "patterns": patterns,
        "errors_of": units,
        "lines": int(args.get("lines", _LINES)),
        "since_s": int(args.get("since_s", _SINCE_S)),
        "seconds": max(0.5, turn.deadline - time.monotonic() - _HAND_OVER_S),
    }
    raw = Tail(turn.limit * 4)
    argv = [sys.executable, "-I", "-S", "-B", "-c", _program(), json.dumps(request)]
    end = process.run(argv, raw, turn.stderr, turn.deadline - _HAND_OVER_S / 2, turn.groups)
    for row in _reduced(raw.stream().data):
        turn.write(row)
    if end.timed_out:
        return turn.timed_out()
    return _verdict(end, turn)


def by_hand(args: Dict[str, Any]) -> str:
    """Return the journalctl that shows the entries which are counted."""
    named = [unit for one in args.get("patterns", []) for unit in one["units"]]
    words = ["journalctl", "--no-pager"]
    for unit in dict.fromkeys(named + list(args.get("errors_of", []))):
        words += ["-u", unit]
    since = [one.get("since_s", 0) for one in args.get("patterns", [])]
    seconds = max([*since, 0]) or int(args.get("since_s", _SINCE_S))
    return " ".join(shlex.quote(word) for word in [*words, "--since=-{}s".format(seconds)])


def _verdict(end: process.End, turn: Turn) -> Verdict:
    said = turn.stderr.stream().data.decode("utf-8", "replace").strip().splitlines()
    last = said[-1] if said else ""
    if "'journalctl'" in last and "No such file" in last:
        return Verdict(ABSENT, "journalctl: No such file or directory")
    if end.exit_code or end.signal:
        return Verdict(ERROR, "counting failed: {}".format(last), end.exit_code, end.signal, True)
    return Verdict(COLLECTED)


def _program() -> str:
    """Return the program's source, which exists in memory only."""
    from truthmap_collector import journal_tally  # noqa: PLC0415 - where something is counted

    return "".join(linecache.getlines(str(journal_tally.__file__)))


def _reduced(data: bytes) -> Iterator[Row]:
    """Yield the rows, with those values of groups masked that are no names."""
    masker = Masker()
    merged: Dict[str, Row] = {}
    others: List[Row] = []
    for line in data.splitlines():
        try:
            row = json.loads(line.decode("utf-8", "replace"))
        except ValueError:
            continue  # the first line of a tail, cut
        if row["row"] != "match":
            others.append(row)
            continue
        row["groups"] = {
            name: None if value is None else _shown(value, row["sample"], masker)
            for name, value in row["groups"].items()
        }
        key = json.dumps([row["pattern"], row["unit"], row["groups"]], sort_keys=True)
        known = merged.setdefault(key, row)
        if known is not row:
            known["count"] += row["count"]
            known["first"] = min(known["first"], row["first"])
            known["last"] = max(known["last"], row["last"])
    for number, row in enumerate(merged.values()):
        yield row if number < _SAMPLES else dict(row, sample=None)
    yield from others


def _shown(value: str, sample: Any, masker: Masker) -> str:
    """Return a value if it looks like a name, by itself and where it stands."""
    harmless = _NAME.match(value) and not masker.text(value)[1]
    if harmless and isinstance(sample, str) and value in sample:
        harmless = value in masker.text(sample)[0]
    return value if harmless else "<masked:{}>".format(len(value))
