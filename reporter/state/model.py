"""Things of a host with their traits, and why some may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from reporter.findings import Citation, Missing

__all__ = ["KINDS", "HostState", "Kind", "Part", "Thing", "Value", "traits_of"]

Kind = Literal[
    "host",
    "unit",
    "timer",
    "drop_in",
    "listener",
    "checkout",
    "env_file",
    "model",
    "redis",
    "stream",
    "group",
    "cron",
    "container",
    "file_system",
    "site",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

Value = str | int | float | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing: a unit, a listener, a model file. `traits` holds what is known of it, no more.

    `units` are the units it belongs to, `application` the one of a profile, None where none is
    known. Moments are epoch seconds, sizes bytes.
    """

    kind: Kind
    name: str
    traits: Mapping[str, Value]
    units: tuple[str, ...] = ()
    application: str | None = None
    cited: Citation | None = field(default=None, compare=False)

    def text(self, trait: str) -> str | None:
        """Return a trait that is a text; None where it is not known."""
        value = self.traits.get(trait)
        return value if isinstance(value, str) else None

    def number(self, trait: str) -> float | None:
        """Return a trait that is a number; None where it is not known."""
        value = self.traits.get(trait)
        return value if isinstance(value, int | float) else None

    def several(self, trait: str) -> tuple[str, ...] | None:
        """Return a trait that is a list; None where it is not known."""
        value = self.traits.get(trait)
        return value if isinstance(value, tuple) else None


@dataclass(frozen=True, slots=True)
class Part:
    """What one domain shows: things of some kinds, and the gaps in which others may hide.

    `unshown` is why not every trait of these things is known.
    """

    kinds: tuple[Kind, ...]
    things: tuple[Thing, ...] = ()
    gaps: tuple[Missing, ...] = ()
    unshown: tuple[Missing, ...] = ()


@dataclass(frozen=True)
class HostState:
    """The things of a host by kind and name.

    A kind with `gaps` may have more things than are in it: what is not in it is not known. Of a
    kind that is `unshown` some traits may be missing.
    """

    things: Mapping[tuple[Kind, str], Thing] = field(default_factory=dict)
    gaps: Mapping[Kind, tuple[Missing, ...]] = field(default_factory=dict)
    unshown: Mapping[Kind, tuple[Missing, ...]] = field(default_factory=dict)

    @classmethod
    def of_parts(cls, parts: Iterable[Part]) -> HostState:
        """Put the parts together; of things of one kind and name the first counts."""
        things: dict[tuple[Kind, str], Thing] = {}
        gaps: dict[Kind, tuple[Missing, ...]] = {}
        unshown: dict[Kind, tuple[Missing, ...]] = {}
        for part in parts:
            for thing in part.things:
                things.setdefault((thing.kind, thing.name), thing)
            for kind in part.kinds:
                for found, kept in ((part.gaps, gaps), (part.unshown, unshown)):
                    if found:
                        kept[kind] = tuple(dict.fromkeys((*kept.get(kind, ()), *found)))
        return cls(things, gaps, unshown)

    def of(self, kind: Kind) -> Iterator[Thing]:
        """Iterate over the things of one kind, ordered by name."""
        names = sorted(name for one, name in self.things if one == kind)
        return (self.things[kind, name] for name in names)

    def get(self, kind: Kind, name: str) -> Thing | None:
        """Return one thing, None if it is not in it."""
        return self.things.get((kind, name))


def traits_of(**values: Value | bool | None) -> dict[str, Value]:
    """Return the traits that are known; a yes or no becomes that word."""
    found: dict[str, Value] = {}
    for name, value in values.items():
        if isinstance(value, bool):
            found[name] = "yes" if value else "no"
        elif value is not None:
            found[name] = value
    return found
