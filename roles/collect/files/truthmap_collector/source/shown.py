"""Which texts of a program may leave the host: those that look like a stream's or a key's name."""

import fnmatch
import re
from typing import Any, Dict, List, NamedTuple, Tuple

from truthmap_collector.masking import Masker, secrecy

__all__ = ["Shown"]

_LIKE_A_NAME = re.compile(r"[A-Za-z0-9:._/-]{1,120}$")
# What keys of Redis look like, in words of letters; a digit or two as in `v2`.
_LIKE_A_KEY = re.compile(
    r"(?=.*[:./])[:._/-]?[a-z]{1,14}\d{0,2}(?:[:._/-][a-z]{1,14}\d{0,2})*[:._/-]?$"
)
_SUSPECT = re.compile("auth|cred|pass|pw|user|login|basic|secret|token|sign|salt", re.I)
_IDS = {"", ">", "$", "*", "0", "0-0", "{", "}", ":{", "}:"}


class _Around(NamedTuple):
    """The names a text stands under; `strict` inside a mapping, where a weak one suffices."""

    names: Tuple[str, ...] = ()
    expression: bool = True
    strict: bool = False

    def below(self, *names: str) -> "_Around":
        return self._replace(names=self.names + names)


_NOWHERE = _Around((), False)


def _texts(key: Any) -> List[str]:
    """Return the texts and names that make up a mapping's key."""
    if not isinstance(key, list) or not key:
        return []
    if key[0] in ("s", "n") and isinstance(key[-1], str):
        return [key[-1]]
    if key[0] == "a":
        return [key[2]]
    return [text for one in key for text in _texts(one)]


class Shown:
    """Masks the texts of expressions. `names` are declared patterns of texts that may be shown."""

    def __init__(self, names: List[str]) -> None:
        """Take the patterns."""
        self.masked = 0
        self._names = names
        self._masker = Masker()
        self._known: Dict[str, bool] = {}

    def syntax(self, module: Dict[str, Any]) -> Dict[str, Any]:
        """Return a module's syntax with every text in it judged."""
        shown: Dict[str, Any] = self._value(dict(module, functions={}), _NOWHERE)
        for name, function in module["functions"].items():
            params = [
                [param, self._value(default, _Around((param,))), annotation]
                for param, default, annotation in function["params"]
            ]
            rest = {key: one for key, one in function.items() if key != "params"}
            shown["functions"][name] = dict(self._value(rest, _NOWHERE), params=params)
        return shown

    def _value(self, value: Any, around: "_Around") -> Any:
        if isinstance(value, dict):
            if around.expression:  # keyword arguments
                return {key: self._value(one, around.below(key)) for key, one in value.items()}
            return {key: self._value(one, _Around((key,), False)) for key, one in value.items()}
        if not isinstance(value, list):
            return value
        kind, many = (value[0], len(value)) if value and isinstance(value[0], str) else ("", 0)
        if kind == "s" and many == 2 and isinstance(value[1], str):
            return self._text(value[1], around)
        if kind == "g" and many == 3 and isinstance(value[1], list):
            return self._variable(value, around)
        if kind == "d" and many == 2 and isinstance(value[1], list):
            return ["d", [self._pair(key, one, around) for key, one in value[1]]]
        if kind == "i" and many == 4:
            base = self._value(value[1], around.below(*value[3].split(",")))
            return ["i", base, value[2]]
        if kind == "c" and many == 4 and isinstance(value[3], dict):
            around = around._replace(expression=True)
        return [self._value(one, around) for one in value]

    def _pair(self, key: Any, value: Any, around: "_Around") -> List[Any]:
        """A value of a mapping is judged by its key too, and more strictly than a variable's."""
        names = _texts(key)
        inside = around.below(*names)._replace(strict=True)
        return [self._value(key, around), self._value(value, inside)]

    def _variable(self, value: List[Any], around: "_Around") -> List[Any]:
        """An environment variable's name is shown whole; its name tells what its default may be."""
        key = value[1][1] if value[1][0] == "s" and value[1][1].isidentifier() else ""
        default = value[2] and self._value(value[2], around.below(key))
        return ["g", ["s", key] if key else self._value(value[1], _NOWHERE), default]

    def _text(self, text: str, around: "_Around") -> List[Any]:
        level = max(map(secrecy, around.names), default=0)
        secret = level > 1 or (around.strict and level > 0)
        if text in _IDS or (not secret and self._harmless(text)):
            return ["s", text]
        like = bool(_LIKE_A_KEY.match(text)) and len(text) < 80 and not (around.strict and secret)
        if like and not _SUSPECT.search(" ".join((*around.names, text))):
            return ["s", text]
        self.masked += 1
        return ["m", len(text)]

    def _harmless(self, text: str) -> bool:
        if text not in self._known:
            self._known[text] = any(fnmatch.fnmatchcase(text, one) for one in self._names) or bool(
                _LIKE_A_NAME.match(text) and self._masker.text(text)[1] == 0
            )
        return self._known[text]
