"""Expressions of Python as small lists: what is needed to tell which text one stands for.

    ["s", text]            a text            ["n", name]               a name
    ["m", length]          a text not shown  ["a", base, attribute]    base.attribute
    ["k", number]          a number          ["i", base, index]        base[index]
    ["f", [part, …]]       parts joined      ["c", f, [arg, …], {keyword: arg}]
    ["g", key, default]    an environment variable; default is null where none is given
    ["l", [item, …]]       list, tuple, set  ["d", [[key, value], …]]  key null: **value
    ["q", item, exact]     a list made in a loop; exact: of all that it runs through, in order
    ["o", [choice, …], w]  one of several    ["e", iterable]           one of its items
    ["0"]                  None              ["u", kind]               anything else

In "o" w is "or" where the first that is true counts, "and" for the last, "" where none is told.

Made from the syntax tree of any Python from 3.6 on; the nodes of texts and numbers changed in 3.8.
"""

import ast
import re
from typing import Any, Dict, List, Optional

__all__ = ["Expression", "constant", "expression", "last_name"]

Expression = List[Any]

_DEEP = 12
_MANY = 80
_PERCENT = re.compile(r"%(?:\((\w+)\))?[-#0-9 +.]*[sdifr]|%%")
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}!:]*)(?:![rsa])?(?::[^{}]*)?\}")
_KEPT = {"strip", "lower", "upper", "encode", "decode", "rstrip", "lstrip"}


def constant(node: Any) -> Any:
    """Return the text, number or None a node writes down; the node itself if it is no constant."""
    kind = type(node).__name__
    if kind in ("Constant", "NameConstant"):
        value = node.value
    elif kind in ("Str", "Bytes"):
        value = node.s
    elif kind == "Num":
        value = node.n
    else:
        return node
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def last_name(node: Any) -> str:
    """Return `c` for `a.b.c` and for `c`; empty for what ends in no name."""
    return str(getattr(node, "attr", "") or getattr(node, "id", ""))


def expression(node: Any, depth: int = 0) -> Expression:
    """Return a node as lists; what goes deeper than a dozen levels is "u", like all else."""
    value = constant(node)
    if value is not node:
        if isinstance(value, str):
            return ["s", value]
        return ["k", value] if type(value) is int else ["0"] if value is None else ["u", "Constant"]
    make = _MAKERS.get(type(node).__name__)
    found = make(node, depth + 1) if make and depth < _DEEP else None
    return found or ["u", type(node).__name__]


def _some(nodes: List[Any], depth: int) -> List[Expression]:
    found = [expression(node, depth) for node in nodes[:_MANY]]
    return found + [["u", "more"]] if len(nodes) > _MANY else found


def _subscript(node: Any, depth: int) -> Expression:
    at = node.slice.value if type(node.slice).__name__ == "Index" else node.slice
    base = expression(node.value, depth)
    if _is_environ(node.value):
        return ["g", expression(at, depth), None]
    return ["i", base, expression(at, depth)]


def _is_environ(node: Any) -> bool:
    return last_name(node) == "environ"


def _dict(node: Any, depth: int) -> Expression:
    pairs = [
        [None if key is None else expression(key, depth), expression(value, depth)]
        for key, value in list(zip(node.keys, node.values))[:_MANY]
    ]
    return ["d", pairs + [[["u", "more"], ["0"]]] if len(node.keys) > _MANY else pairs]


def _comprehension(node: Any, depth: int) -> Expression:
    """Its targets are bound where it stands, so that its element alone says all."""
    if hasattr(node, "key"):
        return ["d", [[expression(node.key, depth), expression(node.value, depth)]]]
    exact = len(node.generators) == 1 and not node.generators[0].ifs
    return ["q", expression(node.elt, depth), int(exact)]


def _operation(node: Any, depth: int) -> Optional[Expression]:
    kind = type(node.op).__name__
    if kind == "Add":
        return ["f", [expression(node.left, depth), expression(node.right, depth)]]
    template = constant(node.left)
    if kind == "Mod" and isinstance(template, str):
        right = node.right
        values = right.elts if isinstance(right, ast.Tuple) else [right]
        keyed = dict(zip(map(constant, right.keys), right.values)) if hasattr(right, "keys") else {}
        return _filled(template, _PERCENT, "%%", values, keyed, depth)
    return None


def _filled(
    template: str, hole: Any, escaped: str, values: List[Any], keyed: Dict[Any, Any], depth: int
) -> Expression:
    parts: List[Expression] = []
    at = number = 0
    for found in hole.finditer(template):
        if template[at : found.start()]:
            parts.append(["s", template[at : found.start()]])
        at = found.end()
        name = found.group(1)
        if found.group() in (escaped, "{{", "}}"):
            parts.append(["s", escaped[0] if escaped else found.group()[0]])
            continue
        if name and not name.isdigit():
            node = keyed.get(name)
        else:
            place = int(name) if name else number
            node = values[place] if place < len(values) else None
            number += 1
        parts.append(["u", "place"] if node is None else expression(node, depth))
    if template[at:]:
        parts.append(["s", template[at:]])
    return ["f", parts]


def _call(node: Any, depth: int) -> Optional[Expression]:
    name = last_name(node.func)
    args = node.args
    keywords = {word.arg: word.value for word in node.keywords if word.arg}
    owner = getattr(node.func, "value", None)
    if name == "getenv" or (name == "get" and owner is not None and _is_environ(owner)):
        default = args[1] if len(args) > 1 else keywords.get("default")
        key = args[0] if args else keywords.get("key")
        if key is not None:
            given = None if default is None else expression(default, depth)
            return ["g", expression(key, depth), given]
    if owner is not None:
        template = constant(owner)
        if name == "format" and isinstance(template, str):
            return _filled(template, _BRACES, "", args, keywords, depth)
        if name == "join" and isinstance(template, str) and args and hasattr(args[0], "elts"):
            parts: List[Expression] = []
            for item in _some(args[0].elts, depth):
                parts += [["s", template], item] if parts else [item]
            return ["f", parts]
        if name in _KEPT and len(args) < 2:
            same = expression(owner, depth)
            return same if name in ("encode", "decode") else ["c", ["a", same, name], [], {}]
    if name in ("str", "list", "tuple", "set", "sorted", "frozenset", "iter") and len(args) == 1:
        return expression(args[0], depth)
    return [
        "c",
        expression(node.func, depth),
        _some(args, depth),
        {key: expression(value, depth) for key, value in list(keywords.items())[:_MANY]},
    ]


def _joined(node: Any, depth: int) -> Expression:
    return ["f", _some(node.values, depth)]


def _either(node: Any, depth: int) -> Expression:
    word = "or" if isinstance(node.op, ast.Or) else "and"
    return ["o", _some(node.values, depth), word]


def _items(node: Any, depth: int) -> Expression:
    return ["l", _some(node.elts, depth)]


_MAKERS = {
    "Name": lambda node, depth: ["n", node.id],
    "Attribute": lambda node, depth: ["a", expression(node.value, depth), node.attr],
    "Subscript": _subscript,
    "JoinedStr": _joined,
    "FormattedValue": lambda node, depth: expression(node.value, depth),
    "BinOp": _operation,
    "Call": _call,
    "Await": lambda node, depth: expression(node.value, depth),
    "Starred": lambda node, depth: ["e", expression(node.value, depth)],
    "NamedExpr": lambda node, depth: expression(node.value, depth),
    "BoolOp": _either,
    "IfExp": lambda node, depth: ["o", _some([node.body, node.orelse], depth), ""],
    "Dict": _dict,
    "DictComp": _comprehension,
    "List": _items,
    "Tuple": _items,
    "Set": _items,
    "ListComp": _comprehension,
    "SetComp": _comprehension,
    "GeneratorExp": _comprehension,
}
