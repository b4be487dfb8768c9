"""Lines of crontabs: their fields, and the programs a command would start.

A command is split as a shell would, as far as that can be done without one: what is quoted,
expanded or made by a shell is left alone, so a program that is not certain is not named.
"""

import os
import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from truthmap_collector import host

__all__ = ["ANACRON", "SYSTEM", "USER", "Line", "Programs", "programs", "split"]

SYSTEM = "system"
USER = "user"
ANACRON = "anacron"

_SETTING = re.compile(r"""\s*["']?([A-Za-z_][A-Za-z0-9_]*)["']?\s*=\s*(.*)""")
_NICKNAME = re.compile(r"@[a-z]{1,10}")
_TIME = re.compile(
    r"(?:[0-9]{1,2}(?![0-9])|[*,/~-]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    r"|sun|mon|tue|wed|thu|fri|sat))+"
)
_PERIOD = re.compile(r"[0-9]{1,4}|@[a-z]{1,10}")
_DELAY = re.compile(r"[0-9]{1,5}")
_DEFAULT_PATH = "/usr/bin:/bin"

_TOKEN = re.compile(
    r"""\s*(?:(\d?>{1,2}&?\d?|\d?<{1,2}|&&|\|\||[;&|()\n])"""
    r"""|((?:[^\s;&|()<>'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+))"""
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PLAIN = re.compile(r"[A-Za-z0-9_./+@:,-]+")
_KEYWORDS = frozenset(
    ["if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "time", "{", "}"]
)
_LISTS = frozenset(["for", "case", "select", "function"])
_BUILTIN_WORDS = """
    . : [ [[ alias bg break cd command continue echo eval exec exit export false fg getopts hash
    declare jobs kill let local popd printf pushd pwd read readonly return set shift shopt source
    test times trap true type typeset ulimit umask unalias unset wait
"""
_BUILTINS = frozenset(_BUILTIN_WORDS.split())
_TESTS = re.compile(r"(?:^|[\s;&|(])(?:\[\[?|test)\s|(?:^|[\s;&|(])(?:command\s+-v|which|type)\s")
_OWN_PATH = re.compile(r"(?:^|[\s;&|(])(?:\.|source|eval)\s|\bPATH=")
_STARTERS = frozenset(["exec", "nohup", "nice", "ionice", "chronic", "setsid", "env", "command"])
_INTERPRETER = re.compile(r"(?:python|pypy|perl|ruby|node|php|bash|dash|sh|zsh)[0-9.]*")


class Line(NamedTuple):
    """One line that is no comment: a setting, an entry, or what is neither."""

    number: int
    setting: Optional[Tuple[str, str]] = None
    schedule: Optional[str] = None
    user: Optional[str] = None
    command: Optional[str] = None
    text: Optional[str] = None


class Programs(NamedTuple):
    """Absolute paths of the programs and scripts of a command, there and not there.

    `names` are those that no folder of PATH has. `guarded` says that the command tests for
    something first, so that what is missing may be meant to be.
    """

    found: List[str]
    missing: List[str]
    names: List[str]
    guarded: bool


def split(text: str, form: str) -> Iterator[Line]:
    """Yield the lines of a crontab: with a user's name, without one, or anacron's own."""
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(" \t\r")
        if not line or line.startswith("#"):
            continue
        setting = _SETTING.match(line)
        if setting:
            yield Line(number, setting=(setting.group(1), setting.group(2).strip("\"' \t")))
            continue
        yield _entry(number, line, form) or Line(number, text=line)


def _entry(number: int, line: str, form: str) -> Optional[Line]:
    if form == ANACRON:
        words = line.split(None, 3)
        if len(words) < 4 or not (_PERIOD.fullmatch(words[0]) and _DELAY.fullmatch(words[1])):
            return None
        return Line(number, schedule=" ".join(words[:2]), command=words[3])
    times = 1 if _NICKNAME.fullmatch(line.split(None, 1)[0]) else 5
    users = 1 if form == SYSTEM else 0
    words = line.split(None, times + users)
    schedule = words[:times]
    if len(words) <= times + users or not (
        times == 1 or all(_TIME.fullmatch(word) for word in schedule)
    ):
        return None
    user = words[times] if users else None
    return Line(number, schedule=" ".join(schedule), user=user, command=words[-1])


def programs(command: str, settings: Dict[str, str]) -> Programs:
    """Return the programs a command would start, looked for on the host."""
    command = re.split(r"(?<!\\)%", command, maxsplit=1)[0]
    guarded = _TESTS.search(command) is not None
    found: Dict[str, None] = {}
    missing: Dict[str, None] = {}
    names: Dict[str, None] = {}
    folder: Optional[str] = None
    search = settings.get("PATH", _DEFAULT_PATH)
    if _OWN_PATH.search(command):
        search = "$"  # what the shell makes of it is not known: then no bare name is looked for
    for words in _simple_commands(command):
        if words[0] in _LISTS:
            break
        if words[0] == "cd":
            folder = words[1] if len(words) > 1 and _certain(words[1]) else ""
            continue
        for path in _started(words, search, folder):
            there = _there(path)
            if there is not None:
                (found if there else missing if "/" in path else names)[path] = None
    return Programs(list(found), list(missing), list(names), guarded)


def _certain(word: str) -> bool:
    return word.startswith("/") and _PLAIN.fullmatch(word) is not None


def _simple_commands(command: str) -> Iterator[List[str]]:
    """Yield the words of each simple command; nothing after what cannot be split."""
    words: List[str] = []
    at = 0
    skip = False
    while at < len(command):
        token = _TOKEN.match(command, at)
        if token is None:
            break
        at = token.end()
        sign, word = token.groups()
        if sign and (">" in sign or "<" in sign):
            skip = not sign[-1:].isdigit()
        elif sign:
            if words:
                yield words
            words, skip = [], False
        elif skip:
            skip = False
        elif words or not (_ASSIGNMENT.match(word) or word in _KEYWORDS):
            words.append(word)
    if words and not command[at:].strip():
        yield words


def _started(words: List[str], path: str, folder: Optional[str]) -> Iterator[str]:
    """Yield the program of a simple command, the script it is given, and what it starts itself."""
    name = words[0]
    if _PLAIN.fullmatch(name) is None:
        return
    if name not in _BUILTINS:
        yield _resolved(name, path, folder)
    rest = words[1:]
    base = os.path.basename(name)
    if base in _STARTERS and rest and not rest[0].startswith("-"):
        while rest and _ASSIGNMENT.match(rest[0]):
            rest = rest[1:]
        if rest:
            yield from _started(rest, path, folder)
    elif _INTERPRETER.fullmatch(base) and rest and _PLAIN.fullmatch(rest[0]):
        script = rest[0]
        if script.startswith("/"):
            yield script
        elif folder and not script.startswith("-"):
            yield os.path.join(folder, script)


def _resolved(name: str, path: str, folder: Optional[str]) -> str:
    """Return the path a name stands for, or the name itself where none is known."""
    if name.startswith("/"):
        return name
    if "/" in name:
        return os.path.normpath(os.path.join(folder, name)) if folder else name
    for where in path.split(":"):
        if where.startswith("/") and _there(os.path.join(where, name)):
            return os.path.join(where, name)
    return name if "$" not in path else ""


def _there(path: str) -> Optional[bool]:
    """Say whether a path leads to something; None where that cannot be seen."""
    if not path or ("/" in path and not path.startswith("/")):
        return None
    if "/" not in path:
        return False
    try:
        os.stat(host.to_os(path))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return None
    return True
