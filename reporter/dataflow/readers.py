"""Who reads a stream through its groups, and whether anybody still does.

Redis shows of a consumer only when it was last seen: since 7.2 that is its last attempt to read
(`idle`), before that its last success, so that a reader that waits on a quiet stream looks like
one that died. What tells them apart is CLIENT LIST, where a waiting reader is blocked in
XREADGROUP, though without a word for which stream. So the waiting connections are shared out:
first to the groups that were read through during the life of a connection of a unit that goes
by the group's name, then what is left to the groups whose names fit the units of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from reporter.dataflow.activity import Activity
from reporter.dataflow.clients import Clients, UsedConnection
from reporter.dataflow.event_times import id_order, id_time
from reporter.dataflow.unit_names import UnitNames
from reporter.findings import Confidence
from reporter.parsers.redis_types import Consumer, Group, Stream, Survey

__all__ = ["LATELY_S", "Behind", "GroupState", "Life", "Reader", "groups_of_server"]

Life = Literal["alive", "stuck", "dead", "unknown"]

LATELY_S = 60.0
"""A consumer that was seen within this many seconds is alive."""

_GONE_S = 3600.0
"""One not seen for so long, by a server that shows every attempt, is gone."""

_FAR_S = 600.0
"""A reader that reads, and is so far behind a moving stream, does not keep up."""

_SAME_S = 2.0
"""Idle times are of moments a little apart, and clients' are whole seconds."""

_LEAKED_S = 86400.0
_LEAKED = 10
"""As many consumers that long inactive, with nothing pending, are left over."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A unit that reads through a group, and how that is known."""

    unit: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Behind:
    """Entries a group has not delivered.

    `at_least` of them are known, `waited` seconds at least the oldest of them; `gap` is the time
    between the last delivered ID and the newest.
    """

    at_least: int
    waited: float
    gap: float


@dataclass(frozen=True)
class GroupState:
    """What is known of a group.

    `why` names the reason for `life`: `read` (lately), `moved` (during the survey), `waits` (a
    reader is blocked now), `recent`; `slow`, `unacknowledged`, `holds` (entries wait, its reader's
    connection is open); `gone`, `nobody`; `unlisted`, `quiet`, `unseen` (its reader may be a
    client that is not known), `primary` (the server is a replica). `idle` is how long ago
    the consumer seen last was seen, `oldest_pending` the age of the oldest entry not
    acknowledged, seconds. `waiting` are connections of which one may be its reader's.
    """

    group: Group
    life: Life
    why: str
    lag: int | None
    behind: Behind | None
    idle: float | None
    oldest_pending: float | None
    growing: bool
    readers: tuple[Reader, ...]
    leaked: int
    waiting: tuple[UsedConnection, ...] = ()
    connections: tuple[UsedConnection, ...] = ()
    unlisted: bool = False


@dataclass
class _Case:
    """One group while connections are shared out."""

    stream: Stream
    group: Group
    activity: Activity
    units: frozenset[str]
    behind: Behind | None
    idle: float | None
    moved: bool
    given: list[UsedConnection] = field(default_factory=list)

    @property
    def lately(self) -> bool:
        return self.moved or (self.idle is not None and self.idle <= LATELY_S)

    @property
    def late(self) -> bool:
        """Whether entries wait longer than any reader that lives would let them."""
        return self.behind is not None and not self.lately and self.behind.waited > LATELY_S


def groups_of_server(
    survey: Survey, activities: Mapping[tuple[int, str], Activity], clients: Clients, now: float
) -> dict[tuple[int, str, str], GroupState]:
    """Return the state of every group of a server, by database, stream and group."""
    reading = list(clients.using("reads a group"))
    units = clients.units(reading)
    names = UnitNames(units, clients.prefixes)
    cases = [
        _case(stream, group, activities[stream.db, stream.name], names, now)
        for stream in survey.streams
        for group in stream.groups or ()
    ]
    left = _share(cases, reading)
    judge = _Judge(cases, left, clients, now, attempts_shown=_attempts_shown(survey))
    return {
        (case.stream.db, case.stream.name, case.group.name): judge.state(case) for case in cases
    }


def _attempts_shown(survey: Survey) -> bool:
    """Say whether XINFO CONSUMERS shows the last attempt, and with it every waiting reader."""
    return any(
        consumer.inactive is not None
        for stream in survey.streams
        for group in stream.groups or ()
        for consumer in group.consumers or ()
    ) or _version(survey) >= (7, 2)


def _version(survey: Survey) -> tuple[int, ...]:
    shown = survey.info.get("redis_version", "").split(".")[:2]
    return tuple(int(part) if part.isascii() and part.isdigit() else 0 for part in shown)


def _case(stream: Stream, group: Group, activity: Activity, names: UnitNames, now: float) -> _Case:
    consumers = group.consumers or ()
    fitting = {names.within(name) for name in (group.name, *(one.name for one in consumers))}
    moved = group.later is not None and id_order(group.later[1]) > id_order(group.last_delivered_id)
    return _Case(
        stream=stream,
        group=group,
        activity=activity,
        units=frozenset(unit for unit in fitting if unit is not None),
        behind=_behind(stream, group, now),
        idle=min((consumer.idle for consumer in consumers), default=None),
        moved=moved,
    )


def _behind(stream: Stream, group: Group, now: float) -> Behind | None:
    """Return what the group has not delivered; None where it has delivered everything."""
    begin = stream.begin
    if begin is None or begin.length == 0:
        return None
    newest = stream.last_entry_id or begin.last_id
    delivered = id_order(group.last_delivered_id)
    if id_order(newest) <= delivered:
        return None
    seen = [entry.id for entry in stream.entries or () if id_order(entry.id) > delivered]
    oldest = min((*seen, newest), key=id_order)
    if stream.first_id and id_order(stream.first_id) > delivered:
        oldest = stream.first_id
    at_least = max(len(seen), 1, group.lag or 0)
    gap = id_time(newest) - id_time(group.last_delivered_id)
    waited = max(0.0, now - id_time(oldest))
    if at_least >= 5 and waited <= LATELY_S < gap:
        # A fast stream: its newest entries are young, those between were added all the while.
        idle = min((one.idle for one in group.consumers or ()), default=gap)
        waited = min(gap, idle)
    return Behind(at_least, waited, gap)


def _share(cases: list[_Case], reading: list[UsedConnection]) -> list[UsedConnection]:
    """Give each group that shows life a connection of a unit of its name; return what is left.

    What is left may read any group of which nothing else is known.
    """
    free = _Free(reading)
    ordered = sorted(cases, key=lambda case: (not case.lately, case.idle or 0.0))
    for fits in (_named, _read_lately, _read_since):
        for case in ordered:
            if case.given or case.late:
                continue
            found = next((one for one in free.for_case(case) if fits(case, one)), None)
            if found is not None:
                case.given.append(found)
                free.take(found)
    _share_rest(cases, free)
    return [one for one in free if one.waits or one.client.idle <= LATELY_S]


class _Free:
    """The connections that are not given to a group yet, by id."""

    def __init__(self, reading: list[UsedConnection]) -> None:
        self._all = {one.client.id: one for one in reading}
        self._by_unit: dict[str, list[UsedConnection]] = {}
        self._by_name: dict[str, list[UsedConnection]] = {}
        for one in reading:
            self._by_name.setdefault(one.client.name, []).append(one)
            for unit in one.units:
                self._by_unit.setdefault(unit, []).append(one)

    def __iter__(self) -> Iterator[UsedConnection]:
        return iter(self._all.values())

    def of(self, unit: str) -> Iterator[UsedConnection]:
        return (one for one in self._by_unit.get(unit, ()) if one.client.id in self._all)

    def for_case(self, case: _Case) -> Iterator[UsedConnection]:
        """Iterate over those that go by a name of the group's, or of one of its consumers."""
        for unit in sorted(case.units):
            yield from self.of(unit)
        for consumer in case.group.consumers or ():
            named = self._by_name.get(consumer.name, ()) if consumer.name else ()
            yield from (one for one in named if one.client.id in self._all)

    def take(self, one: UsedConnection) -> None:
        del self._all[one.client.id]


def _share_rest(cases: list[_Case], free: _Free) -> None:
    """Give what is left of a unit's waiting connections to the quiet groups of its name.

    Only where there is one for each: a connection waits for one group, and which is not shown.
    """
    quiet = [case for case in cases if not (case.given or case.lately or case.late)]
    by_unit: dict[str, list[_Case]] = {}
    for case in quiet:
        for unit in case.units:
            by_unit.setdefault(unit, []).append(case)
    for unit in sorted(by_unit):
        claims = [case for case in by_unit[unit] if not case.given]
        own = [one for one in free.of(unit) if one.waits]
        names = list(dict.fromkeys(case.group.name for case in claims))
        if not own or len(names) > len(own):
            continue
        given = dict(zip(names, own, strict=False))
        for case in claims:
            case.given.append(given[case.group.name])
        for one in given.values():
            free.take(one)


def _named(case: _Case, one: UsedConnection) -> bool:
    """Say whether a waiting connection gave itself the name of a consumer."""
    consumers = {consumer.name for consumer in case.group.consumers or ()}
    return one.waits and bool(one.client.name) and one.client.name in consumers


def _read_lately(case: _Case, one: UsedConnection) -> bool:
    return case.lately and bool(case.units.intersection(one.units))


def _read_since(case: _Case, one: UsedConnection) -> bool:
    """Say whether a unit of the group's name waits, and it was read through since it connected."""
    return (
        one.waits
        and bool(case.units.intersection(one.units))
        and case.idle is not None
        and case.idle <= one.client.age + _SAME_S
    )


class _Judge:
    """Judges the groups of one server, once its connections are shared out."""

    def __init__(
        self,
        cases: list[_Case],
        left: list[UsedConnection],
        clients: Clients,
        now: float,
        *,
        attempts_shown: bool,
    ) -> None:
        self._cases = cases
        self._left = left
        self._clients = clients
        self._now = now
        self._attempts_shown = attempts_shown
        self._reading = list(clients.using("reads a group"))
        self._waiting = [one for one in self._reading if one.waits]
        given = {one.client.id for case in cases for one in case.given}
        self._nobodys = [
            one
            for one in self._reading
            if one.unknown is not None and not one.waits and one.client.id not in given
        ]
        # One connection may wait for several groups at once, and is given to one of them.
        self._alternating = {
            unit for case in cases if case.lately or case.given for unit in case.units
        }

    def state(self, case: _Case) -> GroupState:
        """Return what is known of a group."""
        life, why, connections = self._life(case)
        if self._clients.replica and life in {"dead", "unknown"}:
            life, why = "unknown", "primary"
        group = case.group
        oldest = None
        if group.oldest_pending is not None:
            oldest = max(0.0, self._now - id_time(group.oldest_pending))
        lag = group.lag
        if lag is None and case.stream.begin is not None and case.behind is None:
            lag = 0
        leaked = [
            one
            for one in group.consumers or ()
            if one.pending == 0 and min(one.idle, one.inactive or one.idle) > _LEAKED_S
        ]
        return GroupState(
            group=group,
            life=life,
            why=why,
            lag=lag,
            behind=case.behind,
            idle=case.idle,
            oldest_pending=oldest,
            growing=group.later is not None and group.later[0] > group.pending,
            readers=_readers(case, connections),
            leaked=len(leaked) if len(leaked) >= _LEAKED else 0,
            connections=tuple(connections),
            waiting=tuple(self._left) if why == "quiet" else (),
            unlisted=group.consumers == () and life == "alive",
        )

    def _life(self, case: _Case) -> tuple[Life, str, list[UsedConnection]]:
        if case.lately:
            return (*self._reads(case), case.given)
        if case.late:
            return self._late(case)
        if self._attempts_shown:
            return self._asked(case)
        if case.given:
            return "alive", "waits", case.given
        return self._silent(case)

    def _reads(self, case: _Case) -> tuple[Life, str]:
        group, behind = case.group, case.behind
        oldest = group.oldest_pending
        if (
            oldest is not None
            and group.later is not None
            and group.later[0] > group.pending
            and self._now - id_time(oldest) > _FAR_S
        ):
            return "stuck", "unacknowledged"
        if behind is not None and not case.moved and behind.at_least >= 10 and behind.gap > _FAR_S:
            return "stuck", "slow"
        return "alive", "moved" if case.moved else "read"

    def _late(self, case: _Case) -> tuple[Life, str, list[UsedConnection]]:
        """Judge a group whose entries wait: a connection that waits too is not its reader's."""
        holding = [
            one
            for one in self._reading
            if not one.waits
            and (
                bool(case.units.intersection(one.units))
                or (_last_read(case, one) and not self._is_anothers(case, one))
            )
        ]
        if holding:
            return "stuck", "holds", holding
        if case.group.consumers is None:
            return "unknown", "unlisted", []
        if not self._clients.complete or self._unseen(case):
            return "unknown", "unseen", []
        return "dead", "gone", []

    def _is_anothers(self, case: _Case, one: UsedConnection) -> bool:
        """Say whether a connection is the reader's of a group that goes by its unit's name.

        Readers that went at one moment, as with a deployment, all were seen last at that moment.
        """
        return any(
            other.group.name != case.group.name
            and bool(other.units.intersection(one.units))
            and _last_read(other, one)
            for other in self._cases
        )

    def _unseen(self, case: _Case) -> bool:
        """Say whether a client of an unknown unit may be its reader: one that does not wait.

        One that waits would have been served, or is among those left over.
        """
        return any(one.database in (None, case.stream.db) for one in self._nobodys)

    def _asked(self, case: _Case) -> tuple[Life, str, list[UsedConnection]]:
        """Judge a group with nothing to read where the server shows every attempt."""
        consumers = case.group.consumers
        if consumers is None:
            return "unknown", "unlisted", []
        if not consumers:
            return "dead", "nobody", []
        same = [one for one in self._waiting if any(_same(consumer, one) for consumer in consumers)]
        if same:
            fitting = [one for one in same if case.units.intersection(one.units)]
            return "alive", "waits", fitting or case.given
        if case.idle is not None and case.idle <= _GONE_S:
            return "alive", "recent", case.given
        if not self._clients.complete:
            return "unknown", "unlisted", []
        if self._unseen(case):
            return "unknown", "unseen", []
        return "dead", "gone", []

    def _silent(self, case: _Case) -> tuple[Life, str, list[UsedConnection]]:
        """Judge a group with nothing to read where only success is shown."""
        if case.group.consumers is None or not self._clients.complete:
            return "unknown", "unlisted", []
        if self._left or case.units & self._alternating:
            return "unknown", "quiet", []
        if self._unseen(case):
            return "unknown", "unseen", []
        return "dead", "gone" if case.group.consumers else "nobody", []


def _last_read(case: _Case, one: UsedConnection) -> bool:
    return any(_same(consumer, one) for consumer in case.group.consumers or ())


def _same(consumer: Consumer, one: UsedConnection) -> bool:
    """Say whether the consumer was last seen when the connection sent its last command."""
    return any(abs(consumer.idle - client.idle) <= _SAME_S for client in one.samples)


def _readers(case: _Case, connections: list[UsedConnection]) -> tuple[Reader, ...]:
    """Return the units behind a group's connections; by a consumer's name it is their claim."""
    named = {unit for one in connections if _named(case, one) for unit in one.units}
    fitting = {
        unit for one in connections for unit in one.units if not case.units or unit in case.units
    }
    return tuple(
        Reader(unit, "claimed" if unit in named else "inferred") for unit in sorted(named | fitting)
    )
