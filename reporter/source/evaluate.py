"""What an expression of a program stands for: constants, attributes, parameters, environment.

Follows names through modules, classes, their instances, the calls that give a function its
parameters. It never guesses: what it cannot tell is a hole with its reason, and of several that
are possible each is given, `sure` only where the code leaves no choice open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reporter.source.program import CallSite, Code, Function
from reporter.source.values import (
    NOTHING,
    Callee,
    Class,
    Instance,
    Mapped,
    Namespace,
    Nothing,
    Txt,
    Value,
    Values,
    distinct,
    joined,
    unknown,
)
from reporter.source.values import Sequence as Several

__all__ = ["Evaluator", "Scope"]

_DEEP = 40
_CALLERS = 5
_SCOPES = 48
_STEPS_FOR_ONE = 20_000
_STEPS = 400_000


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: its function, what that was called with, the line.

    `owner` is the object or class a method was called on. `guessed` says that the call was found
    by the method's name alone.
    """

    where: Function
    given: Mapping[str, Values] = field(default_factory=dict)
    owner: Instance | Class | None = None
    line: int | None = None
    guessed: bool = False

    def at(self, line: int | None) -> Scope:
        """Return the same scope at another line."""
        return replace(self, line=line)


class Evaluator:
    """Evaluates expressions of one program.

    `environment` has the variables of the unit's files: None for a value that is not known.
    """

    def __init__(self, code: Code, environment: Mapping[str, str | None]) -> None:
        self.code = code
        self._environment = environment
        self._left = _STEPS
        self._left_for_one = _STEPS_FOR_ONE
        self._depth = 0
        self._active: set[Any] = set()
        self._scopes: dict[tuple[Function, int], list[Scope]] = {}
        self._made: dict[Class, tuple[Instance, ...]] = {}
        self._families: dict[Class, list[tuple[str, str]]] = {}
        self._kins: dict[Class, list[Class]] = {}

    def begin(self) -> None:
        """Begin with another call: one that leads too far shall not use up what others need."""
        self._left_for_one = _STEPS_FOR_ONE

    def value(self, one: Sequence[Any] | None, scope: Scope) -> Values:
        """Return what an expression may stand for."""
        if not one:
            return unknown("nothing was given for it")
        self._left -= 1
        self._left_for_one -= 1
        if self._left < 0 or self._left_for_one < 0 or self._depth > _DEEP:
            return unknown("it leads too far to be followed")
        self._depth += 1
        try:
            made = getattr(self, f"_{_KINDS[one[0]]}")(one, scope)
        finally:
            self._depth -= 1
        return distinct(made)

    def scopes(self, where: Function, callers: int = _CALLERS) -> list[Scope]:
        """Return the scopes a function's body is seen in: one for each way it is called."""
        key = (where, callers)
        if key in self._scopes:
            return self._scopes[key]
        syntax = self.code.function(where)
        owner = self.code.class_around(where)
        plain = Scope(where, owner=Instance(owner) if owner else None)
        if syntax is None or not where.name or callers <= 0 or where in self._active:
            return [plain]
        self._active.add(where)
        try:
            found = self._called(where, callers)
        finally:
            self._active.discard(where)
        self._scopes[key] = found or [plain]
        return self._scopes[key]

    def callees(self, function: Sequence[Any], scope: Scope) -> Iterator[Callee]:
        """Yield the functions of this program that a call may mean."""
        for found in self.value(function, scope):
            if isinstance(found, Callee):
                yield found
            elif isinstance(found, Class):
                for module, name in self._family(found):
                    init = Function(module, f"{name}.__init__")
                    if self.code.function(init) is not None:
                        yield Callee(module, init.name, found)
                        break

    def _called(self, where: Function, callers: int) -> list[Scope]:
        owner = self.code.class_around(where)
        shorts = [where.short]
        if where.short == "__init__" and owner is not None:
            shorts = ["__init__", *(one.name.rpartition(".")[2] for one in self._kin(owner))]
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
            given = self._arguments(where, callee, args, words, here)
            owner: Instance | Class | None = callee.owner
            if where.short == "__init__" and isinstance(owner, Class):
                owner = Instance(owner, tuple(sorted(given.items())))
            yield Scope(where, given, owner)
        if not met and function[0] == "a" and self._only_one(where):
            owner_class = self.code.class_around(where)
            if owner_class is not None:
                callee = Callee(where.module, where.name, Instance(owner_class))
                given = self._arguments(where, callee, args, words, here)
                yield Scope(where, given, callee.owner, guessed=True)

    def _only_one(self, where: Function) -> bool:
        return len(self.code.defined(where.short)) == 1 and where.short not in _COMMON

    def _arguments(
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
            given[name] = self.value(one, scope)
        given.update((w, self.value(one, scope)) for w, one in words.items() if w in params)
        return given

    # Kinds of expressions

    def _text(self, one: Sequence[Any], scope: Scope) -> Values:
        return (Txt((one[1],)),)

    def _masked(self, one: Sequence[Any], scope: Scope) -> Values:
        return unknown("a text that may hold a secret ({count} characters)", count=one[1])

    def _number(self, one: Sequence[Any], scope: Scope) -> Values:
        return (Txt((str(one[1]),)),)

    def _none(self, one: Sequence[Any], scope: Scope) -> Values:
        return (NOTHING,)

    def _other(self, one: Sequence[Any], scope: Scope) -> Values:
        return unknown("{kind} is not followed", kind=str(one[1]))

    def _joined(self, one: Sequence[Any], scope: Scope) -> Values:
        parts = [self.value(part, scope) for part in one[1]]
        lists = [tuple(v for v in part if isinstance(v, Several)) for part in parts]
        if parts and all(lists):
            items = tuple(item for part in lists for item in part[0].items)
            return (Several(items, exact=all(part[0].exact for part in lists)),)
        return joined(parts)

    def _list(self, one: Sequence[Any], scope: Scope) -> Values:
        items: list[Values] = []
        exact = True
        for item in one[1]:
            inner = self.value(item[1], scope) if item[0] == "e" else ()
            spread = next((v for v in inner if isinstance(v, Several)), None)
            items.extend(spread.items if spread else [self.value(item, scope)])
            exact = exact and (spread is None or spread.exact)
        return (Several(tuple(items), exact),)

    def _comprehension(self, one: Sequence[Any], scope: Scope) -> Values:
        items = tuple((item,) for item in self.value(one[1], scope))
        return (Several(items, exact=bool(one[2])),)

    def _dict(self, one: Sequence[Any], scope: Scope) -> Values:
        pairs: list[tuple[Values, Values]] = []
        for key, item in one[1]:
            value = self.value(item, scope)
            if key is not None:
                pairs.append((self.value(key, scope), value))
                continue
            maps = [v for v in value if isinstance(v, Mapped)]
            pairs.extend(pair for v in maps for pair in v.pairs)
            if not maps:
                pairs.append((unknown("a mapping that is not known"), value))
        return (Mapped(tuple(pairs)),)

    def _choice(self, one: Sequence[Any], scope: Scope) -> Values:
        found: list[Value] = []
        for choice in one[1]:
            values = self.value(choice, scope)
            found.extend(v for v in values if not isinstance(v, Nothing))
            if one[2] == "or" and values and all(_is_true(v) for v in values):
                break
        return tuple(found) or (NOTHING,)

    def _environment_variable(self, one: Sequence[Any], scope: Scope) -> Values:
        default = (NOTHING,) if one[2] is None else self.value(one[2], scope)
        found: list[Value] = []
        for key in self.value(one[1], scope):
            if not isinstance(key, Txt) or not key.whole:
                found.extend(unknown("an environment variable whose name is not known"))
                continue
            found.extend(self.variable(key.pattern, default))
        return tuple(found)

    def variable(self, name: str, default: Values) -> Values:
        """Return what an environment variable holds for this unit."""
        if name in self._environment:
            value = self._environment[name]
            if value is None:
                return unknown(
                    "the value of {name} in the unit's env files is not shown", name=name
                )
            return (Txt((value,)),)
        if default == (NOTHING,):
            return unknown("{name} is set in no env file that was seen", name=name)
        return default

    def _each(self, one: Sequence[Any], scope: Scope) -> Values:
        found: list[Value] = []
        for value in self.value(one[1], scope):
            if isinstance(value, Several):
                found.extend(v for item in value.items for v in item)
            elif isinstance(value, Mapped):
                found.extend(v for key, _ in value.pairs for v in key)
            elif isinstance(value, Class):
                found.extend(self._members(value))
            elif not isinstance(value, Nothing):
                found.extend(_unless_known(value, "what it goes through is not known"))
        return tuple(found)

    def _members(self, of: Class) -> Iterator[Value]:
        """Yield the members of an enumeration."""
        body = self.code.function(Function(of.module, of.name + "."))
        for name in body["names"] if body else ():
            yield from self._class_attribute(of, name)

    def _index(self, one: Sequence[Any], scope: Scope) -> Values:
        at = self.value(one[2], scope)
        number = one[2][1] if one[2][0] == "k" else None
        found: list[Value] = []
        for value in self.value(one[1], scope):
            if isinstance(value, Several):
                there = number is not None and -len(value.items) <= number < len(value.items)
                if number is not None and there and value.exact:
                    found.extend(value.items[number])
                else:
                    found.extend(_candidates(v for item in value.items for v in item))
            elif isinstance(value, Mapped):
                found.extend(_looked_up(value, at))
            else:
                found.extend(_unless_known(value, "what it is taken from is not known"))
        return tuple(found)

    def _name(self, one: Sequence[Any], scope: Scope) -> Values:
        name, around = one[1], scope.where
        own = True
        while around.name:
            syntax = self.code.function(around)
            if syntax is not None and (own or syntax["kind"] != "class"):
                found = self._local(name, around, syntax, scope, own)
                if found is not None:
                    return found
                own = False
            inner = f"{around.name}.{name}"
            if self.code.function(Function(around.module, inner)) and not self.code.klass(
                Class(around.module, around.name)
            ):
                return (Callee(around.module, inner),)
            around = Function(around.module, around.around)
        line = scope.line if not scope.where.name else None
        return self.member(around.module, name, line)

    def _local(
        self, name: str, where: Function, syntax: Mapping[str, Any], scope: Scope, own: bool
    ) -> Values | None:
        inner = scope if own else self.scopes(where, 1)[0]
        bindings = _reaching(syntax["names"].get(name, ()), scope.line if own else None)
        param = next((one for one in syntax["params"] if one[0] == name), None)
        values: list[Value] = []
        for binding in bindings:
            values.extend(self.value(binding[0], inner.at(binding[1])))
        if param is None:
            return tuple(values) if values else None
        if not bindings or all(binding[2] for binding in bindings):
            values.extend(self._parameter(param, where, inner))
        return tuple(values)

    def _parameter(self, param: Sequence[Any], where: Function, scope: Scope) -> Values:
        name, default, annotation = param
        if name in scope.given:
            return scope.given[name]
        syntax = self.code.function(where)
        first = syntax["params"][0][0] if syntax else None
        if (
            name == first
            and scope.owner is not None
            and syntax
            and syntax["kind"] != "staticmethod"
        ):
            return (scope.owner,)
        if default is not None:
            return self.value(default, Scope(Function(where.module, where.around)))
        if annotation is not None:
            found = self.value(annotation, Scope(Function(where.module, "")))
            classes = tuple(Instance(v) for v in found if isinstance(v, Class))
            if classes:
                return classes
        return unknown(
            "no call was seen that gives {name} of {function}", name=name, function=where.name
        )

    def member(self, module: str, name: str, line: int | None = None) -> Values:
        """Return what a name of a module stands for."""
        key = ("member", module, name, line)
        if key in self._active:
            return unknown("{name} is defined by itself", name=name)
        self._active.add(key)
        try:
            return self._member(module, name, line)
        finally:
            self._active.discard(key)

    def _member(self, module: str, name: str, line: int | None) -> Values:
        syntax = self.code.modules.get(module)
        if syntax is None:
            whole = f"{module}.{name}"
            if self.code.is_module(whole):
                return (Namespace(whole),)
            return unknown("{name} is not in the code that was read", name=whole)
        body = syntax["functions"].get("", {"names": {}})
        bindings = _reaching(body["names"].get(name, ()), line)
        scope = Scope(Function(module, ""))
        values = [v for one in bindings for v in self.value(one[0], scope.at(one[1]))]
        if values:
            return tuple(values)
        if name in syntax["classes"]:
            return (Class(module, name),)
        if name in syntax["functions"]:
            return (Callee(module, name),)
        if name in syntax["from"]:
            written, taken = syntax["from"][name]
            source = self.code.whole(module, written)
            if source is None:
                return unknown("{name} is imported from beyond the top", name=name)
            return self.member(source, taken) if taken else (Namespace(source),)
        for star in syntax["stars"]:
            source = self.code.whole(module, star)
            if source in self.code.modules:
                found = self.member(source, name)
                if not all(isinstance(v, Txt) and not v.whole for v in found):
                    return found
        if self.code.is_module(f"{module}.{name}"):
            return (Namespace(f"{module}.{name}"),)
        return unknown("{name} is not in the code that was read", name=name)

    def _attribute(self, one: Sequence[Any], scope: Scope) -> Values:
        base, name = one[1], one[2]
        if base[0] == "c" and base[1] == ["n", "super"]:
            return self._of_super(name, scope)
        found: list[Value] = []
        for value in self.value(base, scope):
            if isinstance(value, Instance):
                found.extend(self._of_instance(value, name))
            elif isinstance(value, Class):
                found.extend(self._class_attribute(value, name))
            elif isinstance(value, Namespace):
                found.extend(self.member(value.name, name))
            elif isinstance(value, Txt) and value.whole and name == "value":
                found.append(value)
            elif not isinstance(value, Nothing):
                found.extend(
                    _unless_known(value, "what {name} is taken from is not known", name=name)
                )
        return tuple(found) or unknown("what {name} is taken from is not known", name=name)

    def _of_super(self, name: str, scope: Scope) -> Values:
        here = self.code.class_around(scope.where)
        if here is None:
            return unknown("what {name} is taken from is not known", name=name)
        for module, above in self._family(here)[1:]:
            if self.code.function(Function(module, f"{above}.{name}")) is not None:
                return (Callee(module, f"{above}.{name}", scope.owner or Instance(here)),)
        return unknown("{name} is not in the code that was read", name=name)

    def _of_instance(self, instance: Instance, name: str) -> Values:
        key = ("instance", instance, name)
        if key in self._active:
            return unknown("{name} is defined by itself", name=name)
        self._active.add(key)
        try:
            if instance.given is not None:
                return self._of_made(instance, name)
            made = self._constructions(instance.of)
            if made:
                return distinct(v for one in made for v in self._of_made(one, name))
            # Nobody was seen to make one: it may be of any class below as well.
            kin = self._kin(instance.of)[:16]
            found = distinct(v for one in kin for v in self._of_made(Instance(one, ()), name))
            return found if len(found) == 1 else tuple(_candidates(iter(found)))
        finally:
            self._active.discard(key)

    def _of_made(self, instance: Instance, name: str) -> Values:
        family = self._family(instance.of)
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
                    values.extend(self.value(one, scope))
            kept: Values = tuple(v for v in values if not isinstance(v, Nothing)) or tuple(values)
            if kept:
                return kept
        return self._class_attribute(instance.of, name, instance)

    def _scopes_of(
        self, where: Function, instance: Instance, inits: Sequence[Function]
    ) -> Sequence[Scope]:
        if where not in inits:
            return [replace(one, owner=instance) for one in self.scopes(where, 2)]
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
                given = self._arguments(above, callee, args, words, scope.at(line))
                return Scope(above, given, instance)
        return Scope(above, {}, instance)

    def _constructions(self, of: Class) -> tuple[Instance, ...]:
        """Return the objects of a class, or of one below it, that the code makes."""
        if of in self._made:
            return self._made[of]
        self._made[of] = ()
        kin = self._kin(of)
        found: dict[Instance, None] = {}
        for short in dict.fromkeys(one.name.rpartition(".")[2] for one in kin):
            for site in self.code.calls(short):
                _, function, args, words, line = self.code.call(site)
                for scope in self.scopes(site.where, 2)[:8]:
                    for value in self._call(["c", function, args, words], scope.at(line)):
                        if isinstance(value, Instance) and value.of in kin:
                            found[value] = None
        self._made[of] = tuple(found)[:8]
        return self._made[of]

    def _kin(self, of: Class) -> list[Class]:
        """Return a class and those below it."""
        if of not in self._kins:
            self._kins[of] = [
                Class(module, name)
                for module, syntax in self.code.modules.items()
                for name in syntax["classes"]
                if (of.module, of.name) in self._family(Class(module, name))
            ]
        return self._kins[of]

    def _family(self, of: Class) -> list[tuple[str, str]]:
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
                    values = self.value(named, Scope(Function(one.module, "")))
                    waiting.extend(v for v in values if isinstance(v, Class))
        self._families[of] = list(found)
        return self._families[of]

    def _class_attribute(self, of: Class, name: str, instance: Instance | None = None) -> Values:
        for module, klass in self._family(of):
            body = self.code.function(Function(module, klass + "."))
            scope = Scope(Function(module, klass + "."))
            bindings = _reaching(body["names"].get(name, ()), None) if body else ()
            values = [v for one in bindings for v in self.value(one[0], scope.at(one[1]))]
            if values:
                return self._settings(of, name, tuple(values))
            method = Function(module, f"{klass}.{name}")
            syntax = self.code.function(method)
            if syntax is not None:
                if syntax["kind"] == "property":
                    return self._returned(method, Scope(method, {}, instance or Instance(of)))
                if syntax["kind"] == "staticmethod":
                    return (Callee(module, method.name),)
                owner = of if syntax["kind"] == "classmethod" else instance
                return (Callee(module, method.name, owner),)
            if Class(module, f"{klass}.{name}") and self.code.klass(
                Class(module, f"{klass}.{name}")
            ):
                return (Class(module, f"{klass}.{name}"),)
        return unknown("{name} is set nowhere in the code that was read", name=name)

    def _settings(self, of: Class, name: str, values: Values) -> Values:
        """Settings of pydantic are environment variables of the same name."""
        bases = [
            base
            for one in self._family(of)
            for base in (self.code.klass(Class(*one)) or {})["bases"]
        ]
        if any(base[-1] == "BaseSettings" for base in bases):
            for key in self._environment:
                if key.lower() == name.lower():
                    return self.variable(key, values)
            if name.upper() in self._environment:
                return self.variable(name.upper(), values)
        return values

    def _call(self, one: Sequence[Any], scope: Scope) -> Values:
        _, function, args, words = one
        known = self._built_in(function, args, words, scope)
        if known is not None:
            return known
        found: list[Value] = []
        for value in self.value(function, scope):
            if isinstance(value, Class):
                found.append(self._instance(value, args, words, scope))
            elif isinstance(value, Callee):
                where = Function(value.module, value.name)
                given = self._arguments(where, value, args, words, scope)
                found.extend(self._returned(where, Scope(where, given, value.owner)))
            else:
                found.extend(_unless_known(value, "what it calls is not known"))
        return tuple(found)

    def _instance(
        self, of: Class, args: Sequence[Any], words: Mapping[str, Any], scope: Scope
    ) -> Instance:
        for module, name in self._family(of):
            init = Function(module, f"{name}.__init__")
            if self.code.function(init) is not None:
                callee = Callee(module, init.name, of)
                given = self._arguments(init, callee, args, words, scope)
                return Instance(of, tuple(sorted(given.items())))
        given = {name: self.value(value, scope) for name, value in words.items()}
        body = self.code.function(Function(of.module, of.name + "."))
        fields = list(body["names"]) if body and args else []
        given.update((n, self.value(a, scope)) for n, a in zip(fields, args, strict=False))
        return Instance(of, tuple(sorted(given.items())))

    def _returned(self, where: Function, scope: Scope) -> Values:
        key = ("returned", where)
        syntax = self.code.function(where)
        if syntax is None or not syntax["returns"] or key in self._active:
            return unknown("what {name} returns is not known", name=where.name)
        self._active.add(key)
        try:
            return distinct(v for one in syntax["returns"] for v in self.value(one, scope))
        finally:
            self._active.discard(key)

    def _built_in(
        self, function: Sequence[Any], args: Sequence[Any], words: Mapping[str, Any], scope: Scope
    ) -> Values | None:
        name = function[-1]
        if name in ("Field", "field"):
            default = args[0] if args else words.get("default") or words.get("default_factory")
            return self.value(default, scope) if default else None
        if name == "dict" and function[0] == "n":
            return (Mapped(tuple(((Txt((k,)),), self.value(v, scope)) for k, v in words.items())),)
        if function[0] != "a":
            return None
        if name in ("strip", "lower", "upper", "rstrip", "lstrip"):
            return tuple(_changed(v, name) for v in self.value(function[1], scope))
        if name in ("items", "keys", "values", "get", "copy"):
            return self._of_mapping(name, function[1], args, scope)
        return None

    def _of_mapping(
        self, name: str, base: Sequence[Any], args: Sequence[Any], scope: Scope
    ) -> Values | None:
        maps = [v for v in self.value(base, scope) if isinstance(v, Mapped)]
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
                at = self.value(args[0], scope) if args else ()
                found.extend(_looked_up(value, at))
        return tuple(found)


_KINDS = {
    "s": "text",
    "m": "masked",
    "k": "number",
    "0": "none",
    "u": "other",
    "f": "joined",
    "l": "list",
    "q": "comprehension",
    "d": "dict",
    "o": "choice",
    "g": "environment_variable",
    "e": "each",
    "i": "index",
    "n": "name",
    "a": "attribute",
    "c": "call",
}

_COMMON = frozenset({"get", "set", "add", "send", "run", "start", "stop", "put", "call", "close"})
"""Names of methods that too many things have for a name alone to tell."""


def _reaching(bindings: Sequence[Sequence[Any]], line: int | None) -> Sequence[Sequence[Any]]:
    """Return the bindings of a name that may hold at a line; without a line, at the end."""
    if line is None:
        last = max((n for n, one in enumerate(bindings) if one[2] == 0), default=0)
        return bindings[last:]
    inside = [one for one in bindings if one[2] == 2 and one[3] <= line <= one[4]]
    if inside:
        inner = max(inside, key=lambda one: one[3])
        later = [one for one in bindings if one[2] < 2 and inner[3] <= one[1] < line]
        return [inner, *later]
    before = [one for one in bindings if one[1] < line and (one[2] < 2 or one[4] < line)]
    last = max((n for n, one in enumerate(before) if one[2] == 0), default=0)
    again = [one for one in bindings if one[2] == 1 and one[1] >= line and one[3] <= line <= one[4]]
    return [*before[last:], *again]


def _is_true(value: Value) -> bool:
    return isinstance(value, Txt) and value.whole and bool(value.pattern)


def _candidates(values: Iterator[Value]) -> Iterator[Value]:
    return (replace(v, sure=False) if isinstance(v, Txt) else v for v in values)


def _looked_up(mapping: Mapped, at: Values) -> Iterator[Value]:
    texts = [one for one in at if isinstance(one, Txt) and one.whole]
    if len(texts) == len(at) and at:
        for key, value in mapping.pairs:
            if any(one in texts for one in key):
                yield from value
    else:
        yield from _candidates(v for _, value in mapping.pairs for v in value)


def _unless_known(value: Value, template: str, **values: str) -> Values:
    """Return a text's own hole, where it has one: it names the first cause."""
    return (value,) if isinstance(value, Txt) and not value.whole else unknown(template, **values)


def _changed(value: Value, name: str) -> Value:
    if not isinstance(value, Txt):
        return value
    if name.endswith("strip") and not value.whole:
        return value
    parts = tuple(getattr(one, name)() if isinstance(one, str) else one for one in value.parts)
    return replace(value, parts=parts)
