"""The collector's sources as they are shipped: those of the kinds asked for, without docstrings."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import truthmap_collector
from truthmap_collector.kinds import MODULES

__all__ = ["ALWAYS", "grouped"]

ALWAYS = ""
"""The group that every program needs."""

_PACKAGE = truthmap_collector.__name__
_FOLDER = Path(truthmap_collector.__file__).parent

Texts = dict[str, str]


class _Module:
    """One module of the collector: where it is, what it says, which others it imports."""

    def __init__(self, path: Path) -> None:
        relative = path.relative_to(_FOLDER.parent)
        parts = relative.with_suffix("").parts
        self.path = relative.as_posix()
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        self.text = _without_docstrings(text, tree)
        self.imports = set(_imports(tree))


def grouped() -> dict[str, Texts]:
    """Return the sources (file name to text) of `ALWAYS`, and of each kind what it alone needs.

    What several kinds need is always shipped. Lines keep their numbers.
    """
    found = (_Module(path) for path in _FOLDER.rglob("*.py"))
    modules = {module.name: module for module in found}
    always = _needed(f"{_PACKAGE}.main", modules)
    own = {
        kind: _needed(f"{_PACKAGE}.kinds.{name}", modules) - always
        for kind, name in MODULES.items()
    }
    counted = Counter(name for names in own.values() for name in names)
    shared = {name for name, times in counted.items() if times > 1}
    groups = {ALWAYS: always | shared, **{kind: names - shared for kind, names in own.items()}}
    return {
        group: {modules[name].path: modules[name].text for name in sorted(names)}
        for group, names in groups.items()
    }


def _needed(name: str, modules: dict[str, _Module]) -> set[str]:
    """Return a module, those it imports in turn, and the packages all of them are in."""
    needed: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in modules and current not in needed:
            needed.add(current)
            waiting += [*modules[current].imports, current.rpartition(".")[0]]
    return needed


def _imports(tree: ast.Module) -> Iterator[str]:
    """Name what a module imports, wherever in it; some are no modules but names in one."""
    for body in _bodies(tree):
        for statement in body:
            if isinstance(statement, ast.Import):
                yield from (alias.name for alias in statement.names)
            elif isinstance(statement, ast.ImportFrom):
                yield str(statement.module)
                yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def _without_docstrings(text: str, tree: ast.Module) -> str:
    """Empty the lines of all docstrings but those that are all there is of a body."""
    lines = text.splitlines(keepends=True)
    for body in _bodies(tree):
        for statement in body if len(body) > 1 else ():
            value = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                first, last = statement.lineno - 1, int(statement.end_lineno or 0)
                lines[first:last] = ["\n"] * (last - first)
    return "".join(lines)


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Return each row of statements in a module, outer ones first."""
    for name in ("body", "orelse", "finalbody", "handlers"):
        found = getattr(node, name, ())
        if isinstance(found, list) and found:
            if name != "handlers":
                yield found
            for inner in found:
                yield from _bodies(inner)
