"""The statements of a reduced nginx configuration, read with crossplane's lexer.

crossplane's own parser opens the files it is given and those they include, which on this machine
are others than the host's, and it calls itself for each block. Its lexer takes any lines of text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from crossplane.lexer import _lex_file_object

__all__ = ["Statement", "statements"]


@dataclass(slots=True)
class Statement:
    """One directive; `line` is that of the reduced text, `block` None where it has none."""

    name: str
    args: list[str]
    line: int
    block: list[Statement] | None = None
    include: int = field(default=-1)
    """Which of the file's includes it is, from 0; -1 for any other directive."""


def statements(text: str) -> list[Statement]:
    """Return the statements of a text; what is left open at its end is closed there."""
    top: list[Statement] = []
    open_blocks = [top]
    words: list[tuple[str, int]] = []
    includes = 0
    for sign, line, quoted in _tokens(text):
        if quoted or sign not in {"{", "}", ";"}:
            words.append((sign, line))
            continue
        if sign == "}":
            words = []
            if len(open_blocks) > 1:
                open_blocks.pop()
            continue
        if not words:
            continue
        made = Statement(words[0][0], [word for word, _ in words[1:]], words[0][1])
        words = []
        open_blocks[-1].append(made)
        if sign == "{":
            made.block = []
            open_blocks.append(made.block)
        elif made.name == "include":
            made.include = includes
            includes += 1
    return top


def _tokens(text: str) -> Iterator[tuple[str, int, bool]]:
    yield from _lex_file_object(line + "\n" for line in text.split("\n"))
