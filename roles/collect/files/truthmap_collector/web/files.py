"""Reading a server's configuration: its main files, what they include, and what lies beside them.

Of certificates and unix sockets that it names, only the metadata is taken.
"""

import json
import os
from collections import OrderedDict
from typing import Any, Dict, FrozenSet, List, Tuple

from truthmap_collector import host, reading
from truthmap_collector.globbing import expand
from truthmap_collector.metadata import Names, Row, row
from truthmap_collector.observation import COLLECTED, DENIED, Verdict, refusal
from truthmap_collector.turn import Turn
from truthmap_collector.web import caddy, haproxy, nginx
from truthmap_collector.web.reduced import Reduced

__all__ = ["look"]

_SYNTAXES = {"caddy": caddy.reduce, "haproxy": haproxy.reduce, "nginx": nginx.reduce}
_READ_BYTES = 524288
_KEPT_CHARACTERS = 131072
_UNIX = "/proc/net/unix"


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write the rows; see `Reduced` for what is in them."""
    return _Search(args, turn).run()


class _Search:
    """The files still to be read, in the order they were found, each once."""

    def __init__(self, args: Dict[str, Any], turn: Turn) -> None:
        self._turn = turn
        self._args = args
        self._names = Names.read()
        self._folder: Dict[bytes, str] = {}  # of a file's main file, to which paths are relative
        self._waiting: "OrderedDict[bytes, bool]" = OrderedDict()
        self._listening: FrozenSet[str] = _listening()
        self._readable = 0

    def run(self) -> Verdict:
        self._add("roots", True)
        left, read = self._turn.limit, 0
        beside = False
        while True:
            if not self._waiting and not beside:
                beside = True
                self._add("globs", False)
            if not self._waiting:
                break
            if self._turn.over():
                return self._turn.timed_out()
            path, root = self._waiting.popitem(last=False)
            if read >= int(self._args["most"]):
                self._turn.stdout.incomplete()
                self._turn.note("not read, limit: {}".format(host.from_os(path)))
                continue
            read += 1
            line = self._line(path, root)
            size = len(json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace"))
            if size >= left:
                self._turn.stdout.incomplete()
                self._turn.note("no room for {}".format(host.from_os(path)))
                continue
            left -= size + 1
            self._turn.write(line)
        if read and not self._readable:
            return Verdict(DENIED, "none of the {} files can be read".format(read))
        return Verdict(COLLECTED)

    def _add(self, argument: str, root: bool) -> None:
        for pattern in self._args.get(argument, []):
            found = expand(pattern)
            for folder in found.denied:
                self._turn.note("{}: Permission denied".format(folder))
            for path in found.paths:
                if not os.path.isdir(path):
                    self._queue(path, host.from_os(os.path.dirname(path)), root)

    def _queue(self, path: bytes, folder: str, root: bool = False) -> None:
        if path not in self._folder:
            self._folder[path] = folder
            self._waiting[path] = root

    def _line(self, path: bytes, root: bool) -> Row:
        shown = host.from_os(path)
        line: Row = {"path": shown}
        try:
            found = os.stat(path)
            line = row(shown, found, self._names)
            raw = reading.head(path, _READ_BYTES)
        except reading.NotRegularError as error:
            return dict(line, root=root, error=str(error))
        except OSError as error:
            return dict(line, root=root, error=refusal(error))
        self._readable += 1
        real = os.path.realpath(path)
        reduced = _SYNTAXES[self._args["syntax"]](host.from_os(raw), _KEPT_CHARACTERS)
        folder = self._folder[path]
        line.update(
            root=root,
            resolved=host.from_os(real) if real != path else None,
            truncated=len(raw) < found.st_size or reduced.cut,
            balanced=reduced.balanced,
            left_out=reduced.left_out,
            data=reduced.data,
            lines=reduced.lines,
            places=reduced.places,
            includes=[self._included(path, one, folder) for one in reduced.includes],
            references=self._references(reduced, folder),
        )
        return line

    def _included(self, path: bytes, include: Tuple[int, str], folder: str) -> Row:
        """Return what an include brings, as glob(3) finds it; its files are read in their turn."""
        number, pattern = include
        base = folder
        if self._args["syntax"] == "caddy":  # relative to the file itself
            base = host.from_os(os.path.dirname(path))
        pattern = os.path.join(base, pattern)
        made: Row = {"line": number, "pattern": pattern, "paths": [], "denied": []}
        if "<masked:" in pattern or "$" in pattern:
            return made
        found = expand(pattern)
        made["paths"] = [host.from_os(one) for one in found.paths]
        made["denied"] = found.denied
        for one in found.paths:
            self._queue(one, folder)
        return made

    def _references(self, reduced: Reduced, folder: str) -> List[Row]:
        found = []
        for number, directive, named in reduced.references:
            path = os.path.join(folder, named)
            line: Row = {"line": number, "directive": directive, "path": path}
            try:
                line.update(row(path, os.stat(host.to_os(path)), self._names))
            except OSError as error:
                line["error"] = refusal(error)
            if line.get("type") == "socket":
                line["listening"] = bool({path, os.path.realpath(path)} & self._listening)
            found.append(line)
        return found


def _listening() -> FrozenSet[str]:
    """Return the paths of unix sockets that listen in this network namespace; see proc(5)."""
    try:
        with open(_UNIX, "rb") as stream:
            lines = host.from_os(stream.read()).splitlines()[1:]
    except OSError:
        return frozenset()
    words = [line.split(None, 7) for line in lines]
    accepting = [word for word in words if len(word) == 8 and int(word[3], 16) & 0x10000]
    return frozenset(word[7] for word in accepting)
