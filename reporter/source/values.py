"""What an expression can stand for, as far as the code tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, product

from reporter.messages import Text, text

__all__ = [
    "NOTHING",
    "Callee",
    "Class",
    "Hole",
    "Instance",
    "Mapped",
    "Namespace",
    "Nothing",
    "Sequence",
    "Txt",
    "Value",
    "Values",
    "candidates",
    "distinct",
    "joined",
    "looked_up",
    "unknown",
    "unless_known",
]

_MOST = 32


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a text that is not known, and why."""

    why: Text


@dataclass(frozen=True, slots=True)
class Txt:
    """A text, in parts; `sure` is false where it is one of several that could be meant."""

    parts: tuple[str | Hole, ...]
    sure: bool = True

    @property
    def whole(self) -> bool:
        """Whether all of it is known."""
        return not any(isinstance(part, Hole) for part in self.parts)

    @property
    def pattern(self) -> str:
        """The text, with `*` for what is not known."""
        shown = ["*" if isinstance(part, Hole) else part for part in self.parts]
        kept = [one for at, one in enumerate(shown) if one != "*" or shown[at - 1 : at] != ["*"]]
        return "".join(kept)

    @property
    def why(self) -> Text | None:
        """Why some of it is not known."""
        return next((part.why for part in self.parts if isinstance(part, Hole)), None)


@dataclass(frozen=True, slots=True)
class Nothing:
    """None."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list, tuple or set: for each place what may stand there.

    Not `exact`: some of the places may be missing.
    """

    items: tuple[Values, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Mapped:
    """A dictionary, as pairs of what key and value may be."""

    pairs: tuple[tuple[Values, Values], ...]


@dataclass(frozen=True, slots=True)
class Namespace:
    """A module, by its whole name."""

    name: str


@dataclass(frozen=True, slots=True)
class Class:
    """A class, by its module's name and its own qualified name."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class; `given` what it was made with, None where that was not seen."""

    of: Class
    given: tuple[tuple[str, Values], ...] | None = field(default=None)

    @property
    def arguments(self) -> Mapping[str, Values]:
        """What it was made with, by parameter."""
        return dict(self.given or ())


@dataclass(frozen=True, slots=True)
class Callee:
    """A function, by its module's name and qualified name, with the object it is a method of."""

    module: str
    name: str
    owner: Instance | Class | None = None


Value = Txt | Nothing | Sequence | Mapped | Namespace | Class | Instance | Callee
Values = tuple[Value, ...]

NOTHING = Nothing()


def unknown(why: Text) -> Values:
    """Return the text of which nothing is known, with the reason."""
    return (Txt((Hole(why),)),)


def distinct(values: Iterable[Value]) -> Values:
    """Return the values, each once, at most 32 of them."""
    found = dict.fromkeys(values)
    if len(found) <= _MOST:
        return tuple(found)
    more = Txt((Hole(text("more than {count} values are possible", count=_MOST)),))
    return (*islice(found, _MOST), more)


def joined(parts: Iterable[Values]) -> Values:
    """Return the texts that parts make, one after another, in every combination."""
    choices = [[one if isinstance(one, Txt) else _NO_TEXT for one in values] for values in parts]
    combined = islice(product(*choices), _MOST + 1)
    return distinct(
        Txt(tuple(piece for one in row for piece in one.parts), all(one.sure for one in row))
        for row in combined
    )


def candidates(values: Iterable[Value]) -> Iterator[Value]:
    """Yield the values as some of several that could be meant."""
    return (replace(v, sure=False) if isinstance(v, Txt) else v for v in values)


def looked_up(mapping: Mapped, at: Values) -> Iterator[Value]:
    """Yield what a mapping may hold at a key; of a key that is not known everything it holds."""
    texts = [one for one in at if isinstance(one, Txt) and one.whole]
    if len(texts) == len(at) and at:
        for key, value in mapping.pairs:
            if any(one in texts for one in key):
                yield from value
    else:
        yield from candidates(v for _, value in mapping.pairs for v in value)


def unless_known(value: Value, why: Text) -> Values:
    """Return a text's own hole, where it has one: it names the first cause."""
    return (value,) if isinstance(value, Txt) and not value.whole else unknown(why)


_NO_TEXT = Txt((Hole(text("it is no text that the code spells out")),))
