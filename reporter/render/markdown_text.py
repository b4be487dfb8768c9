"""Makes text from a host safe in Markdown: what is not the report's own word stands in a code span.

A compromised host chooses names and log lines. In a code span GitHub-flavoured Markdown knows no
HTML, link, image, mention, reference, emphasis, emoji or formula, and GitHub, GitLab and Gitea
look for none there. Backslashes alone would not do: mentions and references are looked for after
they are gone. Control and bidirectional characters are spelled out, as on a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from string import Formatter

from reporter.messages import Catalogue, Text, Value
from reporter.render.terminal import Shown, safe

__all__ = ["code", "in_cell", "shown_in"]

_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~&$]")
_LONGEST = 400
"""Characters of a code span: what is longer is cut there, and ends in `...`."""

_TICKS = re.compile("`+")
_PLAIN = re.compile(
    r"P[0-3]"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"
    r"|[+-]?\d{1,6}(\.\d{1,6})?( (%|B|KiB|MiB|GiB|TiB|ms|s|min|h|d))?( \d{1,2} (s|min|h))?"
)
"""What needs no code span, whoever says it: a severity, a moment, a number, a size or a span."""


def code(content: str) -> str:
    """Return a code span of the content, whatever backticks it holds; nothing for nothing.

    >>> code("a`b")
    '``a`b``'
    """
    shown = safe(content)
    if not shown:
        return ""
    if len(shown) > _LONGEST:
        shown = f"{shown[: _LONGEST - 3]}..."
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    padded = f" {shown} " if _needs_room(shown) else shown
    return f"{fence}{padded}{fence}"


def in_cell(content: str) -> str:
    r"""Return the content as a code span for a cell of a table, which no `|` may end.

    >>> in_cell("a|b")
    '`a`&#124;`b`'
    """
    return "&#124;".join(code(part) for part in content.split("|"))


def shown_in(catalogue: Catalogue, span: Callable[[str], str] = code) -> Shown:
    """Return what renders values in the catalogue's language: `span` makes what is not our own."""

    def shown(value: Value) -> str:
        if isinstance(value, Text):
            return _sentence(value)
        if isinstance(value, str) and not _PLAIN.fullmatch(value):
            return span(value)
        return str(value)

    def _sentence(sentence: Text) -> str:
        values = dict(sentence.values)
        parts = []
        for own, name, form, _ in Formatter().parse(catalogue.sentence(sentence.template)):
            parts.append(_MARKUP.sub(r"\\\g<0>", own))
            if name is not None:
                value = values[name]
                parts.append(format(value, form) if form else shown(value))
        return "".join(parts)

    return shown


def _needs_room(shown: str) -> bool:
    """Say whether a space is to be lost at each end: beside a backtick, or of two of its own."""
    ends = shown[0] + shown[-1]
    return "`" in ends or (ends == "  " and bool(shown.strip()))
