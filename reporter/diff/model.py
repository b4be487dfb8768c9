"""What a diff says, for every renderer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reporter.diff.side import Seen, Side
from reporter.messages import Text
from reporter.state.model import Kind, Value

__all__ = [
    "BAD",
    "Diff",
    "FindingChange",
    "HostDiff",
    "How",
    "NotCompared",
    "Rate",
    "StateChange",
    "TraitChange",
]

How = Literal[
    "broken",
    "new",
    "worse",
    "unknown_now",
    "recovered",
    "gone",
    "better",
    "known_again",
]

BAD: tuple[How, ...] = ("broken", "new", "worse")
"""Changes for the worse, of what is known."""


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding whose verdict changed; `old` is None where it was not there, `new` where it is not.

    `fresh` says whether it tells of something the old side did not: see `is_new`.
    """

    how: How
    old: Seen | None
    new: Seen | None
    fresh: bool

    @property
    def seen(self) -> Seen:
        """The finding as it is now, or as it was where it is gone."""
        found = self.new or self.old
        if found is None:
            raise ValueError("a change of nothing")
        return found


@dataclass(frozen=True, slots=True)
class TraitChange:
    """One trait of a thing, before and after; None where it has none."""

    trait: str
    old: Value | None
    new: Value | None


@dataclass(frozen=True, slots=True)
class StateChange:
    """A thing that came, went or changed, whether or not a finding speaks of it."""

    kind: Kind
    name: str
    how: Literal["added", "removed", "changed", "restarted", "rebooted"]
    message: Text
    units: tuple[str, ...] = ()
    traits: tuple[TraitChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """A counter's growth between the two, `seconds` apart; `new` minus `old` unless it was `reset`.

    After a reset `growth` is what was counted since, `per_hour` None where nobody knows since when.
    """

    counter: Literal["restarts", "entries", "reads", "keys", "evictions"]
    subject: str
    old: float
    new: float
    growth: float
    seconds: float
    per_hour: float | None
    reset: bool
    message: Text


@dataclass(frozen=True, slots=True)
class NotCompared:
    """Things of a kind that one side shows and the other may have unseen."""

    kind: Kind
    missing_in: Literal["old", "new"]
    count: int
    reason: Text


@dataclass(frozen=True, kw_only=True)
class HostDiff:
    """One host. Only what is `compared` has differences; times are ISO 8601, by the host's clock.

    `seconds` lie between the two collections; `rebooted` is None where that is not known. `notes`
    say what could not be compared at all.
    """

    host: str
    status: Literal["compared", "new", "gone", "unreachable_now", "reached_again"]
    old_at: str | None = None
    new_at: str | None = None
    seconds: float | None = None
    reason: str | None = None
    rebooted: bool | None = None
    findings: tuple[FindingChange, ...] = ()
    changes: tuple[StateChange, ...] = ()
    rates: tuple[Rate, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()
    notes: tuple[Text, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether nothing changed."""
        return self.status == "compared" and not self.findings and not self.changes


@dataclass(frozen=True, kw_only=True)
class Diff:
    """Two sides, and what changed between them; `findings` are changes that are no host's."""

    old: Side
    new: Side
    hosts: tuple[HostDiff, ...]
    findings: tuple[FindingChange, ...]

    @property
    def all_findings(self) -> Iterator[FindingChange]:
        """Every change of a finding, those of the hosts first."""
        yield from (change for host in self.hosts for change in host.findings)
        yield from self.findings

    @property
    def quiet(self) -> bool:
        """Whether nothing changed at all."""
        return not self.findings and all(host.quiet for host in self.hosts)
