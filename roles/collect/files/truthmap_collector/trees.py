"""The files below some folders: metadata of each, and of model files hash, format and end.

It reads disks that work for others: within a budget of bytes and of time, with a rest after each
read, small files first. Symlinks are shown and not followed, mounts are not entered.
"""

import fnmatch
import hashlib
import os
import stat
import time
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from truthmap_collector import host, mounts, reading
from truthmap_collector.metadata import Names, Row, row
from truthmap_collector.model_formats import HEAD_BYTES, TAIL_BYTES, recognised
from truthmap_collector.observation import (
    ABSENT,
    COLLECTED,
    DENIED,
    ERROR,
    Verdict,
    from_os_error,
    refusal,
)
from truthmap_collector.turn import Turn

__all__ = ["look"]

_NOTHING_READ = {"format": None, "end": None, "sha256": None, "head_sha256": None}
_CHUNK = 1048576
_HAND_OVER_S = 1.0  # of the probe's time, left for writing what was found


class Options(NamedTuple):
    """The bounds: folders down, files in all, bytes of a file, bytes and seconds for reading.

    `patterns` are those of names, in lower case, whose content is looked at; `duty` is the share
    of time spent on reading.
    """

    depth: int
    most: int
    patterns: Tuple[str, ...]
    file_bytes: int
    all_bytes: int
    seconds: float
    duty: float

    @classmethod
    def of(cls, args: Dict[str, Any]) -> "Options":
        """Return the arguments of a probe, and what holds where one is not given."""
        return cls(
            int(args.get("depth", 8)),
            int(args.get("most", 5000)),
            tuple(pattern.lower() for pattern in args.get("names", ["*"])),
            int(args.get("file_bytes", 67108864)),
            int(args.get("all_bytes", 268435456)),
            float(args.get("seconds", 8)),
            float(args.get("duty", 0.3)),
        )

    def wants(self, name: str) -> bool:
        """Say whether the content of a file of that name is looked at."""
        return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in self.patterns)


class _File(NamedTuple):
    """A regular file whose content is to be looked at; what is found goes into its row."""

    raw: bytes
    found: os.stat_result
    row: Row


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write one row a file, those of a folder followed by one with `root`: how that folder was."""
    paths = list(dict.fromkeys(args.get("paths", [])))
    if not paths:
        return Verdict(ABSENT, "no folder is named")
    walk = _Walk(Options.of(args), turn)
    roots = [walk.root(path) for path in paths]
    _Reading(walk.options, turn).all(walk.files)
    for rows in walk.rows:
        for line in rows:
            turn.write(line)
    if turn.over():
        return turn.timed_out()
    return _verdict(roots)


def _verdict(roots: List[Verdict]) -> Verdict:
    for outcome in (COLLECTED, DENIED, ERROR, ABSENT):
        alike = [one for one in roots if one.outcome == outcome]
        if alike:
            reasons = [one.reason for one in alike if one.reason]
            return Verdict(outcome, None if outcome == COLLECTED else "; ".join(reasons))
    return Verdict(ABSENT, "no folder is named")


class _Walk:
    """Goes through the folders, one after the other; `most` files in all."""

    def __init__(self, options: Options, turn: Turn) -> None:
        self.options = options
        self.rows: List[List[Row]] = []
        self.files: List[_File] = []
        self._turn = turn
        self._names = Names.read()
        self._left = options.most
        self._cut: Optional[str] = None
        self._elsewhere: Optional[str] = None

    def root(self, path: str) -> Verdict:
        """Take the rows of one folder, its own the last; return how it went."""
        rows: List[Row] = []
        self.rows.append(rows)
        itself: Row = {"root": path, "outcome": COLLECTED, "reason": None}
        verdict = Verdict(COLLECTED)
        self._cut = None
        self._elsewhere = None
        try:
            found = os.stat(host.to_os(path))
            itself.update(row(path, found, self._names))
            if not stat.S_ISDIR(found.st_mode):
                verdict = Verdict(ERROR, "{}: not a folder".format(path))
            else:
                real = host.from_os(os.path.realpath(host.to_os(path)))
                if real != path:
                    itself["real"] = real
                self._elsewhere = _elsewhere(path)
                rows.extend(self._folder(path, host.to_os(path), found.st_dev, self.options.depth))
        except OSError as error:
            verdict = from_os_error(error, path)
        itself.update(outcome=verdict.outcome, reason=verdict.reason, cut=self._cut)
        itself["path"] = path
        rows.append(itself)
        return verdict

    def _folder(self, path: str, raw: bytes, device: int, depth: int) -> Iterator[Row]:
        """Yield what is below a folder; raises OSError only if it cannot be read itself."""
        with os.scandir(raw) as entries:
            names = self._listed(entry.name for entry in entries)
        for name in sorted(names):
            if self._left <= 0 or self._turn.over():
                self._stop()
                return
            shown, below = os.path.join(path, host.from_os(name)), os.path.join(raw, name)
            try:
                found = os.lstat(below)
            except OSError as error:
                yield {"path": shown, "type": None, "error": refusal(error)}
                continue
            if stat.S_ISDIR(found.st_mode):
                yield from self._below(shown, below, found, device, depth)
            else:
                self._left -= 1
                yield self._entry(shown, below, found)

    def _listed(self, names: Iterator[bytes]) -> List[bytes]:
        """Return the names in a folder, no more than the bound lets us show."""
        listed: List[bytes] = []
        for name in names:
            if len(listed) > self._left:
                self._stop()
                break
            listed.append(name)
        return listed

    def _stop(self) -> None:
        over = self._turn.over()
        self._cut = "time" if over else "only {} files are shown".format(self.options.most)

    def _below(
        self, path: str, raw: bytes, found: os.stat_result, device: int, depth: int
    ) -> Iterator[Row]:
        closed = None
        if depth <= 1:
            closed = "deeper than was asked for"
        elif found.st_dev != device:
            closed = "a mount, which is not entered"
        else:
            try:
                yield from self._folder(path, raw, device, depth - 1)
            except OSError as error:
                closed = refusal(error)
        if closed is not None:
            yield dict(row(path, found, self._names), error=closed)

    def _entry(self, path: str, raw: bytes, found: os.stat_result) -> Row:
        line = row(path, found, self._names)
        if stat.S_ISLNK(found.st_mode):
            try:
                line["target"] = host.from_os(os.readlink(raw))
                line["leads"] = os.path.exists(raw)
            except OSError as error:
                line["error"] = refusal(error)
        elif stat.S_ISREG(found.st_mode) and self.options.wants(os.path.basename(path)):
            file = _File(raw, found, line)
            if self._elsewhere is None:
                self.files.append(file)
            else:
                line.update(_NOTHING_READ)
                _unread(file, "on {}, which may be another host's".format(self._elsewhere))
        return line


def _elsewhere(path: str) -> Optional[str]:
    """Return the type of a folder's file system if to read there may mean to fetch it."""
    try:
        with open("/proc/self/mountinfo", "rb") as stream:
            mounted = mounts.parse(host.from_os(stream.read()))
    except OSError:
        return "?"
    return mounts.elsewhere(os.path.realpath(path), mounted)


class _Reading:
    """Looks into files, within the budgets; what is not reached says so in its row."""

    def __init__(self, options: Options, turn: Turn) -> None:
        self._options = options
        self._left = options.all_bytes
        self._end = min(turn.deadline - _HAND_OVER_S, time.monotonic() + options.seconds)

    def all(self, files: List[_File]) -> None:
        """Look at both ends of every file, then hash as much as the budgets allow."""
        smallest = sorted(files, key=lambda one: (one.found.st_size, one.row["path"]))
        whole = [file for file in smallest if self._ends(file)]
        for file in whole:
            self._hash(file)

    def _ends(self, file: _File) -> bool:
        """Fill in format, end and hash of the head; say whether the whole is to be hashed."""
        file.row.update(_NOTHING_READ)
        size = file.found.st_size
        if not self._may(min(size, HEAD_BYTES + TAIL_BYTES), file):
            return False
        try:
            with reading.opened(file.raw) as opened:
                if not _same(opened.descriptor, file.found):
                    return _unread(file, "it was changed while it was looked at")
                head = self._read(opened.descriptor, 0, HEAD_BYTES)
                tail = self._read(opened.descriptor, max(size - TAIL_BYTES, 0), TAIL_BYTES)
        except reading.NotRegularError as error:
            return _unread(file, str(error))
        except OSError as error:
            return _unread(file, refusal(error))
        signature = recognised(head, tail, size)
        file.row.update(format=signature.format, end=signature.end)
        if not signature.opaque:
            return False
        file.row["head_sha256"] = hashlib.sha256(head).hexdigest()
        if size <= HEAD_BYTES:
            file.row["sha256"] = file.row["head_sha256"]
        return HEAD_BYTES < size <= self._options.file_bytes

    def _hash(self, file: _File) -> None:
        if not self._may(file.found.st_size, file):
            return
        digest, at = hashlib.sha256(), 0
        try:
            with reading.opened(file.raw) as opened:
                while at < file.found.st_size:
                    if time.monotonic() >= self._end:
                        _unread(file, "the time for reading was over")
                        return
                    chunk = self._read(opened.descriptor, at, _CHUNK)
                    if not chunk:
                        break
                    digest.update(chunk)
                    at += len(chunk)
                if not _same(opened.descriptor, file.found) or at != file.found.st_size:
                    _unread(file, "it was changed while it was looked at")
                    return
        except (OSError, reading.NotRegularError):
            _unread(file, "it was changed while it was looked at")
            return
        file.row["sha256"] = digest.hexdigest()

    def _may(self, size: int, file: _File) -> bool:
        if time.monotonic() >= self._end:
            return _unread(file, "the time for reading was over")
        if size > self._left:
            return _unread(file, "the bytes that may be read were used up")
        self._left -= size
        return True

    def _read(self, descriptor: int, at: int, most: int) -> bytes:
        """Read in steps, and rest after each."""
        parts, begin = [], time.monotonic()
        while most > 0:
            part = os.pread(descriptor, min(most, _CHUNK), at)
            if not part:
                break
            parts.append(part)
            at, most = at + len(part), most - len(part)
        rest = (time.monotonic() - begin) * (1 / self._options.duty - 1)
        time.sleep(max(0.0, min(rest, self._end - time.monotonic())))
        return b"".join(parts)


def _unread(file: _File, reason: str) -> bool:
    file.row["unread"] = reason
    return False


def _same(descriptor: int, found: os.stat_result) -> bool:
    now = os.fstat(descriptor)
    return (now.st_dev, now.st_ino, now.st_size, now.st_mtime) == (
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime,
    )
