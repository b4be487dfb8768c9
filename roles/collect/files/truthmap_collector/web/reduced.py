"""What is left of a configuration file: lines of text, and what they refer to."""

from typing import Dict, List, NamedTuple, Tuple

__all__ = ["Reduced", "Writer"]

_MOST_WORDS = 100


class Reduced(NamedTuple):
    """A reduced file.

    `data` is text in the server's own syntax, `lines` the number in the file of each of its lines.
    `places` are (line, arguments of a location), free text that the masker has to judge.
    `includes` are (line, pattern) in the order of `data`; `references` (line, directive, path) name
    files and sockets the server opens. `left_out` counts what did not leave; `balanced` is false if
    a block was left open or closed too often. `cut`: there was more than fits.
    """

    data: str
    lines: List[int]
    places: List[Tuple[int, str]]
    includes: List[Tuple[int, str]]
    references: List[Tuple[int, str, str]]
    left_out: int
    balanced: bool
    cut: bool


class Writer:
    """Takes the directives that stay, line by line, at most `most` characters of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._kept: List[str] = []
        self._lines: List[int] = []
        self.cut = False
        self.left_out = 0
        self.balanced = True
        self._places: List[Tuple[int, str]] = []
        self._includes: List[Tuple[int, str]] = []
        self._references: Dict[Tuple[int, str, str], None] = {}

    def line(self, number: int, words: List[str], end: str = "") -> bool:
        """Write one line of words and its end; False if there is no room for it."""
        text = " ".join(words[:_MOST_WORDS]) + end
        if self.cut or self._size + len(text) > self._most:
            self.cut = True
            return False
        self._size += len(text) + 8
        self._kept.append(text)
        self._lines.append(number)
        return True

    def close(self, number: int) -> None:
        """Close a block that was opened, for which there is always room."""
        self._kept.append("}")
        self._lines.append(number)

    def place(self, number: int, words: List[str]) -> None:
        """Note what a location is for."""
        self._places.append((number, " ".join(words[:_MOST_WORDS])[:500]))

    def include(self, number: int, pattern: str) -> None:
        """Note a file or pattern that is read in this place."""
        self._includes.append((number, pattern))

    def reference(self, number: int, directive: str, path: str) -> None:
        """Note a file or socket that the server opens."""
        if path and "$" not in path and "<masked:" not in path:
            self._references[(number, directive, path)] = None

    def done(self) -> Reduced:
        """Return what was taken."""
        return Reduced(
            "".join(line + "\n" for line in self._kept),
            self._lines,
            self._places,
            self._includes,
            list(self._references),
            self.left_out,
            self.balanced,
            self.cut,
        )
