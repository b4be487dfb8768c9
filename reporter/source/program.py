"""The code of one program, by name: modules, classes, functions, and who calls whom by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reporter.source.model import Scan
from reporter.source.usage import MAIN, Used, absolute, package_of
from reporter.source.values import Class

__all__ = ["CallSite", "Code", "Function"]

Expression = Sequence[Any]
_DEEP = 12


@dataclass(frozen=True, slots=True)
class Function:
    """A function by its module's name and its qualified name; "" is the module's own code."""

    module: str
    name: str

    @property
    def short(self) -> str:
        """Its own name alone."""
        return self.name.rstrip("'").rpartition(".")[2]

    @property
    def around(self) -> str:
        """The qualified name of what it stands in, "" for the module."""
        return self.name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call that was kept: where it stands, and its number there."""

    where: Function
    number: int


class Code:
    """What a program's modules hold, as far as the scan brought their syntax."""

    def __init__(self, scan: Scan, used: Used) -> None:
        self.used = used
        self.modules: dict[str, Mapping[str, Any]] = {
            name: scan.syntax[file.id]
            for name, file in sorted(used.modules.items())
            if file.id in scan.syntax
        }

    def function(self, of: Function) -> Mapping[str, Any] | None:
        """Return a function's syntax, None if it is not in what was read."""
        found: Mapping[str, Any] | None = (
            self.modules.get(of.module, {}).get("functions", {}).get(of.name)
        )
        return found

    def klass(self, of: Class) -> Mapping[str, Any] | None:
        """Return a class's syntax, None if it is not in what was read."""
        found: Mapping[str, Any] | None = (
            self.modules.get(of.module, {}).get("classes", {}).get(of.name)
        )
        return found

    def class_around(self, of: Function) -> Class | None:
        """Return the class a function is a method of."""
        around = Class(of.module, of.around)
        return around if of.around and self.klass(around) is not None else None

    def package(self, module: str) -> str:
        """Return the package a module's relative imports count from."""
        file = self.used.modules.get(module)
        own = self.used.program.module if module == MAIN else module
        if file is None or own is None:
            return ""
        return package_of(file, own)

    def whole(self, module: str, written: str) -> str | None:
        """Return the whole name of what a module calls `written` in an import."""
        return absolute(written, self.package(module))

    def calls(self, short: str) -> Sequence[CallSite]:
        """Return every call kept of a function or class of that short name."""
        return self._calls.get(short, ())

    def call(self, site: CallSite) -> Sequence[Any]:
        """Return the call: name, function, arguments, keywords, line."""
        found: Sequence[Any] = self.modules[site.where.module]["functions"][site.where.name][
            "calls"
        ][site.number]
        return found

    def sites(self) -> Iterator[CallSite]:
        """Iterate over all calls that were kept."""
        for module, syntax in self.modules.items():
            for name, function in syntax["functions"].items():
                for number in range(len(function["calls"])):
                    yield CallSite(Function(module, name), number)

    def defined(self, short: str) -> Sequence[Function]:
        """Return every function of that short name."""
        return self._functions.get(short, ())

    def is_module(self, name: str) -> bool:
        """Say whether there is a module or package of that whole name."""
        return name in self._packages

    @cached_property
    def _packages(self) -> frozenset[str]:
        found = set(self.used.known)
        for name in self.used.known:
            parts = name.split(".")
            found.update(".".join(parts[:depth]) for depth in range(1, len(parts)))
        return frozenset(found)

    @cached_property
    def _calls(self) -> Mapping[str, Sequence[CallSite]]:
        found: dict[str, list[CallSite]] = defaultdict(list)
        for site in self.sites():
            found[self.call(site)[0]].append(site)
        return found

    @cached_property
    def _functions(self) -> Mapping[str, Sequence[Function]]:
        found: dict[str, list[Function]] = defaultdict(list)
        for module, syntax in self.modules.items():
            for name, function in syntax["functions"].items():
                if function["kind"] != "class" and name:
                    one = Function(module, name)
                    found[one.short].append(one)
        return found
