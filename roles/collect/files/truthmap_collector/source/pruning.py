"""Which of a program's calls and names matter: those that lead to a stream's or a group's name.

A function that hands a parameter on as a stream's name is a wrapper: calls of its name matter too,
and so on. Names alone decide here; which function a call really means is told on the control node.
"""

from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, Set, Tuple

from truthmap_collector.source.expressions import Expression
from truthmap_collector.source.syntax import VERBS, Module

__all__ = ["names_needed", "pruned", "wrappers"]

_MOST = 400

Wrappers = Dict[str, Set[Any]]
"""By a function's or class's short name the parameters that matter: their names, and the places of
their arguments in a call; -1 is any place."""


def wrappers(modules: Iterable[Module]) -> Wrappers:
    """Return the names of functions and classes that hand parameters on, with those parameters."""
    found: Wrappers = {}
    modules = list(modules)
    growing = True
    while growing and len(found) < _MOST:
        before = sum(map(len, found.values()))
        for module in modules:
            for name, function in module["functions"].items():
                for call in function["calls"]:
                    for one in [*_relevant(call, found), *_receiver(call, found)]:
                        _trace(one, module, name, modules, found, set())
        growing = sum(map(len, found.values())) > before
    return found


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


def _trace(
    one: Expression, module: Module, function: str, modules: List[Module], found: Wrappers, seen: Set[Any]
) -> None:
    """Follow an expression to the parameters it is made of."""
    for kind, name in set(_names(one)):
        if (kind, function, name) in seen or len(seen) > 2000:
            continue
        seen.add((kind, function, name))
        scope = function
        while scope:
            inner = module["functions"].get(scope)
            if inner is not None:
                if kind == "a":
                    break
                if name in inner["names"]:
                    for binding in inner["names"][name]:
                        _trace(binding[0], module, scope, modules, found, seen)
                    break
                if name in [param[0] for param in inner["params"]]:
                    _add(module, scope, name, modules, found)
                    break
            scope = scope.rpartition(".")[0]
        if kind == "a":
            _trace_attribute(name, module, modules, found, seen)


def _trace_attribute(
    name: str, module: Module, modules: List[Module], found: Wrappers, seen: Set[Any]
) -> None:
    for owner in modules:
        for klass, body in owner["classes"].items():
            for method, value in body["self"].get(name, ()):
                _trace(value, owner, method, modules, found, seen)
            if name in body["names"] and not body["self"].get(name):
                found.setdefault(klass.rpartition(".")[2], set()).update((name, -1))


def _add(module: Module, function: str, param: str, modules: List[Module], found: Wrappers) -> None:
    head, _, short = function.rstrip("'").rpartition(".")
    params = [one[0] for one in module["functions"][function]["params"]]
    place = params.index(param)
    if not place and head in module["classes"] and not module["functions"][function]["kind"]:
        return  # the method's own object
    # A method's own object is its first parameter and no argument, unless the class is called.
    told = {param, place, max(place - 1, 0)} if head in module["classes"] else {param, place}
    if short == "__init__" and head in module["classes"]:
        found.setdefault("__init__", set()).update(told)
        short = head.rpartition(".")[2]
        for child in _children(short, modules):
            found.setdefault(child, set()).update(told)
    found.setdefault(short, set()).update(told)


def _children(name: str, modules: List[Module]) -> Iterator[str]:
    for module in modules:
        for klass, body in module["classes"].items():
            if any(base[-1] == name for base in body["bases"] if base[0] in "na"):
                yield klass.rpartition(".")[2]


def _names(one: Any) -> Iterator[Tuple[str, str]]:
    """Yield the names ("n") and attributes ("a") in an expression, those of called functions too."""
    if isinstance(one, dict):
        for value in one.values():
            yield from _names(value)
    elif isinstance(one, list) and one:
        if one[0] == "n" and len(one) == 2:
            yield "n", one[1]
            return
        if one[0] == "a" and len(one) == 3:
            yield "a", one[2]
            yield from _names(one[1])
            return
        for value in one:
            yield from _names(value)


def names_needed(modules: Iterable[Module], found: Wrappers) -> FrozenSet[str]:
    """Return the names that the calls kept, and what these are made of, speak of."""
    modules = list(modules)
    needed: Set[str] = set()
    for module in modules:
        for function in module["functions"].values():
            for call in function["calls"]:
                needed.update(name for _, name in _names(call[1]))
                for one in _relevant(call, found):
                    needed.update(name for _, name in _names(one))
    growing = True
    while growing:
        size = len(needed)
        for module in modules:
            for bound in _bound(module, needed, found):
                needed.update(name for _, name in _names(bound))
        growing = len(needed) > size
    return frozenset(needed)


def _bound(module: Module, needed: Set[str], found: Wrappers) -> Iterator[Any]:
    for function in _functions(module, needed, found).values():
        for name in function["names"]:
            if name in needed:
                yield [binding[0] for binding in function["names"][name]]
        if function["returning"]:
            yield function["returns"]
        yield [one[1:] for one in function["params"] if one[0] in needed]
    for body in module["classes"].values():
        yield [value for name, pairs in body["self"].items() if name in needed for _, value in pairs]
        yield body["bases"]


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
        calls = [_cut(call, found) for call in function["calls"] if call[0] in VERBS or call[0] in found]
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
