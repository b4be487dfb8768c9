"""Kind `files`: the files some patterns match, with metadata and, unless told not to, content."""

import base64
import os
import re
import shlex
import stat
from typing import Any, Dict, List

from truthmap_collector import host, reading
from truthmap_collector.globbing import Expansion, expand
from truthmap_collector.metadata import Names, Row, row
from truthmap_collector.observation import (
    ABSENT,
    COLLECTED,
    DENIED,
    ERROR,
    Tail,
    Verdict,
    from_os_error,
    refusal,
)
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write one row a file; what was left out, and why, goes to stderr.

    Each file may fill its share of the limit: `bytes` divided by the number of files. With
    `content: false` no file is opened; `outcome` says whether what a symlink leads to is there.
    """
    found = _matching(args["globs"])
    for folder in found.denied:
        turn.note("{}: Permission denied".format(folder))
    for said in found.failed:
        turn.note(said)
    if not args["globs"]:
        return Verdict(COLLECTED)  # nothing was asked for
    if not found.paths:
        return _nothing(args["globs"], found)
    most = int(args["most"])
    chosen = found.paths[:most]
    if len(found.paths) > most:
        turn.stdout.incomplete()
        left_out = ", ".join(host.from_os(path) for path in found.paths[most:])
        turn.note("{} of {} files read; not read: {}".format(most, len(found.paths), left_out))
    if args.get("content", True) is False:
        return _write_metadata(chosen, turn)
    return _write(chosen, turn)


def by_hand(args: Dict[str, Any]) -> str:
    """Return `cat PATTERN...` or `ls -lad PATTERN...`, the patterns left for the shell."""
    if not args["globs"]:
        return "true"
    program = "ls -lad " if args.get("content", True) is False else "cat "
    return program + " ".join(_quoted(pattern) for pattern in args["globs"])


def _quoted(pattern: str) -> str:
    """Quote all but the pattern's own signs."""
    parts = re.split(r"(\*|\?|\[[^]]+\])", pattern)
    return "".join(
        part if at % 2 or not part else shlex.quote(part) for at, part in enumerate(parts)
    )


def _matching(patterns: List[str]) -> Expansion:
    paths: Dict[bytes, None] = {}  # in the order of the patterns, each once
    denied: List[str] = []
    failed: List[str] = []
    for pattern in patterns:
        found = expand(pattern)
        paths.update(dict.fromkeys(found.paths))
        denied.extend(found.denied)
        failed.extend(found.failed)
    return Expansion(list(paths), sorted(set(denied)), sorted(set(failed)))


def _nothing(patterns: List[str], found: Expansion) -> Verdict:
    if found.denied:
        return Verdict(DENIED, "may not be searched: " + ", ".join(found.denied))
    if found.failed:
        return Verdict(ERROR, "; ".join(found.failed))
    return Verdict(ABSENT, "no file matches " + " ".join(patterns))


def _write_metadata(paths: List[bytes], turn: Turn) -> Verdict:
    names = Names.read()
    for path in paths:
        if turn.over():
            return turn.timed_out()
        turn.write(_metadata(path, names))
    return Verdict(COLLECTED)


def _metadata(path: bytes, names: Names) -> Row:
    """Return the row of a path; of a symlink also `target`, and in `leads_to` that one's row."""
    shown = host.from_os(path)
    line: Row = {"path": shown, "outcome": COLLECTED}
    try:
        found = os.lstat(path)
        line.update(row(shown, found, names))
        if stat.S_ISLNK(found.st_mode):
            line["target"] = host.from_os(os.readlink(path))
            followed = os.stat(path)
            line["leads_to"] = row(host.from_os(os.path.realpath(path)), followed, names)
    except OSError as error:
        line["outcome"] = from_os_error(error, shown).outcome
        line["error"] = refusal(error)
    return line


def _write(paths: List[bytes], turn: Turn) -> Verdict:
    names = Names.read()
    share = max(turn.limit // len(paths) * 3 // 4, 256)
    readable = 0
    for path in paths:
        if turn.over():
            return turn.timed_out()
        line = _line(path, names, share, turn)
        readable += "error" not in line
        turn.write(line)
    if not readable:
        return Verdict(DENIED, "none of the {} files that match can be read".format(len(paths)))
    return Verdict(COLLECTED)


def _line(path: bytes, names: Names, share: int, turn: Turn) -> Row:
    shown = host.from_os(path)
    line: Row = {"path": shown}
    tail = Tail(share)
    try:
        line = row(shown, os.stat(path), names)
        reading.into(tail, path, share, turn.deadline)
    except reading.NotRegularError as error:
        return dict(line, error=str(error))
    except OSError as error:
        return dict(line, error=refusal(error))
    kept = tail.stream()
    line["truncated"] = kept.truncated
    try:
        line["encoding"], line["data"] = "utf-8", kept.data.decode("utf-8")
    except UnicodeDecodeError:
        line["encoding"], line["data"] = "base64", base64.b64encode(kept.data).decode("ascii")
        if turn.text_only:
            line["encoding"], line["data"] = "utf-8", host.from_os(kept.data)
    return line
