"""The scan: from entry points along the imports, files read once, and what they say of streams."""

import ast
import os
import re
import sys
import time
import warnings
from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from truthmap_collector import host, reading
from truthmap_collector.observation import Tail, refusal
from truthmap_collector.source import pruning, syntax
from truthmap_collector.source.search import (
    Folders,
    Path,
    is_broad,
    is_installed,
    linked_folders,
    root_of,
    search_path,
)
from truthmap_collector.source.shown import Shown

__all__ = ["Bounds", "Scanner"]

Row = Dict[str, Any]

_STREAM_WORD = re.compile(
    rb"\bx(?:add|read(?:_?group)?|group_create|auto_?claim|claim|ack|(?:rev)?range)\b", re.I
)
_FROM = re.compile(
    rb"(?:^|[;:])[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]*"
    rb"(\([^()]*\)|[^\n;#(\\]*(?:\\\r?\n[^\n;#\\]*)*)",
    re.M,
)
_IMPORT = re.compile(rb"(?:^|[;:])[ \t]*import[ \t]+([\w., \t]+)", re.M)
_BY_NAME = re.compile(rb"\b(?:import_module|__import__)\([ \t\n]*(?:[\"']([\w.]+)[\"']|([^\"']))")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_SHEBANG = re.compile(rb"#!.*\b(?:python|pypy)")
_INTERPRETER = re.compile(rb"#![ \t]*(/\S*/(?:python|pypy)[0-9.]*)\s")
_BRACKETS = re.compile(rb"[][(){}]|^(?:def|class|async)\b", re.M)
_NESTED = 150
_ROUNDS = 2  # further ones lead away from streams: what they would tell stays unresolved
_CALLERS = 150


class Bounds(NamedTuple):
    """How much is read: files, bytes of one file and of all, and until when (monotonic seconds)."""

    files: int
    file_bytes: int
    all_bytes: int
    deadline: float


class _File:
    """One file, read or not; `error` says why not, or why its syntax is not known."""

    def __init__(self, number: int, path: str) -> None:
        self.number = number
        self.path = path
        self.row: Row = {"row": "file", "id": number, "path": path}
        self.imports: List[str] = []
        self.streams = False
        self.read = False
        self.module: Optional[syntax.Module] = None
        self.wanted: FrozenSet[str] = frozenset()  # the calls its syntax was read for
        self.names: FrozenSet[str] = frozenset()  # what it calls and derives from


class Scanner:
    """Scans programs; `rows` gives what was found as JSON-able rows, `end` last."""

    def __init__(self, roots: List[str], names: List[str], bounds: Bounds) -> None:
        """Take the declared folders and the declared patterns of harmless texts."""
        self._roots = roots
        self._bounds = bounds
        self._folders = Folders()
        self._files: Dict[str, _File] = {}
        self._paths: Dict[Path, Dict[str, int]] = {}
        self._programs: List[Row] = []
        self._projects: Dict[str, None] = dict.fromkeys(roots)
        self._list: List[_File] = []
        self._importers: Dict[int, Set[int]] = {}
        self._near: Dict[int, Set[int]] = {}
        self._wrappers: pruning.Wrappers = {}
        self._origins: Dict[str, Set[int]] = {}
        self._callers: Dict[Tuple[str, int], int] = {}  # how many files call something of that name
        self._common: Dict[str, None] = {}
        self._waiting: List[Tuple[str, str]] = []  # files to follow, and as which module
        self._bytes = 0
        self._limits: Dict[str, None] = {}
        self._shown = Shown(names)

    def scan(self, programs: Iterable[Row]) -> None:
        """Read what the programs use, and find out what of it matters."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old code about its own escapes
            for program in programs:
                self._enter(program)
            self._follow_wrappers()

    def rows(self) -> Iterator[Row]:
        """Yield files, modules' syntax, search paths, programs, unused files, and the end."""
        ordered = sorted(self._files.values(), key=lambda one: one.number)
        for file in ordered:
            yield dict(file.row, imports=file.imports)
        found, _ = pruning.wrappers(self._modules(), self._is_common, self._near_to)
        needed = pruning.names_needed(self._modules(), found)
        for file in ordered:
            if file.module is not None:
                module = self._shown.syntax(pruning.pruned(file.module, needed, found))
                yield {"row": "syntax", "id": file.number, "module": module}
        for number, (path, known) in enumerate(self._paths.items()):
            yield {"row": "path", "id": number, "folders": path.first + path.then, "modules": known}
        yield from self._programs
        yield from self._unused()
        yield {
            "row": "end",
            "roots": list(self._projects),
            "files": len(self._files),
            "bytes": self._bytes,
            "masked": self._shown.masked,
            "refused": self._folders.refused,
            "limits": list(self._limits),
            "common": sorted(self._common),
        }

    def _unused(self) -> Iterator[Row]:
        used = {os.path.realpath(host.to_os(path)) for path in self._files}
        most = left = self._bounds.files * 4
        for root in self._projects:
            for path in self._folders.sources(root, left, self._late):
                left -= 1
                if os.path.realpath(host.to_os(path)) not in used:
                    used.add(host.to_os(path))
                    yield {"row": "unused", "path": path, "root": root}
        if left <= 0:
            self._limit("{} files in the folders".format(most))

    def _limit(self, text: str) -> None:
        self._limits[text] = None

    def _late(self) -> bool:
        if time.monotonic() < self._bounds.deadline:
            return False
        self._limit("time")
        return True

    def _enter(self, program: Row) -> None:
        """Follow a program from its first file; a program that is no Python leaves no row."""
        row = dict(program, row="program", entry=None, path=None)
        script = program.get("script") or program.get("program")
        python: Optional[str] = program.get("python", "")
        if "program" in program:
            python = self._interpreter(program["program"])
        if python is None:
            return
        start = os.path.dirname(_real(script)) if script else _real(program["cwd"])
        root = self._root(start, _real(program["cwd"]), python)
        if not is_installed(start + "/") and not is_broad(root):
            self._projects.setdefault(root)
        path = search_path(start, program["cwd"], root, self._roots, python)
        known = self._paths.setdefault(path, {})
        row["path"] = list(self._paths).index(path)
        row["root"] = root
        if script:
            row["entry"] = self._file(script).number
            self._follow(script, "__main__", path, known)
        else:
            name = program["module"]
            for whole in (name, name + ".__main__"):
                self._module(whole, path, known, top=whole == name)
                row["entry"] = known.get(whole, row["entry"])
        self._programs.append(row)

    def _root(self, start: str, cwd: str, python: str) -> str:
        """Return the top of a program's project.

        A script that was installed into a virtual environment belongs to the project that it works
        in, or that the environment is linked to.
        """
        if "pyvenv.cfg" not in self._folders.held(os.path.dirname(start)):
            return root_of(start, self._roots, self._folders)
        linked = (_real(one) for one in linked_folders(python))
        for folder in (cwd, *linked):
            root = root_of(folder, self._roots, self._folders)
            if not is_broad(root):
                return root
        return start

    def _interpreter(self, path: str) -> Optional[str]:
        """Return which Python an executable names, "" for any; None if it is no Python."""
        try:
            head = reading.head(host.to_os(path), 256)
        except PermissionError as error:
            self._folders.refused[path] = refusal(error)
            head = b""
        except (OSError, reading.NotRegularError):
            head = b""
        named = _INTERPRETER.match(head)
        if named:
            return host.from_os(named.group(1))
        return "" if path.endswith(".py") or _SHEBANG.match(head) else None

    def _module(self, name: str, path: Path, known: Dict[str, int], top: bool = True) -> bool:
        """Find a module and those above it, and follow what they import; say whether it is ours."""
        names = name.split(".")
        for depth in range(1, len(names) + 1):
            whole = ".".join(names[:depth])
            if whole in known:
                continue
            found = self._folders.find(whole, path)
            if found is None or is_installed(found):
                return False
            if found:
                known[whole] = self._file(found).number
                self._follow(found, whole, path, known)
        return True

    def _follow(self, start: str, name: str, path: Path, known: Dict[str, int]) -> None:
        waiting = self._waiting
        waiting.append((start, name))
        if len(waiting) > 1:
            return  # whoever put the first there goes on
        at = 0
        while at < len(waiting):
            file, whole = waiting[at]
            at += 1
            read = self._file(file)
            for wanted in self._imported(read, whole, path):
                self._module(wanted, path, known)
                names = wanted.split(".")
                for depth in range(1, len(names) + 1):
                    number = known.get(".".join(names[:depth]))
                    if number is not None:
                        self._importers.setdefault(number, set()).add(read.number)
        waiting.clear()

    def _imported(self, file: _File, name: str, path: Path) -> Iterator[str]:
        """Yield the whole names of what a file imports, as a module of this name."""
        package = name if file.path.endswith("/__init__.py") else name.rpartition(".")[0]
        for line in file.imports:
            module, _, names = line.partition(":")
            level = len(module) - len(module.lstrip("."))
            if level:
                above = package.split(".")
                if not package or level > len(above):
                    continue
                above = above[: len(above) - level + 1]
                module = ".".join(above + [module[level:]] * bool(module[level:]))
            yield module
            if names and self._folders.find(module, path) is not None:
                for one in names.split(","):
                    if one != "*":
                        yield module + "." + one

    def _file(self, path: str) -> _File:
        if path not in self._files:
            file = _File(len(self._files), path)
            self._files[path] = file
            if len(self._files) > self._bounds.files:
                self._limit("{} files".format(self._bounds.files))
                file.row["error"] = "not read: more than {} files".format(self._bounds.files)
            elif self._late():
                file.row["error"] = "not read: the time was over"
            else:
                self._look_into(file)
        return self._files[path]

    def _look_into(self, file: _File) -> None:
        data = self._data(file)
        if data is None:
            return
        file.read = True
        file.streams = bool(_STREAM_WORD.search(data))
        found: Dict[str, None] = {}
        for match in _FROM.finditer(data):
            names = re.sub(rb"#[^\n]*|[()\\]", b"", match.group(2)).split(b",")
            plain = [one.split()[0] for one in names if one.split()]
            found[host.from_os(match.group(1) + b":" + b",".join(plain))] = None
        for match in _IMPORT.finditer(data):
            for one in match.group(1).split(b","):
                if one.split():
                    found[host.from_os(one.split()[0])] = None
        for match in _BY_NAME.finditer(data):
            if match.group(1):
                found[host.from_os(match.group(1))] = None
            else:
                file.row["dynamic"] = file.row.get("dynamic", 0) + 1
        file.imports = list(found)
        file.names = frozenset(map(sys.intern, _called(data)))
        if file.streams:
            self._parse(file, data, frozenset())

    def _data(self, file: _File) -> Optional[bytes]:
        raw, most = host.to_os(file.path), self._bounds.file_bytes
        try:
            found = os.stat(raw)
            file.row.update(size=found.st_size, mtime=round(found.st_mtime, 3))
            if found.st_size > most:
                file.row["error"] = "not read: more than {} bytes".format(most)
                self._limit("a file of more than {} bytes".format(most))
                return None
            if self._bytes + found.st_size > self._bounds.all_bytes:
                file.row["error"] = "not read: more than {} bytes in all".format(
                    self._bounds.all_bytes
                )
                self._limit("{} bytes".format(self._bounds.all_bytes))
                return None
            tail = Tail(most)
            reading.into(tail, raw, most)
        except OSError as error:
            file.row["error"] = refusal(error)
            return None
        except reading.NotRegularError:
            file.row["error"] = "not a regular file"
            return None
        data = tail.stream().data
        self._bytes += len(data)
        return data

    def _parse(self, file: _File, data: bytes, wanted: FrozenSet[str]) -> None:
        if "error" in file.row:
            return
        if _depth(data) > _NESTED:
            file.row["error"] = "nested too deeply"
            return
        try:
            tree = ast.parse(_decoded(data))
            # What the file itself defines may be wrappers of its own.
            own = frozenset(one.decode("ascii", "replace") for one in _DEFINED.findall(data))
            file.module, file.wanted = syntax.read(tree, wanted | own), wanted
            file.module["file"] = file.number
            file.imports = list(dict.fromkeys(file.imports + file.module["imports"]))
        except SyntaxError as error:
            # Its message may quote the line.
            file.row["error"] = "syntax error in line {}".format(error.lineno)
        except (RecursionError, MemoryError):
            file.row["error"] = "nested too deeply"
        except UnicodeDecodeError:
            file.row["error"] = "not in the encoding it claims"
        except (LookupError, ValueError):
            file.row["error"] = "cannot be read as Python"

    def _modules(self) -> List[syntax.Module]:
        return [file.module for file in self._files.values() if file.module is not None]

    def _follow_wrappers(self) -> None:
        """Read the files too that call wrappers or hold what names a stream, round by round."""
        for _ in range(_ROUNDS):
            self._wrappers, self._origins = pruning.wrappers(
                self._modules(), self._is_common, self._near_to
            )
            needed = pruning.names_needed(self._modules(), self._wrappers)
            wanted = frozenset(self._wrappers)
            changed = self._read_callers(wanted) | self._read_constants(needed, wanted)
            if not changed or self._late():
                return

    def _is_common(self, name: str, origin: int) -> bool:
        """Say whether too many files call something of that name for all of them to be read."""
        if (name, origin) not in self._callers:
            files = self._numbered
            near = sum(name in files[number].names for number in self._near_to(origin))
            self._callers[name, origin] = near
            if near > _CALLERS:
                self._common[name] = None
        return self._callers[name, origin] > _CALLERS

    def _read_callers(self, wanted: FrozenSet[str]) -> bool:
        """Parse the files that call a wrapper's name and can know the wrapper."""
        changed = False
        for file in list(self._files.values()):
            hit = (wanted - file.wanted) & file.names
            if not hit or not file.read or "error" in file.row or self._late():
                continue
            origins = {origin for name in hit for origin in self._origins.get(name, ())}
            if any(file.number in self._near_to(origin) for origin in origins):
                self._parse(file, self._again(file), wanted)
                changed = True
        return changed

    def _near_to(self, origin: int) -> Set[int]:
        """Return the files that import one, by whatever way, and those in the same folders.

        The latter may be given an object of a class that they never import.
        """
        if origin not in self._near:
            found, waiting = {origin}, [origin]
            while waiting:
                for number in self._importers.get(waiting.pop(), ()):
                    if number not in found:
                        found.add(number)
                        waiting.append(number)
            files = self._numbered
            folders = {os.path.dirname(files[number].path) for number in found}
            found.update(one.number for one in files if os.path.dirname(one.path) in folders)
            self._near[origin] = found
        return self._near[origin]

    def _read_constants(self, needed: FrozenSet[str], wanted: FrozenSet[str]) -> bool:
        """Read the modules that names come from."""
        changed = False
        for known in self._paths.values():
            by_number = {number: name for name, number in known.items()}
            for file in list(self._files.values()):
                if file.module is None or self._late():
                    continue
                name = by_number.get(file.number, "__main__")
                package = name if file.path.endswith("/__init__.py") else name.rpartition(".")[0]
                origins = [where for local, where in file.module["from"].items() if local in needed]
                origins += [[module, ""] for module in file.module["stars"]]
                for module, one in origins:
                    for whole in _absolute(module, one, package):
                        changed = self._read_module(known.get(whole), wanted) or changed
        return changed

    def _read_module(self, number: Optional[int], wanted: FrozenSet[str]) -> bool:
        if number is None:
            return False
        file = self._numbered[number]
        if file.module is not None or not file.read or "error" in file.row:
            return False
        self._parse(file, self._again(file), wanted)
        return file.module is not None

    @property
    def _numbered(self) -> List[_File]:
        if len(self._list) != len(self._files):
            self._list = list(self._files.values())
        return self._list

    def _again(self, file: _File) -> bytes:
        tail = Tail(self._bounds.file_bytes)
        try:
            reading.into(tail, host.to_os(file.path), self._bounds.file_bytes)
        except (OSError, reading.NotRegularError):
            return b""
        return tail.stream().data


def _real(path: str) -> str:
    return host.from_os(os.path.realpath(host.to_os(path)))


def _absolute(module: str, name: str, package: str) -> List[str]:
    level = len(module) - len(module.lstrip("."))
    if level:
        above = package.split(".") if package else []
        above = above[: max(len(above) - level + 1, 0)]
        module = ".".join(above + [module[level:]] * bool(module[level:]))
    return [module, module + "." + name] if name else [module]


_CALLED = re.compile(rb"([A-Za-z_]\w*)[ \t]*\(")
_DEFINED = re.compile(rb"\b(?:def|class)[ \t]+([A-Za-z_]\w*)")
_DERIVED = re.compile(rb"^[ \t]*class[ \t]+\w+[ \t]*\(([^()]*)\)", re.M)
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")


def _called(data: bytes) -> Set[str]:
    """Return the names that stand before a bracket, and those of the classes derived from."""
    found = set(_CALLED.findall(data))
    for bases in _DERIVED.findall(data):
        found.update(_IDENTIFIER.findall(bases))
    return {one.decode("ascii", "replace") for one in found}


def _depth(data: bytes) -> int:
    """Return how deep brackets go, more rather than less: those in texts count too."""
    depth = deepest = 0
    for sign in _BRACKETS.findall(data):
        if sign in b"([{":
            depth += 1
            deepest = max(deepest, depth)
        elif len(sign) > 1:
            depth = 0
        elif depth:
            depth -= 1
    return deepest


def _decoded(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8")
    for line in data.splitlines()[:2]:
        found = _CODING.match(line)
        if found:
            return data.decode(found.group(1).decode("ascii"))
    return data.decode("utf-8")
