"""What one file says that matters for stream names: bindings, classes, functions, chosen calls.

A module's syntax is a mapping of

    imports    each `module` or `module:name,name`
    from       local name -> [module, name]; module may begin with dots, name "" is the module
    stars      modules of `from … import *`
    classes    qualified name -> bases, decorators, names (attributes), self (attribute -> pairs of
               the method's qualified name and the expression)
    functions  qualified name ("" is the module's own code) -> params ([name, default, annotation]),
               keyword (how many of them are keyword-only), kind, names (bindings), returns, calls
               ([name, function, arguments, keywords, line])

A binding is [expression, line, flag, first, last]: flag 0 always happens, 1 perhaps (with the lines
of the loop it stands in, or 0), 2 holds only between two lines (a loop's variable).
"""

import ast
from typing import Any, Callable, Dict, FrozenSet, List, NamedTuple, Optional, Tuple

from truthmap_collector.source.expressions import Expression, constant, expression, last_name

__all__ = ["VERBS", "Module", "read"]

Module = Dict[str, Any]

VERBS = {
    "xadd": (0,),
    "xread": (0,),
    "xreadgroup": (0, 2),
    "xread_group": (0, 2),
    "xgroup_create": (0, 1),
    "xautoclaim": (0, 1),
    "xclaim": (0, 1),
    "xack": (0, 1),
    "xrange": (0,),
    "xrevrange": (0,),
}
"""Methods of Redis clients that name a stream, and the places of the stream and the group."""

_COMMANDS = {
    "XADD": (5, frozenset()),
    "XREAD": (4, frozenset(["STREAMS"])),
    "XREADGROUP": (7, frozenset(["GROUP", "STREAMS"])),
    "XGROUP": (5, frozenset(["CREATE"])),
    "XAUTOCLAIM": (6, frozenset()),
    "XCLAIM": (6, frozenset()),
    "XACK": (4, frozenset()),
    "XRANGE": (4, frozenset()),
    "XREVRANGE": (4, frozenset()),
}  # type: Dict[str, Tuple[int, FrozenSet[str]]]
"""Commands with the fewest words they are given with, and words that cannot be missing."""

_WORDS = {"name", "stream", "key", "streams", "groupname", "group", "group_name"}
_LEAVES = {"Name", "Constant", "Str", "Bytes", "Num", "NameConstant", "Load", "Store", "Pass"}
_CLIENT = 4  # so many methods of that kind in one file make a client
_LOOPS = ("For", "AsyncFor", "While")
_BRANCHES = ("If", "Try", "TryStar", "Match")


class _Place(NamedTuple):
    """Where in a file: the function and class around, and whether and in which loop."""

    function: Dict[str, Any]
    owner: Optional[Dict[str, Any]]
    prefix: str
    flag: int
    first: int
    last: int


def read(tree: Any, wanted: FrozenSet[str]) -> Module:
    """Return a module's syntax; `wanted` are the names of the calls to keep beside the verbs."""
    return _Reader(wanted).module(tree)


class _Reader:
    def __init__(self, wanted: FrozenSet[str]) -> None:
        self.wanted = wanted
        self.imports: Dict[str, None] = {}
        self.statement: Any = None  # the innermost one without a body
        self.found: Module = {"from": {}, "stars": [], "classes": {}, "functions": {}}

    def module(self, tree: Any) -> Module:
        place = _Place(self._function("", [], 0, ""), None, "", 0, 0, 0)
        for node in tree.body:
            self._visit(node, place)
        self.found["imports"] = list(self.imports)
        self._leave_out_client()
        return self.found

    def _leave_out_client(self) -> None:
        """Take a Redis client's own methods out: what they do is what their callers ask for."""
        functions = self.found["functions"]
        own = [name for name in functions if name.rstrip("'").rpartition(".")[2] in VERBS]
        if len(own) >= _CLIENT:
            for name in own:
                del functions[name]

    def _function(self, name: str, params: List[Any], keyword: int, kind: str) -> Dict[str, Any]:
        made: Dict[str, Any] = {"params": params, "keyword": keyword, "kind": kind}
        made.update(names={}, returns=[], calls=[])
        # Of several of one name (a property's setter, branches) the first is the one that counts.
        while name in self.found["functions"]:
            name += "'"
        self.found["functions"][name] = made
        return made

    def _visit(self, node: Any, place: _Place) -> None:
        kind = type(node).__name__
        enter = _ENTER.get(kind)
        if enter is not None:
            enter(self, node, place)
            return
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            self.statement = node
        note = _NOTE.get(kind)
        if note is not None:
            note(self, node, place)
        if kind in _LOOPS:
            place = place._replace(flag=1, first=node.lineno, last=_last_line(node))
        elif kind in _BRANCHES:
            place = place._replace(flag=1)
        for name in node._fields:
            value = getattr(node, name, None)
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, ast.AST) and type(child).__name__ not in _LEAVES:
                    self._visit(child, place)

    def _assign(self, node: Any, place: _Place) -> None:
        value = expression(node.value)
        for target in node.targets if hasattr(node, "targets") else [node.target]:
            if node.value is not None:
                self._bind(target, value, node, place)

    def _change(self, node: Any, place: _Place) -> None:
        self._bind(node.target, ["u", "AugAssign"], node, place._replace(flag=1))

    def _with(self, node: Any, place: _Place) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self._bind(item.optional_vars, expression(item.context_expr), node, place)

    def _return(self, node: Any, place: _Place) -> None:
        if node.value is not None:
            place.function["returns"].append(expression(node.value))

    def _comprehend(self, node: Any, place: _Place) -> None:
        for one in node.generators:
            self._each(one.target, one.iter, self.statement, place)

    def _loop(self, node: Any, place: _Place) -> None:
        self._each(node.target, node.iter, node, place)

    def _enter_function(self, node: Any, place: _Place) -> None:
        for child in node.decorator_list + node.args.defaults:
            self._visit(child, place)
        name = place.prefix + node.name
        marks = {
            last_name(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list
        }
        kinds = [one for one in ("staticmethod", "classmethod", "property") if one in marks]
        if "cached_property" in marks:
            kinds = ["property"]
        params = _params(node.args)
        function = self._function(name, params, len(node.args.kwonlyargs), (kinds + [""])[0])
        inner = _Place(function, place.owner, name + ".", 0, 0, 0)
        for child in node.body:
            self._visit(child, inner)

    def _enter_class(self, node: Any, place: _Place) -> None:
        name = place.prefix + node.name
        owner: Dict[str, Any] = {
            "bases": [expression(base) for base in node.bases],
            "marks": [last_name(getattr(one, "func", one)) for one in node.decorator_list],
            "names": {},
            "self": {},
        }
        self.found["classes"][name] = owner
        # What a class body binds are its attributes: it is read like a function of its own.
        body = self._function(name + ".", [], 0, "class")
        owner["names"] = body["names"]
        inner = _Place(body, owner, name + ".", 0, 0, 0)
        for child in node.body:
            self._visit(child, inner)

    def _import(self, node: Any, place: _Place) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports[alias.name] = None
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                self.found["from"][alias.asname or whole] = [whole, ""]
            return
        module = "." * (node.level or 0) + (node.module or "")
        self.imports[module + ":" + ",".join(alias.name for alias in node.names)] = None
        for alias in node.names:
            if alias.name == "*":
                self.found["stars"].append(module)
            else:
                self.found["from"][alias.asname or alias.name] = [module, alias.name]

    def _each(self, target: Any, source: Any, node: Any, place: _Place) -> None:
        node = node or source
        place = place._replace(flag=2, first=node.lineno, last=_last_line(node))
        self._bind(target, ["e", expression(source)], node, place)

    def _bind(self, target: Any, value: Expression, node: Any, place: _Place) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            # All of the names judge the texts where it is not clear which is whose.
            names = ",".join(last_name(one) for one in ast.walk(target) if last_name(one))
            whose = _each_own(value, target.elts)
            for number, one in enumerate(target.elts[:20]):
                own = whose[number] if whose else ["i", value, ["k", number], names]
                self._bind(one, own, node, place)
        elif isinstance(target, ast.Name):
            binding = [value, node.lineno, place.flag, place.first, place.last]
            place.function["names"].setdefault(target.id, []).append(binding)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            params = place.function["params"]
            if place.owner is not None and params and target.value.id == params[0][0]:
                pair = [place.prefix.rstrip("."), value]
                place.owner["self"].setdefault(target.attr, []).append(pair)

    def _call(self, node: Any, place: _Place) -> None:
        name = last_name(node.func)
        if name == "execute_command" or _is_command(node.args):
            found = _command(node.args)
            if found:
                verb, args = found
                place.function["calls"].append(
                    [verb, ["n", "execute_command"], args, {}, node.lineno]
                )
        elif name in self.wanted or (name in VERBS and isinstance(node.func, ast.Attribute)):
            args = [expression(one) for one in node.args[:12]]
            words = {one.arg or "**": expression(one.value) for one in node.keywords[:20]}
            if name in VERBS and name not in self.wanted:
                args = [one if n in VERBS[name] else ["0"] for n, one in enumerate(args[:3])]
                words = {word: value for word, value in words.items() if word in _WORDS}
            place.function["calls"].append([name, expression(node.func), args, words, node.lineno])


_ENTER: Dict[str, Callable[[_Reader, Any, _Place], None]] = {
    "FunctionDef": _Reader._enter_function,
    "AsyncFunctionDef": _Reader._enter_function,
    "ClassDef": _Reader._enter_class,
    "Import": _Reader._import,
    "ImportFrom": _Reader._import,
}
_NOTE: Dict[str, Callable[[_Reader, Any, _Place], None]] = {
    "Call": _Reader._call,
    "Assign": _Reader._assign,
    "AnnAssign": _Reader._assign,
    "NamedExpr": _Reader._assign,
    "AugAssign": _Reader._change,
    "With": _Reader._with,
    "AsyncWith": _Reader._with,
    "Return": _Reader._return,
    "ListComp": _Reader._comprehend,
    "SetComp": _Reader._comprehend,
    "DictComp": _Reader._comprehend,
    "GeneratorExp": _Reader._comprehend,
    "For": _Reader._loop,
    "AsyncFor": _Reader._loop,
}


def _each_own(value: Expression, targets: List[Any]) -> List[Expression]:
    """Return the value of each target of an unpacking; none where that is not clear."""
    items = value[1] if value[0] == "l" else []
    starred = any(isinstance(one, ast.Starred) for one in targets)
    if starred or len(items) != len(targets) or any(one[0] == "e" for one in items):
        return []
    return list(items)


def _params(args: Any) -> List[List[Any]]:
    """Return the parameters in order, positional ones first: [name, default, annotation]."""
    plain = list(getattr(args, "posonlyargs", [])) + list(args.args)
    defaults = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
    given = list(zip(plain, defaults)) + list(zip(args.kwonlyargs, args.kw_defaults))
    return [
        [
            one.arg,
            None if default is None else expression(default),
            None if one.annotation is None else _annotation(one.annotation),
        ]
        for one, default in given
    ]


def _annotation(node: Any) -> Optional[Expression]:
    """Return the first class an annotation names, inside `Optional[…]`, `… | None` or quotes."""
    text = constant(node)
    if isinstance(text, str):
        try:
            node = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None
    if isinstance(node, ast.Subscript):
        node = getattr(node.slice, "value", node.slice)
    if isinstance(node, ast.BinOp):
        node = node.left
    return expression(node) if isinstance(node, (ast.Name, ast.Attribute)) else None


def _is_command(args: List[Any]) -> bool:
    """Say whether a call is given a whole command, as clients of an application's own are.

    Less than all the words a command must have may be a line for a log.
    """
    words = [str(constant(one)).upper() for one in args[:40]]
    if not words or words[0] not in _COMMANDS:
        return False
    least, said = _COMMANDS[words[0]]
    many = any(isinstance(one, ast.Starred) for one in args)
    return (many or len(words) >= least) and said.issubset(words)


def _command(args: List[Any]) -> Optional[Tuple[str, List[Expression]]]:
    """Return `("XADD", key, …)` as the method of that name would be called."""
    words: List[Any] = [constant(one) for one in args[:40]]
    texts = [one.upper() if isinstance(one, str) else "" for one in words]
    texts, args = _parted(texts, args)
    verb = texts[0].lower() if texts else ""
    if texts[:2] == ["XGROUP", "CREATE"]:
        return "xgroup_create", [expression(one) for one in args[2:4]]
    if verb in ("xread", "xreadgroup") and "STREAMS" in texts:
        rest = args[texts.index("STREAMS") + 1 :]
        keys: Expression = ["l", [expression(one) for one in rest[: len(rest) // 2 or 1]]]
        if verb == "xread":
            return verb, [keys]
        group = args[texts.index("GROUP") + 1] if "GROUP" in texts[:-1] else None
        return verb, [["u", "group"] if group is None else expression(group), ["0"], keys]
    if verb in VERBS and verb not in ("xread", "xreadgroup"):
        if len(args) == 2 and isinstance(args[1], ast.Starred):
            pieces = expression(args[1].value)
            return verb, [["i", pieces, ["k", place]] for place in VERBS[verb]]
        return verb, [expression(one) for one in args[1 : 2 + VERBS[verb][-1]]]
    return None


def _parted(texts: List[str], args: List[Any]) -> Tuple[List[str], List[Any]]:
    if texts and texts[0] == "XGROUP CREATE":
        return ["XGROUP", "CREATE"] + texts[1:], args[:1] + args
    return texts, args


def _last_line(node: Any) -> int:
    last = getattr(node, "end_lineno", None)
    return int(last or max(getattr(one, "lineno", 0) for one in ast.walk(node)))
