"""Where an expression stands, and which bindings of a name hold there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reporter.source.program import Function
from reporter.source.values import Class, Instance, Values

__all__ = ["Scope", "reaching"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: its function, what that was called with, the line.

    `owner` is the object or class a method was called on. `guessed` says that the call was found
    by the method's name alone.
    """

    where: Function
    given: Mapping[str, Values] = field(default_factory=dict)
    owner: Instance | Class | None = None
    line: int | None = None
    guessed: bool = False

    def at(self, line: int | None) -> Scope:
        """Return the same scope at another line."""
        return replace(self, line=line)


def reaching(bindings: Sequence[Sequence[Any]], line: int | None) -> Sequence[Sequence[Any]]:
    """Return the bindings of a name that may hold at a line; without a line, at the end."""
    if line is None:
        last = max((n for n, one in enumerate(bindings) if one[2] == 0), default=0)
        return bindings[last:]
    inside = [one for one in bindings if one[2] == 2 and one[3] <= line <= one[4]]
    if inside:
        inner = max(inside, key=lambda one: one[3])
        later = [one for one in bindings if one[2] < 2 and inner[3] <= one[1] < line]
        return [inner, *later]
    before = [one for one in bindings if one[1] < line and (one[2] < 2 or one[4] < line)]
    last = max((n for n, one in enumerate(before) if one[2] == 0), default=0)
    again = [one for one in bindings if one[2] == 1 and one[1] >= line and one[3] <= line <= one[4]]
    return [*before[last:], *again]
