"""Classes and their instances: what they derive from, how they are made, what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reporter.messages import text
from reporter.source.program import Function
from reporter.source.scope import Scope, reaching
from reporter.source.values import (
    Callee,
    Class,
    Instance,
    Nothing,
    Value,
    Values,
    candidates,
    distinct,
    unknown,
)

if TYPE_CHECKING:
    from reporter.source.evaluate import Evaluator

__all__ = ["Objects"]


class Objects:
    """The classes of one program and what is made of them, as its evaluator sees them."""

    def __init__(self, of: Evaluator) -> None:
        self.code = of.code
        self._of = of
        self._made: dict[Class, tuple[Instance, ...]] = {}
        self._families: dict[Class, list[tuple[str, str]]] = {}
        self._kins: dict[Class, list[Class]] = {}

    def of_super(self, name: str, scope: Scope) -> Values:
        """Return the method that `super().name` means in a scope."""
        here = self.code.class_around(scope.where)
        if here is None:
            return unknown(text("what {name} is taken from is not known", name=name))
        for module, above in self.family(here)[1:]:
            if self.code.function(Function(module, f"{above}.{name}")) is not None:
                return (Callee(module, f"{above}.{name}", scope.owner or Instance(here)),)
        return unknown(text("{name} is not in the code that was read", name=name))

    def of_instance(self, instance: Instance, name: str) -> Values:
        """Return what an object's attribute holds, by how it was made."""
        key = ("instance", instance, name)
        if key in self._of.active:
            return unknown(text("{name} is defined by itself", name=name))
        self._of.active.add(key)
        try:
            if instance.given is not None:
                return self._of_made(instance, name)
            made = self._constructions(instance.of)
            if made:
                return distinct(v for one in made for v in self._of_made(one, name))
            # Nobody was seen to make one: it may be of any class below as well.
            kin = self.kin(instance.of)[:16]
            found = distinct(v for one in kin for v in self._of_made(Instance(one, ()), name))
            return found if len(found) == 1 else tuple(candidates(iter(found)))
        finally:
            self._of.active.discard(key)

    def _of_made(self, instance: Instance, name: str) -> Values:
        family = self.family(instance.of)
        inits = [
            f for f in (Function(m, f"{c}.__init__") for m, c in family) if self.code.function(f)
        ]
        if not inits and name in instance.arguments:
            return instance.arguments[name]
        for module, klass in family:
            body = self.code.klass(Class(module, klass))
            pairs = body["self"].get(name, ()) if body else ()
            values: list[Value] = []
            for method, one in pairs:
                where = Function(module, method)
                for scope in self._scopes_of(where, instance, inits):
                    values.extend(self._of.value(one, scope))
            kept: Values = tuple(v for v in values if not isinstance(v, Nothing)) or tuple(values)
            if kept:
                return kept
        return self.class_attribute(instance.of, name, instance)

    def _scopes_of(
        self, where: Function, instance: Instance, inits: Sequence[Function]
    ) -> Sequence[Scope]:
        if where not in inits:
            return [replace(one, owner=instance) for one in self._of.calls.scopes(where, 2)]
        scope = Scope(inits[0], instance.arguments, instance)
        for above in inits[1:]:
            if scope.where == where:
                break
            scope = self._above(scope, above, instance)
        return [scope]

    def _above(self, scope: Scope, above: Function, instance: Instance) -> Scope:
        """Return the scope that `super().__init__(…)` in one makes for the other."""
        for site in self.code.calls("__init__"):
            if site.where == scope.where:
                _, _, args, words, line = self.code.call(site)
                callee = Callee(above.module, above.name, instance)
                if args and args[0] == ["n", "self"]:
                    args = args[1:]
                given = self._of.calls.arguments(above, callee, args, words, scope.at(line))
                return Scope(above, given, instance)
        return Scope(above, {}, instance)

    def _constructions(self, of: Class) -> tuple[Instance, ...]:
        """Return the objects of a class, or of one below it, that the code makes."""
        if of in self._made:
            return self._made[of]
        self._made[of] = ()
        kin = self.kin(of)
        found: dict[Instance, None] = {}
        for short in dict.fromkeys(one.name.rpartition(".")[2] for one in kin):
            for site in self.code.calls(short):
                _, function, args, words, line = self.code.call(site)
                for scope in self._of.calls.scopes(site.where, 2)[:8]:
                    for value in self._of.calls.value(["c", function, args, words], scope.at(line)):
                        if isinstance(value, Instance) and value.of in kin:
                            found[value] = None
        self._made[of] = tuple(found)[:8]
        return self._made[of]

    def kin(self, of: Class) -> list[Class]:
        """Return a class and those below it."""
        if of not in self._kins:
            self._kins[of] = [
                Class(module, name)
                for module, syntax in self.code.modules.items()
                for name in syntax["classes"]
                if (of.module, of.name) in self.family(Class(module, name))
            ]
        return self._kins[of]

    def family(self, of: Class) -> list[tuple[str, str]]:
        """Return a class and those above it, nearest first, as far as they were read."""
        if of in self._families:
            return self._families[of]
        found: dict[tuple[str, str], None] = {}
        self._families[of] = []
        waiting = [of]
        while waiting and len(found) < 12:
            one = waiting.pop(0)
            body = self.code.klass(one)
            if body is None or (one.module, one.name) in found:
                continue
            found[one.module, one.name] = None
            for base in body["bases"]:
                named = base[1] if base[0] == "i" else base  # Generic[…]
                if named[0] in ("n", "a"):
                    values = self._of.value(named, Scope(Function(one.module, "")))
                    waiting.extend(v for v in values if isinstance(v, Class))
        self._families[of] = list(found)
        return self._families[of]

    def class_attribute(self, of: Class, name: str, instance: Instance | None = None) -> Values:
        """Return what a class, or one above it, sets or defines by that name."""
        for module, klass in self.family(of):
            body = self.code.function(Function(module, klass + "."))
            scope = Scope(Function(module, klass + "."))
            bindings = reaching(body["names"].get(name, ()), None) if body else ()
            values = [v for one in bindings for v in self._of.value(one[0], scope.at(one[1]))]
            if values:
                return self._settings(of, name, tuple(values))
            method = Function(module, f"{klass}.{name}")
            syntax = self.code.function(method)
            if syntax is not None:
                if syntax["kind"] == "property":
                    return self._of.calls.returned(
                        method, Scope(method, {}, instance or Instance(of))
                    )
                if syntax["kind"] == "staticmethod":
                    return (Callee(module, method.name),)
                owner = of if syntax["kind"] == "classmethod" else instance
                return (Callee(module, method.name, owner),)
            if Class(module, f"{klass}.{name}") and self.code.klass(
                Class(module, f"{klass}.{name}")
            ):
                return (Class(module, f"{klass}.{name}"),)
        return unknown(text("{name} is set nowhere in the code that was read", name=name))

    def _settings(self, of: Class, name: str, values: Values) -> Values:
        """Settings of pydantic are environment variables of the same name."""
        bases = [
            base
            for one in self.family(of)
            for base in (self.code.klass(Class(*one)) or {})["bases"]
        ]
        if any(base[-1] == "BaseSettings" for base in bases):
            for key in self._of.environment:
                if key.lower() == name.lower():
                    return self._of.variable(key, values)
            if name.upper() in self._of.environment:
                return self._of.variable(name.upper(), values)
        return values

    def made(
        self, of: Class, args: Sequence[Any], words: Mapping[str, Any], scope: Scope
    ) -> Instance:
        """Return the object that a call of the class makes."""
        for module, name in self.family(of):
            init = Function(module, f"{name}.__init__")
            if self.code.function(init) is not None:
                callee = Callee(module, init.name, of)
                given = self._of.calls.arguments(init, callee, args, words, scope)
                return Instance(of, tuple(sorted(given.items())))
        given = {name: self._of.value(value, scope) for name, value in words.items()}
        body = self.code.function(Function(of.module, of.name + "."))
        fields = list(body["names"]) if body and args else []
        given.update((n, self._of.value(a, scope)) for n, a in zip(fields, args, strict=False))
        return Instance(of, tuple(sorted(given.items())))

    def members(self, of: Class) -> Iterator[Value]:
        """Yield the members of an enumeration."""
        body = self.code.function(Function(of.module, of.name + "."))
        for name in body["names"] if body else ():
            yield from self.class_attribute(of, name)
