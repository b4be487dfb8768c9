"""Which texts of a program may leave the host: those that look like a stream's or a key's name."""

import fnmatch
import re
from typing import Any, Dict, List

from truthmap_collector.masking import Masker, secrecy

__all__ = ["Shown"]

_LIKE_A_NAME = re.compile(r"[A-Za-z0-9:._-]{1,120}$")
# What keys of Redis look like, in words of letters; a digit or two as in `v2`.
_LIKE_A_KEY = re.compile(
    r"(?=.*[:.])[:._-]?[a-z]{1,14}\d{0,2}(?:[:._-][a-z]{1,14}\d{0,2})*[:._-]?$"
)
_SUSPECT = re.compile("auth|cred|pass|pw|user|login|basic|secret|token|sign|salt", re.I)
_IDS = {"", ">", "$", "*", "0", "0-0", "{", "}", ":{", "}:"}


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
        shown: Dict[str, Any] = self._value(module, "")
        return shown

    def _value(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {key: self._value(one, str(key)) for key, one in value.items()}
        if not isinstance(value, list):
            return value
        if len(value) == 2 and value[0] == "s" and isinstance(value[1], str):
            return self._text(value[1], name)
        if len(value) == 3 and value[0] == "g" and isinstance(value[1], list):
            return self._variable(value)
        return [self._value(one, name) for one in value]

    def _variable(self, value: List[Any]) -> List[Any]:
        """An environment variable's name is shown whole; its name tells what its default may be."""
        key = value[1][1] if value[1][0] == "s" and value[1][1].isidentifier() else ""
        default = value[2] and self._value(value[2], key)
        return ["g", ["s", key] if key else self._value(value[1], ""), default]

    def _text(self, text: str, name: str) -> List[Any]:
        if text in _IDS or (secrecy(name) < 2 and self._harmless(text)):
            return ["s", text]
        if _LIKE_A_KEY.match(text) and len(text) < 80 and not _SUSPECT.search(name + " " + text):
            return ["s", text]
        self.masked += 1
        return ["m", len(text)]

    def _harmless(self, text: str) -> bool:
        if text not in self._known:
            self._known[text] = any(fnmatch.fnmatchcase(text, one) for one in self._names) or bool(
                _LIKE_A_NAME.match(text) and self._masker.text(text)[1] == 0
            )
        return self._known[text]
