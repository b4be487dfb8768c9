"""Which modules a program uses: those its imports lead to, wherever in a file they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporter.source.model import Program, Scan, SourceFile

__all__ = ["MAIN", "Used", "absolute", "used_by"]

MAIN = "__main__"
"""The name of the module a program begins with."""


@dataclass(frozen=True, eq=False)
class Used:
    """The modules of one program by name, and the imports of its own packages that lead nowhere.

    `lost` are pairs of the importing file's path and the module's name.
    """

    program: Program
    modules: Mapping[str, SourceFile]
    known: Mapping[str, int]
    lost: tuple[tuple[str, str], ...]


def used_by(scan: Scan, program: Program) -> Used:
    """Return what a program uses, as far as the scan saw it."""
    known = scan.paths.get(program.path, {})
    tops = {name.partition(".")[0] for name in known}
    folders = {name.rpartition(".")[0] for name in known}
    modules: dict[str, SourceFile] = {}
    lost: dict[tuple[str, str], None] = {}
    waiting: list[tuple[str, int]] = []
    if program.entry is not None:
        waiting.append((_entry_name(program, known), program.entry))
    while waiting:
        name, number = waiting.pop()
        if name in modules or number not in scan.files:
            continue
        file = scan.files[number]
        modules[name] = file
        for module, wanted in _imported(file, name):
            if not wanted and module.partition(".")[0] in tops:
                prefix = any(one == module or one.startswith(module + ".") for one in folders)
                if module not in known and not prefix:
                    lost[file.path, module] = None
            parts = (module + "." + wanted if wanted else module).split(".")
            for depth in range(1, len(parts) + 1):
                whole = ".".join(parts[:depth])
                if whole in known:
                    waiting.append((whole, known[whole]))
    return Used(program, modules, known, tuple(lost))


def _entry_name(program: Program, known: Mapping[str, int]) -> str:
    if program.module is None:
        return MAIN
    whole = f"{program.module}.{MAIN}"
    return whole if whole in known else program.module


def _imported(file: SourceFile, name: str) -> Iterator[tuple[str, str]]:
    """Yield each module a file imports, and each name it takes from one that may be a module."""
    package = package_of(file, name)
    for line in file.imports:
        module, _, names = line.partition(":")
        whole = absolute(module, package)
        if whole is None:
            continue
        yield whole, ""
        for one in names.split(",") if names else ():
            if one != "*":
                yield whole, one


def package_of(file: SourceFile, name: str) -> str:
    """Return the package a module's relative imports count from."""
    return name if file.path.endswith("/__init__.py") else name.rpartition(".")[0]


def absolute(module: str, package: str) -> str | None:
    """Return the whole name of an imported module; None for one beyond the top.

    >>> absolute("..bus", "shop.api")
    'shop.bus'
    """
    rest = module.lstrip(".")
    level = len(module) - len(rest)
    if not level:
        return module
    above = package.split(".") if package else []
    if level > len(above):
        return None
    kept = above[: len(above) - level + 1]
    return ".".join([*kept, rest] if rest else kept)
