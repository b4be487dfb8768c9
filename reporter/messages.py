"""Sentences a reader sees, kept apart from the language they are shown in.

A rule never formats a sentence: it yields a `Text`, the English sentence with named places and
the values for them. A catalogue may replace the sentence before the values are put in, so one
finding can be read in several languages, and two findings compared without comparing prose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

__all__ = ["EN", "Catalogue", "Text", "Value", "joined", "some", "text", "together"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence: `template` holds `{name}` places, `values` what stands there.

    A value may itself be a `Text` and is then translated too.
    """

    template: str
    values: tuple[tuple[str, Value], ...] = ()

    def render(self, catalogue: Catalogue) -> str:
        """Return the sentence in the catalogue's language."""
        values = {
            name: value.render(catalogue) if isinstance(value, Text) else value
            for name, value in self.values
        }
        return catalogue.sentence(self.template).format_map(values)

    @property
    def kind(self) -> str:
        """What it says, without numbers, names and moments: the same for the same state of things.

        >>> text("{what} after {seconds} s", what=text("timed out"), seconds=10).kind
        '{what} after {seconds} s | timed out'
        """
        inner = (value.kind for _, value in self.values if isinstance(value, Text))
        return " | ".join((self.template, *inner))

    def __str__(self) -> str:
        """Return the English sentence."""
        return self.render(EN)

    def filled(self, **values: Value) -> Text:
        """Return the sentence with values for the places it has; it may have fewer.

        >>> str(text("{unit} failed").filled(unit="a.service", since="yesterday"))
        'a.service failed'
        """
        places = {name for _, name, _, _ in Formatter().parse(self.template) if name}
        return text(self.template, **{name: values[name] for name in places})

    def replaced(self, value: Value, other: Value) -> Text:
        """Return the sentence with another value wherever it has this one."""
        changed = ((name, other if one == value else one) for name, one in self.values)
        return Text(self.template, tuple(changed))


Value = str | int | float | Text
"""What may stand in a place of a sentence: data, or another sentence."""


def text(template: str, /, **values: Value) -> Text:
    """Make a `Text`; every `{name}` of the template needs a value.

    >>> str(text("{unit} failed", unit="a.service"))
    'a.service failed'
    """
    return Text(template, tuple(sorted(values.items(), key=lambda pair: pair[0])))


def joined(parts: Iterable[Value], between: str = ", ") -> Text:
    """Return parts one after another: a list of words in any language.

    >>> str(joined(["a.service", text("unknown")]))
    'a.service, unknown'
    """
    values = {f"part{number}": part for number, part in enumerate(parts, start=1)}
    return text(between.join(f"{{{name}}}" for name in values), **values)


def some(names: Sequence[Value], most: int) -> Text:
    """Return the first of a list, and how many more there are.

    >>> str(some(["a", "b", "c"], most=2))
    'a, b and 1 more'
    """
    shown = joined(names[:most])
    more = len(names) - most
    return text("{names} and {count} more", names=shown, count=more) if more > 0 else shown


def together(names: Sequence[Value]) -> Text:
    """Return names that are one thing said: `a and b and c`.

    >>> str(together(["a", "b"]))
    'a and b'
    """
    first, rest = names[0], names[1:]
    if not rest:
        return text("{name}", name=first)
    return text("{name} and {rest}", name=first, rest=together(rest))


def common(one: Text | None, other: Text) -> Text | None:
    """Return what two sentences both say, `…` where they differ; None if they are not alike.

    >>> str(common(text("{n} of {all} fail", n=1, all=9), text("{n} of {all} fail", n=2, all=9)))
    '… of 9 fail'
    """
    if one is None or one.template != other.template:
        return None
    pairs = zip(one.values, other.values, strict=True)
    return Text(one.template, tuple((name, _both(mine, its)) for (name, mine), (_, its) in pairs))


def _both(one: Value, other: Value) -> Value:
    if one == other:
        return one
    both = common(one, other) if isinstance(one, Text) and isinstance(other, Text) else None
    return "…" if both is None else both


@dataclass(frozen=True)
class Catalogue:
    """The sentences of one language: English sentence -> the same in that language."""

    language: str
    sentences: Mapping[str, str]

    def sentence(self, template: str) -> str:
        """Return the translation, or the English sentence itself."""
        return self.sentences.get(template, template)


EN = Catalogue("en", {})
