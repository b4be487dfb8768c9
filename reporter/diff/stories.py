"""Puts the changes of a host that belong together into one story: one thing broke, not five."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from reporter.diff.model import FindingChange, HostDiff, StateChange
from reporter.diff.side import Side
from reporter.state.model import HostState, Kind, Thing

__all__ = ["Change", "Story", "stories"]

Change = FindingChange | StateChange

_SUFFIXES = (".service", ".timer", ".socket", ".path", ".mount")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+\.(?:service|timer|socket|path|mount)")
_PORT = re.compile(r"(?:(?P<proto>tcp|udp)/|port/)?(?:.*:)?(?P<port>\d{1,5})")
_BY_NAME: tuple[Kind, ...] = ("stream", "group", "env_file", "model", "drop_in", "checkout")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{5,}")


@dataclass
class Story:
    """What happened to one thing, that thing's own changes first.

    `about` is the unit's name without its suffix (it stands for its timer and socket too), or the
    name of the port, file or stream; None for what stands alone.
    """

    about: str | None
    changes: list[Change] = field(default_factory=list)

    @property
    def rank(self) -> tuple[int, tuple[int, int], str]:
        """The order in which stories are told: by the worst that is in it."""
        worst = min(self.changes, key=_rank)
        return (*_rank(worst), self.about or _name(worst))


def stories(host: HostDiff, old: Side, new: Side) -> list[Story]:
    """Return the host's changes as stories, most important first.

    A unit that changed itself leads what belongs to it by the evidence (its ports, streams, groups,
    files) or names it. Of the rest, a thing that changed leads the findings about it, and findings
    about one subject are one story. A finding made of others is told with the first of these.
    """
    before, now = old.hosts.get(host.host), new.hosts.get(host.host)
    states = [side.state for side in (now, before) if side is not None and side.state is not None]
    placing = _Placing(states, [*host.findings, *host.changes])
    for place in (placing.units, placing.things, placing.subjects, placing.parts):
        place()
    return sorted(placing.found.values(), key=lambda story: story.rank)


class _Placing:
    """Changes on their way into stories."""

    def __init__(self, states: list[HostState], changes: list[Change]) -> None:
        self.states = states
        self.left = changes
        self.found: dict[str, Story] = {}

    def units(self) -> None:
        """Let each unit that changed itself lead what belongs to it."""
        leaders = {stem for one in self.left if (stem := _unit_of(one)) is not None}

        def story(change: Change) -> str | None:
            own = _unit_of(change)
            if own is not None:
                return own
            names = (*self._units(change), *_UNIT.findall(_text(change)))
            return next((stem for name in names if (stem := _stem(name)) in leaders), None)

        self._place(story)

    def things(self) -> None:
        """Let each other thing that changed lead the findings about it."""
        things = {one.name: one for one in self.left if isinstance(one, StateChange)}

        def story(change: Change) -> str | None:
            if isinstance(change, StateChange):
                return change.name
            about = [thing.name for thing in self._things(change.seen.subject)]
            named = (name for name, one in things.items() if _names(change, one))
            return next((name for name in (*about, *named) if name in things), None)

        self._place(story)

    def subjects(self) -> None:
        """Put findings about one subject together; one made of others waits for them."""
        self._place(
            lambda change: (
                change.seen.subject
                if isinstance(change, FindingChange) and not change.seen.stands_on
                else None
            )
        )

    def parts(self) -> None:
        """Put each finding that is made of others to the first of these."""
        placed = {
            change.seen.id: name
            for name, story in self.found.items()
            for change in story.changes
            if isinstance(change, FindingChange)
        }

        def story(change: Change) -> str | None:
            parts = change.seen.stands_on if isinstance(change, FindingChange) else ()
            return next((placed[name] for name in parts if name in placed), _name(change))

        self._place(story)
        for one in self.found.values():
            one.changes.sort(key=_told)

    def _place(self, story: Callable[[Change], str | None]) -> None:
        left: list[Change] = []
        for change in self.left:
            name = story(change)
            if name is None:
                left.append(change)
            else:
                self.found.setdefault(name, Story(name)).changes.append(change)
        self.left = left

    def _units(self, change: Change) -> tuple[str, ...]:
        if isinstance(change, StateChange):
            return change.units
        things = self._things(change.seen.subject)
        return next((thing.units for thing in things if thing.units), ())

    def _things(self, subject: str) -> Iterator[Thing]:
        """Yield the things a finding is about: a stream, a port, a file."""
        port = _PORT.fullmatch(subject)
        for state in self.states:
            for kind in _BY_NAME:
                thing = state.get(kind, subject)
                if thing is not None:
                    yield thing
            if port is not None:
                thing = state.get("listener", f"{port['proto'] or 'tcp'}/{port['port']}")
                if thing is not None:
                    yield thing


def _unit_of(change: Change) -> str | None:
    """Return the stem of the unit that a change is about itself."""
    if isinstance(change, StateChange):
        if change.kind in ("unit", "timer"):
            return _stem(change.name)
        return _stem(change.units[0]) if change.kind == "drop_in" and change.units else None
    subject = change.seen.subject
    return _stem(subject) if subject.endswith(_SUFFIXES) and "/" not in subject else None


def _stem(unit: str) -> str:
    for suffix in _SUFFIXES:
        if unit.endswith(suffix):
            return unit.removesuffix(suffix)
    return unit


def _names(change: FindingChange, thing: StateChange) -> bool:
    """Say whether a finding names a thing that changed, or a setting in it that did."""
    if len(thing.name) > 3 and thing.name in _text(change):
        return True
    settings = {one.trait for one in thing.traits} if thing.kind == "env_file" else set()
    return bool(settings.intersection(_WORD.findall(change.seen.subject)))


def _text(change: Change) -> str:
    if isinstance(change, StateChange):
        return ""
    return f"{change.seen.subject} {change.seen.message}"


_HOWS: Mapping[str, int] = {
    "broken": 0,
    "new": 0,
    "worse": 0,
    "unknown_now": 1,
    "rebooted": 2,
    "restarted": 2,
    "removed": 2,
    "changed": 2,
    "added": 2,
    "recovered": 3,
    "gone": 3,
    "better": 3,
    "known_again": 4,
}


def _told(change: Change) -> tuple[bool, bool, int, tuple[int, int], str]:
    """Order a story: the unit itself before what belongs to it, verdicts before mere changes."""
    mere = isinstance(change, StateChange)
    return (_unit_of(change) is None, mere, *_rank(change), _name(change))


def _rank(change: Change) -> tuple[int, tuple[int, int]]:
    order = _HOWS[change.how]
    if isinstance(change, StateChange):
        return order, (0, 0 if change.how == "rebooted" else 1)
    severity, status = change.seen.rank
    if change.how == "known_again" and change.new is not None and change.new.bad:
        order = 0
    return order, (-severity, -status)


def _name(change: Change) -> str:
    return change.name if isinstance(change, StateChange) else change.seen.id
