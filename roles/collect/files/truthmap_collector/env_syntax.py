r"""The syntax of a systemd EnvironmentFile, read as systemd reads it.

    # a comment; so is what begins with ;
    KEY=value with inner blanks   \
        and a continuation
    QUOTED="two \
    lines"
    SINGLE='as it $stands'

Source: systemd.exec(5), EnvironmentFile=; src/basic/env-file.c (parse_env_file_internal) and
src/basic/env-util.c (env_name_is_valid, env_value_is_valid) of systemd 247 to 257.
"""

import re
from typing import List, NamedTuple, Optional, Tuple

__all__ = ["Assignment", "Odd", "Parsed", "parse"]

_BLANK = " \t\r\n"
_NEWLINE = "\r\n"
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_EXPORT = re.compile(r"export[ \t]+[A-Za-z_]\w*", re.ASCII)
_NOT_UTF8 = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


class Assignment(NamedTuple):
    """One assignment that systemd takes; `line` is where its name stands, counted from 1."""

    line: int
    key: str
    value: str


class Odd(NamedTuple):
    """A line that is not what it seems: systemd leaves it out, or reads it in a surprising way.

    `why` is one of `no assignment`, `export`, `name`, `quote not closed`,
    `after a comment that ends in a backslash` (until systemd 254 it belonged to the comment).
    """

    line: int
    why: str


class Parsed(NamedTuple):
    """A file's assignments in order; `refused` says why systemd would not read it at all."""

    assignments: List[Assignment]
    odd: List[Odd]
    refused: Optional[str]


def parse(content: bytes) -> Parsed:
    """Read the content of a file. Never raises: what cannot be read is odd, or refused."""
    if b"\0" in content:
        return Parsed([], [], "it holds a NUL byte")
    reader = _Reader(content.decode("utf-8", "surrogateescape"))
    reader.run()
    for line, key, value in reader.found:
        if _NOT_UTF8.search(key) or _NOT_UTF8.search(value):
            return Parsed([], [], "line {}: it is not UTF-8".format(line))
    assignments, odd = _judged(reader.found)
    odd.extend(Odd(line, why) for line, why in reader.odd)
    return Parsed(assignments, sorted(odd), None)


def _judged(found: List[Tuple[int, str, str]]) -> Tuple[List[Assignment], List[Odd]]:
    """Part what gets into the environment from what systemd leaves out of it."""
    assignments, odd = [], []
    for line, key, value in found:
        if _EXPORT.fullmatch(key):
            odd.append(Odd(line, "export"))
        elif not _NAME.fullmatch(key):
            odd.append(Odd(line, "name"))
        else:
            assignments.append(Assignment(line, key, value))
    return assignments, odd


class _Reader:
    """The state machine, sign by sign, with systemd's own states as methods."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 1
        self.found: List[Tuple[int, str, str]] = []
        self.odd: List[Tuple[int, str]] = []
        self._start = 1
        self._after_comment = False
        self._begin()

    def _begin(self) -> None:
        self._key: List[str] = []
        self._value: List[str] = []
        self._kept = 0  # length of the value without blanks at its end

    def run(self) -> None:
        states = {
            "pre_key": self._pre_key,
            "key": self._in_key,
            "pre_value": self._pre_value,
            "value": self._in_value,
            "value_escape": self._value_escape,
            "single": self._single,
            "double": self._double,
            "double_escape": self._double_escape,
            "comment": self._comment,
            "comment_escape": self._comment_escape,
        }
        state = "pre_key"
        for sign in self._text:
            state = states[state](sign)
            if sign == "\n":
                self._line += 1
        if state == "key":
            self._no_assignment()
        elif state in _OPEN_QUOTES:
            self.odd.append((self._start, "quote not closed"))
        if state not in _OUTSIDE:
            self._push(state in ("value", "pre_value"))

    def _push(self, trim: bool) -> None:
        value = "".join(self._value[: self._kept] if trim else self._value)
        key = "".join(self._key).rstrip(_BLANK)
        self.found.append((self._start, key, value))
        self._begin()

    def _no_assignment(self) -> None:
        self.odd.append((self._start, "no assignment"))
        self._begin()

    def _add(self, text: str, blank: bool = False) -> None:
        self._value.append(text)
        if not blank:
            self._kept = len(self._value)

    def _pre_key(self, sign: str) -> str:
        if sign in " \t":
            return "pre_key"
        after_comment, self._after_comment = self._after_comment, False
        if sign in "#;":
            return "comment"
        if sign in _NEWLINE:
            return "pre_key"
        if after_comment:
            self.odd.append((self._line, "after a comment that ends in a backslash"))
        self._key, self._start = [sign], self._line
        return "key"

    def _in_key(self, sign: str) -> str:
        if sign in _NEWLINE:
            self._no_assignment()
            return "pre_key"
        if sign == "=":
            return "pre_value"
        self._key.append(sign)
        return "key"

    def _pre_value(self, sign: str) -> str:
        if sign in _NEWLINE:
            self._push(True)
            return "pre_key"
        if sign in _BLANK:
            return "pre_value"
        state = {"'": "single", '"': "double", "\\": "value_escape"}.get(sign)
        if state is None:
            self._add(sign)
        return state or "value"

    def _in_value(self, sign: str) -> str:
        if sign in _NEWLINE:
            self._push(True)
            return "pre_key"
        if sign == "\\":
            self._kept = len(self._value)
            return "value_escape"
        self._add(sign, sign in _BLANK)
        return "value"

    def _value_escape(self, sign: str) -> str:
        if sign not in _NEWLINE:
            self._add(sign)
        return "value"

    def _single(self, sign: str) -> str:
        if sign == "'":
            return "pre_value"
        self._add(sign)
        return "single"

    def _double(self, sign: str) -> str:
        if sign == '"':
            return "pre_value"
        if sign == "\\":
            return "double_escape"
        self._add(sign)
        return "double"

    def _double_escape(self, sign: str) -> str:
        if sign in '"\\`$':
            self._add(sign)
        elif sign != "\n":
            self._add("\\")
            self._add(sign)
        return "double"

    def _comment(self, sign: str) -> str:
        if sign == "\\":
            return "comment_escape"
        return "pre_key" if sign in _NEWLINE else "comment"

    def _comment_escape(self, sign: str) -> str:
        if sign in _NEWLINE:
            self._after_comment = True
            return "pre_key"
        return "comment"


_OPEN_QUOTES = frozenset(("single", "double", "double_escape"))
_OUTSIDE = frozenset(("pre_key", "key", "comment", "comment_escape"))
