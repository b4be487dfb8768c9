"""Reads pages as a browser would take them apart: elements, attributes, text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

__all__ = ["Element", "Page"]

_VOID = frozenset({"br", "input", "link", "meta"})


@dataclass
class Element:
    """An element with its attributes, and the text in it and below."""

    tag: str
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it."""
        return "".join(self.parts)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.unbalanced: list[str] = []
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        if len(element.attributes) != len(attrs):
            self.unbalanced.append(f"{tag}: an attribute twice")
        self.elements.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            self.unbalanced.append(f"</{tag}>")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.parts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


class Page:
    """One page; `source` is its HTML."""

    def __init__(self, source: str) -> None:
        self.source = source
        reader = _Reader()
        reader.feed(source)
        reader.close()
        self.elements = reader.elements
        self.faults = [*reader.unbalanced, *(one.tag for one in reader.open), *reader.comments]

    def all(self, tag: str) -> list[Element]:
        """Return the elements of a kind."""
        return [one for one in self.elements if one.tag == tag]

    def one(self, tag: str) -> Element:
        """Return the only element of a kind."""
        (only,) = self.all(tag)
        return only

    @cached_property
    def ids(self) -> list[str]:
        """Every id, in the order of the page."""
        return [one.attributes["id"] for one in self.elements if "id" in one.attributes]

    def by_id(self, name: str) -> Element:
        """Return the element of an id."""
        (only,) = (one for one in self.elements if one.attributes.get("id") == name)
        return only

    def attributes(self) -> Iterator[tuple[str, str, str]]:
        """Yield element, name and value of every attribute."""
        for one in self.elements:
            for name, value in one.attributes.items():
                yield one.tag, name, value
