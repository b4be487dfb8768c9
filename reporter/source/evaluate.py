"""What an expression of a program stands for: constants, attributes, parameters, environment.

Follows names through modules, classes, their instances, the calls that give a function its
parameters. It never guesses: what it cannot tell is a hole with its reason, and of several that
are possible each is given, `sure` only where the code leaves no choice open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reporter.messages import text
from reporter.source.calls import Calls
from reporter.source.objects import Objects
from reporter.source.program import Code, Function
from reporter.source.scope import Scope, reaching
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
    candidates,
    distinct,
    joined,
    looked_up,
    unknown,
    unless_known,
)
from reporter.source.values import Sequence as Several

__all__ = ["Evaluator"]

_DEEP = 40
_STEPS_FOR_ONE = 20_000
_STEPS = 400_000


class Evaluator:
    """Evaluates expressions of one program.

    `environment` has the variables of the unit's files: None for a value that is not known.
    """

    def __init__(self, code: Code, environment: Mapping[str, str | None]) -> None:
        self.code = code
        self.environment = environment
        self.active: set[Any] = set()
        self.calls = Calls(self)
        self.objects = Objects(self)
        self._left = _STEPS
        self._left_for_one = _STEPS_FOR_ONE
        self._depth = 0

    def begin(self) -> None:
        """Begin with another call: one that leads too far shall not use up what others need."""
        self._left_for_one = _STEPS_FOR_ONE

    def value(self, one: Sequence[Any] | None, scope: Scope) -> Values:
        """Return what an expression may stand for."""
        if not one:
            return unknown(text("nothing was given for it"))
        self._left -= 1
        self._left_for_one -= 1
        if self._left < 0 or self._left_for_one < 0 or self._depth > _DEEP:
            return unknown(text("it leads too far to be followed"))
        self._depth += 1
        try:
            made = getattr(self, f"_{_KINDS[one[0]]}")(one, scope)
        finally:
            self._depth -= 1
        return distinct(made)

    def _text(self, one: Sequence[Any], scope: Scope) -> Values:
        return (Txt((one[1],)),)

    def _masked(self, one: Sequence[Any], scope: Scope) -> Values:
        return unknown(text("a text that may hold a secret ({count} characters)", count=one[1]))

    def _number(self, one: Sequence[Any], scope: Scope) -> Values:
        return (Txt((str(one[1]),)),)

    def _none(self, one: Sequence[Any], scope: Scope) -> Values:
        return (NOTHING,)

    def _other(self, one: Sequence[Any], scope: Scope) -> Values:
        return unknown(text("{kind} is not followed", kind=str(one[1])))

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
                pairs.append((unknown(text("a mapping that is not known")), value))
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
                found.extend(unknown(text("an environment variable whose name is not known")))
                continue
            found.extend(self.variable(key.pattern, default))
        return tuple(found)

    def variable(self, name: str, default: Values) -> Values:
        """Return what an environment variable holds for this unit."""
        if name in self.environment:
            value = self.environment[name]
            if value is None:
                return unknown(
                    text("the value of {name} in the unit's env files is not shown", name=name)
                )
            return (Txt((value,)),)
        if default == (NOTHING,):
            return unknown(text("{name} is set in no env file that was seen", name=name))
        return default

    def _each(self, one: Sequence[Any], scope: Scope) -> Values:
        found: list[Value] = []
        for value in self.value(one[1], scope):
            if isinstance(value, Several):
                found.extend(v for item in value.items for v in item)
            elif isinstance(value, Mapped):
                found.extend(v for key, _ in value.pairs for v in key)
            elif isinstance(value, Class):
                found.extend(self.objects.members(value))
            elif not isinstance(value, Nothing):
                found.extend(unless_known(value, text("what it goes through is not known")))
        return tuple(found)

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
                    found.extend(candidates(v for item in value.items for v in item))
            elif isinstance(value, Mapped):
                found.extend(looked_up(value, at))
            else:
                found.extend(unless_known(value, text("what it is taken from is not known")))
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
        inner = scope if own else self.calls.scopes(where, 1)[0]
        bindings = reaching(syntax["names"].get(name, ()), scope.line if own else None)
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
            text("no call was seen that gives {name} of {function}", name=name, function=where.name)
        )

    def member(self, module: str, name: str, line: int | None = None) -> Values:
        """Return what a name of a module stands for."""
        key = ("member", module, name, line)
        if key in self.active:
            return unknown(text("{name} is defined by itself", name=name))
        self.active.add(key)
        try:
            return self._member(module, name, line)
        finally:
            self.active.discard(key)

    def _member(self, module: str, name: str, line: int | None) -> Values:
        syntax = self.code.modules.get(module)
        if syntax is None:
            whole = f"{module}.{name}"
            if self.code.is_module(whole):
                return (Namespace(whole),)
            return unknown(text("{name} is not in the code that was read", name=whole))
        body = syntax["functions"].get("", {"names": {}})
        bindings = reaching(body["names"].get(name, ()), line)
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
                return unknown(text("{name} is imported from beyond the top", name=name))
            return self.member(source, taken) if taken else (Namespace(source),)
        for star in syntax["stars"]:
            source = self.code.whole(module, star)
            if source in self.code.modules:
                found = self.member(source, name)
                if not all(isinstance(v, Txt) and not v.whole for v in found):
                    return found
        if self.code.is_module(f"{module}.{name}"):
            return (Namespace(f"{module}.{name}"),)
        return unknown(text("{name} is not in the code that was read", name=name))

    def _attribute(self, one: Sequence[Any], scope: Scope) -> Values:
        base, name = one[1], one[2]
        if base[0] == "c" and base[1] == ["n", "super"]:
            return self.objects.of_super(name, scope)
        found: list[Value] = []
        for value in self.value(base, scope):
            if isinstance(value, Instance):
                found.extend(self.objects.of_instance(value, name))
            elif isinstance(value, Class):
                found.extend(self.objects.class_attribute(value, name))
            elif isinstance(value, Namespace):
                found.extend(self.member(value.name, name))
            elif isinstance(value, Txt) and value.whole and name == "value":
                found.append(value)
            elif not isinstance(value, Nothing):
                found.extend(
                    unless_known(value, text("what {name} is taken from is not known", name=name))
                )
        return tuple(found) or unknown(text("what {name} is taken from is not known", name=name))

    def _call(self, one: Sequence[Any], scope: Scope) -> Values:
        return self.calls.value(one, scope)


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


def _is_true(value: Value) -> bool:
    return isinstance(value, Txt) and value.whole and bool(value.pattern)
