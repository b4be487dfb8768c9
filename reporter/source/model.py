"""A source scan as the collector leaves it: files, syntax, search paths, programs.

Sample (one row a line; see truthmap_collector/source/syntax.py for what `module` holds):

    {"row": "unused", "path": "/opt/a/old.py", "root": "/opt/a"}
    {"row": "file", "id": 0, "path": "/opt/a/main.py", "size": 783, "mtime": 1795618442.713,
     "imports": ["lib.bus:EventBus", "os"]}
    {"row": "syntax", "id": 0, "module": {"from": {…}, "classes": {…}, "functions": {…}}}
    {"row": "path", "id": 0, "folders": ["/opt/a"], "modules": {"lib.bus": 1}}
    {"row": "program", "unit": "a.service", "cwd": "/opt/a", "script": "/opt/a/main.py",
     "entry": 0, "path": 0, "root": "/opt/a"}
    {"row": "end", "roots": ["/opt/a"], "files": 2, "bytes": 1134, "masked": 0, "limits": []}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Program", "Scan", "SourceFile", "read_scan"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file some program uses. `error` says why it was not read, or not parsed.

    `size` is bytes, `mtime` epoch seconds; both None where the file could not be looked at.
    `imports` are `module` or `module:name,name`; `dynamic` counts imports by a computed name.
    """

    id: int
    path: str
    size: int | None = None
    mtime: float | None = None
    imports: tuple[str, ...] = ()
    error: str | None = None
    dynamic: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """One program of a unit: its entry is a file's id, None where no file was found."""

    unit: str
    shown: str
    entry: int | None
    path: int
    root: str
    module: str | None


@dataclass(frozen=True, eq=False)
class Scan:
    """All of a scan. `complete` is false where a limit, a cut or a refusal kept files unseen."""

    record: str
    files: Mapping[int, SourceFile]
    syntax: Mapping[int, Mapping[str, Any]]
    paths: Mapping[int, Mapping[str, int]]
    programs: tuple[Program, ...]
    unused: tuple[str, ...]
    roots: tuple[str, ...]
    limits: tuple[str, ...]
    refused: Mapping[str, str]
    masked: int
    complete: bool
    lines: Mapping[str, str] = field(default_factory=dict)
    worked_out: list[tuple[Any, Any]] = field(default_factory=list, repr=False, compare=False)
    """What was made of it already, by what else it was made of: a memory for `streams`."""

    @property
    def gaps(self) -> tuple[str, ...]:
        """What kept files from being seen: limits, and folders that were refused."""
        return (*self.limits, *(f"{path}: {why}" for path, why in sorted(self.refused.items())))

    def of(self, unit: str) -> Iterator[Program]:
        """Iterate over a unit's programs."""
        return (program for program in self.programs if program.unit == unit)


def read_scan(record: str, rows: Iterable[Mapping[str, Any]], cut: bool = False) -> Scan:
    """Return the scan of these rows; `cut` says that the first of them were lost."""
    files: dict[int, SourceFile] = {}
    syntax: dict[int, Mapping[str, Any]] = {}
    paths: dict[int, Mapping[str, int]] = {}
    programs: list[Program] = []
    unused: list[str] = []
    end: Mapping[str, Any] = {}
    for row in rows:
        kind = row["row"]
        if kind == "file":
            files[row["id"]] = _file(row)
        elif kind == "syntax":
            syntax[row["id"]] = row["module"]
        elif kind == "path":
            paths[row["id"]] = row["modules"]
        elif kind == "program":
            programs.append(_program(row))
        elif kind == "unused":
            unused.append(row["path"])
        elif kind == "end":
            end = row
    limits = tuple(end.get("limits", ()))
    refused = dict(end.get("refused", {}))
    return Scan(
        record=record,
        files=files,
        syntax=syntax,
        paths=paths,
        programs=tuple(programs),
        unused=tuple(sorted(unused)),
        roots=tuple(end.get("roots", ())),
        limits=limits,
        refused=refused,
        masked=int(end.get("masked", 0)),
        complete=bool(end) and not limits and not refused and not cut,
    )


def _file(row: Mapping[str, Any]) -> SourceFile:
    return SourceFile(
        id=row["id"],
        path=row["path"],
        size=row.get("size"),
        mtime=row.get("mtime"),
        imports=tuple(row.get("imports", ())),
        error=row.get("error"),
        dynamic=row.get("dynamic", 0),
    )


def _program(row: Mapping[str, Any]) -> Program:
    module = row.get("module")
    return Program(
        unit=row["unit"],
        shown=f"-m {module}" if module else str(row.get("script") or row.get("program")),
        entry=row.get("entry"),
        path=row["path"],
        root=row.get("root", ""),
        module=module,
    )
