"""Which of a program's calls and names matter: those that lead to a stream's or a group's name.

A function that hands a parameter on as a stream's name is a wrapper: calls of its name matter too,
and so on. Names alone decide here; which function a call really means is told on the control node.
"""

from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, Set, Tuple

from truthmap_collector.source.expressions import Expression
from truthmap_collector.source.syntax import VERBS, Module

__all__ = ["names_needed", "pruned", "wrappers"]

_MOST = 1500
_SETTERS = 4
_DEEP = 4
_LEVELS = 3
_RECEIVERS = 3

Wrappers = Dict[str, Set[Any]]
"""By a function's or class's short name the parameters that matter: their names, and the places of
their arguments in a call; -1 is any place."""


def wrappers(
    modules: Iterable[Module],
    is_common: Callable[[str, int], bool],
    near: Callable[[int], Set[int]],
) -> Tuple[Wrappers, Dict[str, Set[int]]]:
    """Return the functions and classes that hand parameters on, and the files these stand in.

    `is_common` says of a name that too many things have it: it is not followed. `near` gives the
    files that can know what a file holds: only they can mean it by its name.
    """
    tracer = _Tracer(list(modules), is_common, near)
    return tracer.found, tracer.origins


class _Tracer:
    """Follows what stream names are made of to the parameters of functions, call by call."""

    def __init__(
        self,
        modules: List[Module],
        is_common: Callable[[str, int], bool],
        near: Callable[[int], Set[int]],
    ) -> None:
        self.found: Wrappers = {}
        self.origins: Dict[str, Set[int]] = {}
        self._is_common = is_common
        self._near = near
        self._seen: Set[Any] = set()
        self._depth = 0
        self._classes: Dict[str, List[Tuple[Module, str]]] = {}
        self._setters: Dict[str, List[Tuple[Module, str]]] = {}
        self._results: Dict[str, List[Tuple[Module, str]]] = {}
        self._index(modules)
        calls: Dict[str, List[Any]] = {}
        for module in modules:
            for name, function in module["functions"].items():
                for call in function["calls"]:
                    calls.setdefault(call[0], []).append((call, module, name))
        level = sorted(VERBS)
        for depth in range(_LEVELS):
            told = {name: len(params) for name, params in self.found.items()}
            for short in level:
                self._spread(calls.get(short, ()), receivers=depth < _RECEIVERS)
            level = sorted(n for n, params in self.found.items() if len(params) > told.get(n, 0))
            if not level or len(self.found) > _MOST:
                break

    def _spread(self, calls: Iterable[Any], receivers: bool) -> None:
        """Follow what some calls are given, and the objects they are made on."""
        for call, module, name in calls:
            if call[0] == "__init__" and "".join(name.split(".")[-2:-1]) not in self.found:
                continue  # of a class that no name leads to
            if call[0] not in VERBS and not self._can_know(module["file"], call[0]):
                continue
            ones = list(_relevant(call, self.found))
            for one in ones + (list(_receiver(call, self.found)) if receivers else []):
                self._trace(one, module, name)

    def _can_know(self, file: int, short: str) -> bool:
        origins = self.origins.get(short)
        return not origins or any(file in self._near(origin) for origin in origins)

    def _index(self, modules: List[Module]) -> None:
        for module in modules:
            for klass, body in module["classes"].items():
                self._classes.setdefault(klass.rpartition(".")[2], []).append((module, klass))
                for attribute in set(body["self"]) | set(body["names"]):
                    self._setters.setdefault(attribute, []).append((module, klass))

            for name, function in module["functions"].items():
                if function["returns"]:
                    short = name.rstrip("'").rpartition(".")[2]
                    self._results.setdefault(short, []).append((module, name))

    def _trace(self, one: Expression, module: Module, function: str) -> None:
        """Follow what an expression speaks of, not further than names can tell."""
        if self._depth > _DEEP:
            return
        self._depth += 1
        for kind, name in sorted(set(_names(one))):
            key = (id(module), function, kind, name)
            if key in self._seen:
                continue
            self._seen.add(key)
            for owner, maker in self._known(self._results, name, module):
                for returned in owner["functions"][maker]["returns"]:
                    self._trace(returned, owner, maker)
            if kind == "n":
                self._trace_name(name, module, function)
            elif kind == "self":
                self._trace_own(name, module, function.rpartition(".")[0])
            else:
                for owner, klass in self._known(self._setters, name, module):
                    self._trace_attribute(name, owner, klass)
        self._depth -= 1

    def _known(
        self, index: Dict[str, List[Tuple[Module, str]]], name: str, module: Module
    ) -> List[Tuple[Module, str]]:
        """Return what a module can mean by a name; nothing if that is too much to tell."""
        found = index.get(name, ())
        near = [one for one in found if module["file"] in self._near(one[0]["file"])]
        return near if len(near) <= _SETTERS else []

    def _trace_name(self, name: str, module: Module, scope: str) -> None:
        while scope:
            function = module["functions"].get(scope)
            if function is not None:
                bindings = function["names"].get(name, ())
                for binding in bindings:
                    self._trace(binding[0], module, scope)
                params = [param[0] for param in function["params"]]
                if name in params:
                    self._add(module, scope, name, params.index(name))
                if bindings or name in params:
                    return
            scope = scope.rpartition(".")[0]

    def _trace_own(self, name: str, module: Module, klass: str) -> None:
        """Follow an attribute of a method's own object through its class and those above it."""
        waiting, done = [(module, klass)], set()
        while waiting:
            owner, one = waiting.pop()
            body = owner["classes"].get(one)
            if body is None or (id(owner), one) in done:
                continue
            done.add((id(owner), one))
            self._trace_attribute(name, owner, one)
            for base in body["bases"]:
                waiting += self._classes.get(_last(base), ())[:_SETTERS]

    def _trace_attribute(self, name: str, module: Module, klass: str) -> None:
        body = module["classes"][klass]
        for method, value in body["self"].get(name, ()):
            self._trace(value, module, method)
        if name in body["names"] and klass + ".__init__" not in module["functions"]:
            self._told(klass.rpartition(".")[2], {name, -1}, module)

    def _add(self, module: Module, function: str, param: str, place: int) -> None:
        head, _, short = function.rstrip("'").rpartition(".")
        method = head in module["classes"]
        if not place and method and not module["functions"][function]["kind"]:
            return  # the method's own object
        # A method's own object is its first parameter and no argument, unless the class is called.
        told = {param, place, place - 1} if method and place else {param, place}
        if short == "__init__" and method:
            self.found.setdefault("__init__", set()).update(told)
            short = head.rpartition(".")[2]
            for child, owner in self._children(short):
                self._told(child, told, owner)
        self._told(short, told, module)

    def _told(self, short: str, told: Set[Any], module: Module) -> None:
        if not self._is_common(short, module["file"]):
            self.found.setdefault(short, set()).update(told)
            self.origins.setdefault(short, set()).add(module["file"])

    def _children(self, name: str) -> Iterator[Tuple[str, Module]]:
        for short, places in self._classes.items():
            for module, klass in places:
                if any(_last(base) == name for base in module["classes"][klass]["bases"]):
                    yield short, module


def _last(base: Expression) -> str:
    """Return the last name of a base class, of `Generic[…]` too."""
    if base[0] == "i":
        base = base[1]
    return str(base[-1]) if base[0] in ("n", "a") else ""


def _relevant(call: List[Any], found: Wrappers) -> Iterator[Expression]:
    name, _, args, words, _ = call
    if name in VERBS:
        yield from args
        yield from words.values()
    if name in found:
        yield from (one for place, one in enumerate(args) if _counts(place, found[name]))
        yield from (value for word, value in words.items() if word in found[name] or word == "**")


def _receiver(call: List[Any], found: Wrappers) -> Iterator[Expression]:
    """Yield the object a wrapper is called on: what class it is of tells which method is meant."""
    name, function, _, _, _ = call
    if name in found and function[0] == "a":
        yield function[1]


def _counts(place: int, params: Set[Any]) -> bool:
    return place in params or -1 in params


def _names(one: Any) -> Iterator[Tuple[str, str]]:
    """Yield the names ("n"), attributes of `self` ("self") and of others ("a") in an expression."""
    if isinstance(one, dict):
        for value in one.values():
            yield from _names(value)
    elif isinstance(one, list) and one:
        if one[0] == "n" and len(one) == 2:
            yield "n", one[1]
        elif one[0] == "a" and len(one) == 3:
            own = one[1] == ["n", "self"]
            yield "self" if own else "a", one[2]
            if not own:
                yield from _names(one[1])
        elif one[0] not in ("s", "k", "u"):
            for value in one:
                yield from _names(value)


def names_needed(modules: Iterable[Module], found: Wrappers) -> FrozenSet[str]:
    """Return the names that the calls kept, and what these are made of, speak of."""
    speech = _Speech(found)
    for module in modules:
        speech.hear(module)
    return speech.needed()


class _Speech:
    """Collects names: those spoken of, and by them those that what they are bound to speaks of."""

    def __init__(self, found: Wrappers) -> None:
        self._found = found
        self._needed: Set[str] = set()
        self._waiting: List[str] = []
        self._bound: Dict[str, List[Any]] = {}
        self._idle: Dict[str, List[Dict[str, Any]]] = {}  # functions until their results count

    def hear(self, module: Module) -> None:
        found = self._found
        for name, function in module["functions"].items():
            short = name.rstrip("'").rpartition(".")[2]
            calls = [call for call in function["calls"] if call[0] in VERBS or call[0] in found]
            idle = function
            if calls or short in found or not name or function["kind"] == "class":
                self._wake(function)
                idle = {"names": {}, "params": [], "returns": function["returns"]}
            self._idle.setdefault(short, []).append(idle)
            for call in calls:
                self._speak(call[1])
                for one in _relevant(call, found):
                    self._speak(one)
        for body in module["classes"].values():
            self._speak(body["bases"])
            for name, pairs in body["self"].items():
                for method, value in pairs:
                    self._bound.setdefault(name, []).append(value)
                    setter = module["functions"].get(method)
                    if setter is not None:
                        self._bound[name].append([one[1:] for one in setter["params"]])

    def needed(self) -> FrozenSet[str]:
        while self._waiting:
            name = self._waiting.pop()
            for one in self._bound.get(name, ()):
                self._speak(one)
            for function in self._idle.pop(name, ()):
                self._wake(function)
                self._speak(function["returns"])
        return frozenset(self._needed)

    def _speak(self, one: Any) -> None:
        for _, name in _names(one):
            if name not in self._needed:
                self._needed.add(name)
                self._waiting.append(name)

    def _wake(self, function: Dict[str, Any]) -> None:
        pairs = [(name, [one[0] for one in all_]) for name, all_ in function["names"].items()]
        pairs += [(param[0], param[1:]) for param in function["params"]]
        for name, ones in pairs:
            self._bound.setdefault(name, []).append(ones)
            if name in self._needed:
                self._speak(ones)


def _functions(module: Module, needed: Any, found: Wrappers) -> Dict[str, Dict[str, Any]]:
    """Return the functions that matter, those whose results do marked `returning`."""
    kept = {}
    assigning = {
        method
        for body in module["classes"].values()
        for name, pairs in body["self"].items()
        if name in needed
        for method, _ in pairs
    }
    for name, function in module["functions"].items():
        short = name.rstrip("'").rpartition(".")[2]
        returning = short in needed and bool(function["returns"])
        if (
            not name
            or function["kind"] == "class"
            or function["calls"]
            or returning
            or short in found
            or name in assigning
        ):
            kept[name] = dict(function, returning=returning)
    for name in list(kept):
        parts = name.split(".")  # what a function stands in gives it names
        for around in (".".join(parts[:depth]) for depth in range(1, len(parts))):
            if around in module["functions"]:
                kept.setdefault(around, dict(module["functions"][around], returning=False))
    return kept


def pruned(module: Module, needed: FrozenSet[str], found: Wrappers) -> Module:
    """Return a module's syntax without the names nobody needs."""
    classes = {}
    for name, body in module["classes"].items():
        classes[name] = {
            "bases": body["bases"],
            "marks": body["marks"],
            "self": {attr: pairs for attr, pairs in body["self"].items() if attr in needed},
        }
    functions = {}
    for name, function in _functions(module, needed, found).items():
        calls = [
            _cut(call, found) for call in function["calls"] if call[0] in VERBS or call[0] in found
        ]
        names = {one: bindings for one, bindings in function["names"].items() if one in needed}
        returns = function["returns"] if function["returning"] else []
        if calls or names or returns or function["params"]:
            params = function["params"]
            functions[name] = {
                "params": [one if one[0] in needed else [one[0], None, None] for one in params],
                "keyword": function["keyword"],
                "kind": function["kind"],
                "names": names,
                "returns": returns,
                "calls": calls,
            }
    return {
        "from": {name: where for name, where in module["from"].items() if name in needed},
        "stars": module["stars"],
        "classes": classes,
        "functions": functions,
    }


def _cut(call: List[Any], found: Wrappers) -> List[Any]:
    """Return a call without the keywords that carry no name."""
    name, function, args, words, line = call
    if name in VERBS:
        return call
    args = [one if _counts(place, found[name]) else ["0"] for place, one in enumerate(args)]
    kept = {word: value for word, value in words.items() if word in found[name] or word == "**"}
    return [name, function, args, kept, line]
