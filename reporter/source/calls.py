"""Calls: who calls a function and with what, and what a call stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reporter.messages import text
from reporter.source.program import CallSite, Function
from reporter.source.scope import Scope
from reporter.source.values import (
    Callee,
    Class,
    Instance,
    Mapped,
    Txt,
    Value,
    Values,
    distinct,
    looked_up,
    unknown,
    unless_known,
)
from reporter.source.values import Sequence as Several

if TYPE_CHECKING:
    from reporter.source.evaluate import Evaluator

__all__ = ["Calls"]

_CALLERS = 5
_SCOPES = 48
_COMMON = frozenset({"get", "set", "add", "send", "run", "start", "stop", "put", "call", "close"})
"""Names of methods that too many things have for a name alone to tell."""


class Calls:
    """The calls of one program, as its evaluator sees them."""

    def __init__(self, of: Evaluator) -> None:
        self.code = of.code
        self._of = of
        self._scopes: dict[tuple[Function, int], list[Scope]] = {}

    def scopes(self, where: Function, callers: int = _CALLERS) -> list[Scope]:
        """Return the scopes a function's body is seen in: one for each way it is called."""
        key = (where, callers)
        if key in self._scopes:
            return self._scopes[key]
        syntax = self.code.function(where)
        owner = self.code.class_around(where)
        plain = Scope(where, owner=Instance(owner) if owner else None)
        if syntax is None or not where.name or callers <= 0 or where in self._of.active:
            return [plain]
        self._of.active.add(where)
        try:
            found = self._called(where, callers)
        finally:
            self._of.active.discard(where)
        self._scopes[key] = found or [plain]
        return self._scopes[key]

    def callees(self, function: Sequence[Any], scope: Scope) -> Iterator[Callee]:
        """Yield the functions of this program that a call may mean."""
        for found in self._of.value(function, scope):
            if isinstance(found, Callee):
                yield found
            elif isinstance(found, Class):
                for module, name in self._of.objects.family(found):
                    init = Function(module, f"{name}.__init__")
                    if self.code.function(init) is not None:
                        yield Callee(module, init.name, found)
                        break

    def _called(self, where: Function, callers: int) -> list[Scope]:
        owner = self.code.class_around(where)
        shorts = [where.short]
        if where.short == "__init__" and owner is not None:
            shorts = [
                "__init__",
                *(one.name.rpartition(".")[2] for one in self._of.objects.kin(owner)),
            ]
        found: dict[Any, Scope] = {}
        for short in dict.fromkeys(shorts):
            for site in self.code.calls(short):
                for scope in self.scopes(site.where, callers - 1):
                    for made in self._bound(where, site, scope):
                        key = (tuple(sorted(made.given.items(), key=str)), made.owner)
                        found.setdefault(key, made)
                    if len(found) >= _SCOPES:
                        return list(found.values())
        return list(found.values())

    def _bound(self, where: Function, site: CallSite, scope: Scope) -> Iterator[Scope]:
        """Yield the scope a call makes, if it is this function that it calls."""
        _, function, args, words, line = self.code.call(site)
        here = scope.at(line)
        met = False
        for callee in self.callees(function, here):
            met = True
            if (callee.module, callee.name) != (where.module, where.name):
                continue
            given = self.arguments(where, callee, args, words, here)
            owner: Instance | Class | None = callee.owner
            if where.short == "__init__" and isinstance(owner, Class):
                owner = Instance(owner, tuple(sorted(given.items())))
            yield Scope(where, given, owner)
        if not met and function[0] == "a" and self._only_one(where):
            owner_class = self.code.class_around(where)
            if owner_class is not None:
                callee = Callee(where.module, where.name, Instance(owner_class))
                given = self.arguments(where, callee, args, words, here)
                yield Scope(where, given, callee.owner, guessed=True)

    def _only_one(self, where: Function) -> bool:
        return len(self.code.defined(where.short)) == 1 and where.short not in _COMMON

    def arguments(
        self,
        where: Function,
        callee: Callee,
        args: Sequence[Any],
        words: Mapping[str, Any],
        scope: Scope,
    ) -> dict[str, Values]:
        """Return what a call gives for the function's parameters."""
        syntax = self.code.function(where) or {"params": [], "keyword": 0, "kind": ""}
        params = [one[0] for one in syntax["params"]]
        places = params[: len(params) - syntax["keyword"]]
        if callee.owner is not None and syntax["kind"] != "staticmethod":
            places = places[1:]
        given: dict[str, Values] = {}
        for name, one in zip(places, args, strict=False):
            if one[0] == "e":
                break  # `*args`: which comes where is not known
            given[name] = self._of.value(one, scope)
        given.update((w, self._of.value(one, scope)) for w, one in words.items() if w in params)
        return given

    def value(self, one: Sequence[Any], scope: Scope) -> Values:
        """Return what a call stands for: what it makes, or returns."""
        _, function, args, words = one
        known = self._built_in(function, args, words, scope)
        if known is not None:
            return known
        found: list[Value] = []
        for value in self._of.value(function, scope):
            if isinstance(value, Class):
                found.append(self._of.objects.made(value, args, words, scope))
            elif isinstance(value, Callee):
                where = Function(value.module, value.name)
                given = self.arguments(where, value, args, words, scope)
                found.extend(self.returned(where, Scope(where, given, value.owner)))
            else:
                found.extend(unless_known(value, text("what it calls is not known")))
        return tuple(found)

    def returned(self, where: Function, scope: Scope) -> Values:
        """Return what a function may return."""
        key = ("returned", where)
        syntax = self.code.function(where)
        if syntax is None or not syntax["returns"] or key in self._of.active:
            return unknown(text("what {name} returns is not known", name=where.name))
        self._of.active.add(key)
        try:
            return distinct(v for one in syntax["returns"] for v in self._of.value(one, scope))
        finally:
            self._of.active.discard(key)

    def _built_in(
        self, function: Sequence[Any], args: Sequence[Any], words: Mapping[str, Any], scope: Scope
    ) -> Values | None:
        name = function[-1]
        if name in ("Field", "field"):
            default = args[0] if args else words.get("default") or words.get("default_factory")
            return self._of.value(default, scope) if default else None
        if name == "dict" and function[0] == "n":
            return (
                Mapped(tuple(((Txt((k,)),), self._of.value(v, scope)) for k, v in words.items())),
            )
        if function[0] != "a":
            return None
        if name in ("strip", "lower", "upper", "rstrip", "lstrip"):
            return tuple(_changed(v, name) for v in self._of.value(function[1], scope))
        if name in ("items", "keys", "values", "get", "copy"):
            return self._of_mapping(name, function[1], args, scope)
        return None

    def _of_mapping(
        self, name: str, base: Sequence[Any], args: Sequence[Any], scope: Scope
    ) -> Values | None:
        maps = [v for v in self._of.value(base, scope) if isinstance(v, Mapped)]
        if not maps:
            return None
        found: list[Value] = []
        for value in maps:
            if name == "copy":
                found.append(value)
            elif name == "keys":
                found.append(Several(tuple(key for key, _ in value.pairs)))
            elif name == "values":
                found.append(Several(tuple(item for _, item in value.pairs)))
            elif name == "items":
                found.append(Several(tuple(((Several(pair),)) for pair in value.pairs)))
            else:
                at = self._of.value(args[0], scope) if args else ()
                found.extend(looked_up(value, at))
        return tuple(found)


def _changed(value: Value, name: str) -> Value:
    if not isinstance(value, Txt):
        return value
    if name.endswith("strip") and not value.whole:
        return value
    parts = tuple(getattr(one, name)() if isinstance(one, str) else one for one in value.parts)
    return replace(value, parts=parts)
