"""Caddy's Caddyfile: sites and the directives in their blocks.

    example.org, www.example.org {
        tls /etc/ssl/site.pem /etc/ssl/site.key
        handle /api/* {
            reverse_proxy 127.0.0.1:8001
        }
        import sites/*.caddy
    }

Source: Caddy's documentation, "Caddyfile Concepts" and "reverse_proxy".
"""

import re
from typing import List, Tuple

from truthmap_collector.web import shapes
from truthmap_collector.web.reduced import Reduced, Writer

__all__ = ["reduce"]

_TOKEN = re.compile(
    r'[^\S\n]+|\\\n|\n|"(?:[^"\\]|\\.)*(?:"|\\?\Z)|`[^`]*(?:`|\Z)|[^\s]+', re.DOTALL
)
_BLOCKS = frozenset(["handle", "handle_path", "handle_errors", "route"])
_PASSES = frozenset(["reverse_proxy", "php_fastcgi", "to"])
_DEEPEST = 50
_Line = Tuple[int, List[str]]


def reduce(text: str, most: int) -> Reduced:
    """Return the directives of a file that are needed, at most `most` characters of them."""
    return _Walk(most).run(text)


class _Walk:
    """Where we are in a file: the open blocks, and how many of those that are left out."""

    def __init__(self, most: int) -> None:
        self._writer = Writer(most)
        self._shown: List[bool] = []  # of each open block, whether it was written
        self._hidden = 0
        self._bare = False  # a file with one site and no braces around it

    def run(self, text: str) -> Reduced:
        last = 1
        for last, words in _lines(text):
            if words == ["}"]:
                self._close(last)
            else:
                opens = words[-1] == "{"
                self._line(last, words[:-1] if opens else words, opens)
        self._writer.balanced &= not self._hidden and len(self._shown) == int(self._bare)
        for written in reversed(self._shown):
            if written:
                self._writer.close(last)
        return self._writer.done()

    def _close(self, number: int) -> None:
        if self._hidden:
            self._hidden -= 1
        elif not self._shown:
            self._writer.balanced = False
        elif self._shown.pop():
            self._writer.close(number)

    def _line(self, number: int, head: List[str], opens: bool) -> None:
        first = head[0] if head else ""
        if self._hidden or len(self._shown) >= _DEEPEST or not first:
            self._hidden += opens
            self._writer.left_out += 1
        elif not self._shown and not self._bare and (opens or first != "import"):
            self._bare = not opens
            self._open(number, [_site(word) for word in head])
        elif opens and first in _BLOCKS:
            self._writer.place(number, head[1:])
            self._open(number, ["handle"])
        elif not _directive(self._writer, number, head):
            self._writer.left_out += 1
            self._hidden += opens
        elif opens:
            self._open(number, ["upstreams"])

    def _open(self, number: int, words: List[str]) -> None:
        self._shown.append(self._writer.line(number, words, " {"))


def _lines(text: str) -> List[_Line]:
    """Return the lines with their words; addresses that end in a comma go on in the next."""
    found: List[_Line] = []
    words: List[str] = []
    number = began = 1
    comment = False
    for part in _TOKEN.findall(text + "\n"):
        if part == "\n":
            if words and not words[-1].endswith(","):
                found.append((began, words))
                words = []
            comment = False
        elif part.startswith("#"):
            comment = True
        elif not comment and not part.isspace() and part != "\\\n":
            if not words:
                began = number
            quoted = part[0] in '"`'
            words.append(part.strip(part[0]) or " " if quoted else part)
        number += part.count("\n")
    if words:
        found.append((began, words))
    return found


def _site(word: str) -> str:
    word = word.rstrip(",")
    if re.fullmatch(r"\([A-Za-z0-9_-]{1,60}\)", word):
        return word
    return shapes.target(word)


def _directive(writer: Writer, number: int, head: List[str]) -> bool:
    directive, rest = (head[0], head[1:]) if head else ("", [])
    if directive in _PASSES:
        if rest and rest[0][:1] in ("/", "@", "*"):
            rest = rest[1:]
        kept = [shapes.target(word) for word in rest]
        writer.line(number, [directive] + kept)
        for word in kept:
            writer.reference(number, directive, shapes.unix_path(word))
    elif directive == "tls" and len(rest) > 1 and rest[0].startswith("/"):
        paths = [shapes.path(word) for word in rest[:2]]
        writer.line(number, ["tls"] + paths)
        for path in paths:
            writer.reference(number, "tls", path)
    elif directive == "bind":
        writer.line(number, ["bind"] + [shapes.address(word) for word in rest])
    elif directive == "import" and rest:
        shown = shapes.path(rest[0])
        if writer.line(number, ["import", shown]):
            writer.include(number, shown)
    else:
        return False
    return True
