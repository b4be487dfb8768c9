"""Kind `env_file`: environment files as systemd reads them, without the secrets in them."""

import os
import re
import shlex
import stat
from typing import Any, Dict, Iterator, List, Optional, Set

from truthmap_collector import env_syntax, host, reading
from truthmap_collector.env_values import Describer
from truthmap_collector.globbing import expand
from truthmap_collector.metadata import Names, Row, permissions, row
from truthmap_collector.observation import COLLECTED, Tail, Verdict, from_os_error, refusal
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]

_LARGEST = 1024 * 1024  # bytes; no environment file is larger, and no process could take its values
_MOST_BESIDE = 500  # files of one folder
_MAGIC = re.compile(r"[*?\[]")
_ENV_NAME = re.compile(r"(^|[._-])env($|[._~#-])", re.IGNORECASE)
_SAMPLE = re.compile(r"[._-](example|sample|template|tmpl|dist|defaults?)$", re.IGNORECASE)

_SHARED_NAMES = """
    / /etc /etc/conf.d /etc/default /etc/sysconfig /home /opt /root /run /srv /tmp /usr /var
"""
_SHARED = frozenset(_SHARED_NAMES.split())
"""Folders that belong to no application: what lies beside a file there is not of its kind."""

_SYSTEMS = ("/dev/", "/lib/", "/proc/", "/run/", "/sys/", "/usr/lib/")

_MOST_NAMED = 3  # files of one folder, in the command to repeat by hand


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write one row an assignment, then one a file, then one a folder.

    `paths` are paths or patterns, as EnvironmentFile= takes them. With `beside`, files named like
    environment files in the folders of these are read too, unless the folder is one that all
    share; those in `folders` always.
    """
    return _Look(args, turn).run()


def by_hand(args: Dict[str, Any]) -> str:
    """Return the commands that list the same files, and the names set in them without values."""
    paths: List[str] = list(args.get("paths", []))
    folders: List[str] = list(args.get("folders", []))
    named: Dict[str, List[str]] = {}
    for path in paths:
        named.setdefault(os.path.dirname(path), []).append(path)
    if args.get("beside"):
        folders.extend(folder for folder in named if _is_own(folder) and folder not in folders)
    words = [
        word
        for folder, files in named.items()
        for word in (
            [shlex.quote(folder) + "/*"]
            if len(files) > _MOST_NAMED
            else [shlex.quote(path) for path in files]
        )
    ]
    commands = ["ls -la " + " ".join(shlex.quote(folder) for folder in folders)] if folders else []
    if words:
        commands.append("cut -d= -f1 " + " ".join(words))
    return "; ".join(commands) or "true"


def _is_own(folder: str) -> bool:
    return folder not in _SHARED and not (folder + "/").startswith(_SYSTEMS)


class _Look:
    """One turn: what was read already, and whom ids stand for."""

    def __init__(self, args: Dict[str, Any], turn: Turn) -> None:
        self._args = args
        self._turn = turn
        self._names = Names.read()
        self._describer = Describer(turn.fingerprints, args.get("words", ()))
        self._seen: Set[str] = set()

    def run(self) -> Verdict:
        for path in self._args.get("paths", []):
            if self._turn.over():
                return self._turn.timed_out()
            self._pattern(path)
        for folder in self._folders():
            if not self._folder(folder):
                return self._turn.timed_out()
        return Verdict(COLLECTED)

    def _folders(self) -> List[str]:
        found = list(self._args.get("folders", []))
        if self._args.get("beside"):
            paths = self._args.get("paths", [])
            found.extend(folder for folder in map(os.path.dirname, paths) if _is_own(folder))
        return sorted(set(found))

    def _pattern(self, path: str) -> None:
        if not _MAGIC.search(path):
            self._file(path)
            return
        found = expand(path)
        files = [host.from_os(one) for one in found.paths]
        for one in files:
            self._file(one)
        self._turn.write({"pattern": path, "files": files, "denied": sorted(set(found.denied))})

    def _folder(self, folder: str) -> bool:
        """Read what is named like an environment file; False if time was up."""
        raw = host.to_os(folder)
        line: Row = {"folder": folder}
        try:
            line.update(row(folder, os.stat(raw), self._names), folder=folder)
            names = sorted(host.from_os(name) for name in os.listdir(raw))
        except OSError as error:
            self._turn.write(dict(line, **_refused(error)))
            return True
        chosen = [name for name in names if self._is_wanted(folder, name)]
        for name in chosen[:_MOST_BESIDE]:
            if self._turn.over():
                return False
            self._file(os.path.join(folder, name))
        line.update(entries=len(names), left_out=max(0, len(chosen) - _MOST_BESIDE))
        self._turn.write(line)
        return True

    def _is_wanted(self, folder: str, name: str) -> bool:
        """Say whether a name is that of an environment file, or begins with that of one we read."""
        path = os.path.join(folder, name)
        if _SAMPLE.search(name) or os.path.isdir(host.to_os(path)):
            return False  # what a project shows as an example; a virtual environment called `env`
        return bool(_ENV_NAME.search(name)) or any(path.startswith(one) for one in self._seen)

    def _file(self, path: str) -> None:
        if path in self._seen:
            return
        self._seen.add(path)
        line: Row = {"file": path}
        try:
            line.update(self._metadata(path), file=path)
            content = _content(host.to_os(path), self._turn.deadline)
        except reading.NotRegularError as error:
            self._turn.write(dict(line, outcome="error", error=str(error)))
            return
        except OSError as error:
            self._turn.write(dict(line, **_refused(error)))
            return
        if content is None:
            self._turn.write(dict(line, outcome="error", error=_TOO_LARGE))
            return
        parsed = env_syntax.parse(content)
        for assignment in parsed.assignments:
            self._turn.write(dict(self._describer.row(assignment), of=path))
        line["odd"] = [one._asdict() for one in parsed.odd]
        line["assignments"] = len(parsed.assignments)
        if parsed.refused:
            line.update(outcome="error", error="systemd refuses it: " + parsed.refused)
        self._turn.write(line)

    def _metadata(self, path: str) -> Row:
        raw = host.to_os(path)
        found = os.lstat(raw)
        line: Row = {"target": None}
        if stat.S_ISLNK(found.st_mode):
            line["target"] = host.from_os(os.readlink(raw))
            found = os.stat(raw)
        line.update(row(path, found, self._names))
        del line["path"]
        line["closed_by"] = _closed_by(os.path.realpath(raw))
        return line


_TOO_LARGE = "it is larger than {} bytes and was not read".format(_LARGEST)


def _content(path: bytes, deadline: float) -> Optional[bytes]:
    tail = Tail(_LARGEST)
    whole = reading.into(tail, path, _LARGEST, deadline)
    kept = tail.stream()
    return kept.data if whole and not kept.truncated else None


def _refused(error: OSError) -> Row:
    return {"outcome": from_os_error(error, "").outcome, "error": refusal(error)}


def _closed_by(path: bytes) -> Optional[Dict[str, str]]:
    """Return the first folder on the way to a file that others may not enter, with its mode."""
    for folder in _ways(os.path.dirname(path)):
        try:
            mode = os.stat(folder).st_mode
        except OSError:
            return None
        if not mode & stat.S_IXOTH:
            return {"path": host.from_os(folder), "mode": permissions(mode)}
    return None


def _ways(folder: bytes) -> Iterator[bytes]:
    way = b"/"
    yield way
    for name in folder.split(b"/"):
        if name:
            way = os.path.join(way, name)
            yield way
