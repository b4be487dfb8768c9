"""Regular expressions that an operator declares: what is wrong with one, before any host sees it.

One that would take for ever on some line is caught here where that shows (a repeat within a
repeat), and else on the host, where each match has a time limit.
"""

import re
from typing import Any, Iterator

__all__ = ["regex_errors"]

_MOST = 500
_GROUP = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")


def regex_errors(where: str, regex: str) -> Iterator[str]:
    """Yield what is wrong with an expression: its groups name what is counted apart."""
    if len(regex) > _MOST:
        yield "{}: longer than {} characters".format(where, _MOST)
        return
    try:
        compiled = re.compile(regex)
    except re.error as error:
        yield "{}: {!r} is no regular expression: {}".format(where, regex, error)
        return
    if compiled.groups > len(compiled.groupindex):
        yield "{}: a group has no name; write (?P<name>...) or (?:...)".format(where)
    for name in compiled.groupindex:
        if not _GROUP.match(name):
            yield "{}: {!r} is no name of a group; use small letters".format(where, name)
    if compiled.search(""):
        yield "{}: {!r} is found in every line".format(where, regex)
    if _repeats_twice(_parsed(regex), within=False):
        yield (
            "{}: {!r} repeats what itself repeats without end, which can take for ever".format(
                where, regex
            )
        )


def _parsed(regex: str) -> Any:
    try:
        parser: Any = re._parser  # type: ignore[attr-defined]  # Python 3.11
    except AttributeError:
        import sre_parse as parser  # noqa: PLC0415 - the same under its old name
    return parser.parse(regex)


def _repeats_twice(parsed: Any, within: bool) -> bool:
    """Say whether an unbounded repeat stands in another; `parsed` is a tree of the re module."""
    for operation, argument in parsed:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            unbounded = int(argument[1]) > 1000
            if (unbounded and within) or _repeats_twice(argument[2], within or unbounded):
                return True
        elif any(_repeats_twice(inner, within) for inner in _inner(argument)):
            return True
    return False


def _inner(argument: Any) -> Iterator[Any]:
    """Yield the trees in an operation's argument."""
    if hasattr(argument, "getwidth"):  # a SubPattern
        yield argument
    elif isinstance(argument, (tuple, list)):
        for part in argument:
            yield from _inner(part)
