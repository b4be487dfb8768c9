"""Who writes a stream, and how that is known: nothing in Redis records it.

In this order: what the entries say of themselves (claimed), a unit whose command line names the
stream as its output or whose code writes to it by name (configured), a unit that is the only one it
can be (inferred). Who could
have written it, among others, is a candidate, and stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reporter.dataflow.activity import Activity
from reporter.dataflow.clients import Clients, UsedConnection
from reporter.dataflow.observed import Observed
from reporter.findings import Citation, Confidence, Missing
from reporter.messages import Text, text
from reporter.parsers.redis_types import Stream, Survey
from reporter.parsers.systemd_units import Unit
from reporter.recorded import recorded

__all__ = [
    "Candidate",
    "Health",
    "Producer",
    "Producers",
    "outlives",
    "producers_of",
    "source_fields",
]

Health = Literal["runs", "idle", "unstable", "down", "unknown", "no unit"]

_PLACES = 3
"""Places in the code quoted of each unit."""

_TOLERANCE_S = 2.0
"""A connection's age is in whole seconds."""

_ON_ITS_WAY_S = 5.0
"""What was on its way when a unit stopped may still have come in so much later."""

_MASKED = re.compile(r"<masked:\d+>")
_WRITES = re.compile(
    r"(^|[-_])(outs?|outputs?|outstreams?|to|publish|publishes|publishers?|publishing|produces?"
    r"|producers?|producing|sinks?|dests?|destinations?|writes?|writers?|writing|targets?)"
    r"(?=$|[-_0-9])"
)
_READS = re.compile(
    r"(^|[-_])(in|ins|inputs?|instreams?|from|consumes?|consumers?|consuming|sources?"
    r"|subscribes?|subscribers?|subscribing|subscriptions?|reads?|readers?|reading|listens?"
    r"|listeners?|listening|groups?|follows?|followers?|following)(?=$|[-_0-9])"
)
"""Whole words of an option: `--topic` says nothing of `to`, and `--index` nothing of `in`."""


@dataclass(frozen=True, slots=True)
class Producer:
    """One producer: the unit's name where one is known, else what the entries call it.

    `source` is what the entries say, None where they do not. `unit` is None where no unit of the
    name is known. `since` is when a unit that is down went down, epoch seconds.
    """

    name: str
    confidence: Confidence
    source: str | None
    unit: str | None
    health: Health
    since: float | None = None
    citations: tuple[Citation, ...] = ()


def outlives(activity: Activity, producer: Producer) -> bool:
    """Say whether the stream had an event after a producer that is down had stopped."""
    moved = activity.growth is not None and activity.growth.moved
    after = (
        producer.since is not None
        and activity.id_at is not None
        and activity.id_at > producer.since + _ON_ITS_WAY_S
    )
    return producer.health == "down" and (moved or after)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that adds to streams of this database, and may be who adds to this one."""

    unit: str
    connections: tuple[UsedConnection, ...]


@dataclass(frozen=True, slots=True)
class Producers:
    """The producers of one stream.

    `tried` says what was looked at and did not tell; `named_by` are units whose command line
    names the stream without saying what for, `chosen_by` those whose code writes one of several
    streams, of which it is one.
    """

    known: tuple[Producer, ...]
    candidates: tuple[Candidate, ...]
    named_by: tuple[str, ...]
    chosen_by: tuple[str, ...]
    tried: tuple[Text, ...]
    gaps: tuple[Missing, ...]


def source_fields(observed: Observed, survey: Survey) -> tuple[str, ...]:
    """Return the names of fields a source was looked for in; none where the run did not say."""
    probe = survey.record.partition("[")[0]
    for declared in observed.host.bundle.probes:
        if declared.get("id") == probe:
            args: Any = declared.get("args") or {}
            fields = args.get("source_fields") if isinstance(args, Mapping) else None
            return tuple(str(one) for one in fields) if isinstance(fields, list) else ()
    return ()


def producers_of(
    survey: Survey, stream: Stream, activity: Activity, clients: Clients, observed: Observed
) -> Producers:
    """Return who writes the stream, as far as anything shows it."""
    known = list(_claimed(stream, observed))
    configured, named_by = _configured(stream, clients, observed)
    said = {one.unit for one in known if one.unit}
    known += [one for one in configured if one.unit not in said]
    said = {one.unit for one in known if one.unit}
    known += [one for one in _in_code(stream, observed) if one.unit not in said]
    said = {one.unit for one in known if one.unit}
    chosen = [one for one in _in_code(stream, observed, choice=True) if one.unit not in said]
    if not known and len(chosen) == 1:
        known, chosen = chosen, []
    candidates = tuple(_candidates(stream, activity, clients, observed)) if not known else ()
    may_add = _may_add(stream, activity, clients, observed) if not known else ()
    hidden = _hidden(stream, activity, clients, observed)
    sure = clients.complete and observed.code.gap is None
    others = _others(candidates, stream, activity, clients, observed)
    if len(candidates) == 1 and not others and not may_add and sure and not hidden:
        (only,) = candidates
        cited = tuple(cite for one in only.connections for cite in one.citations)
        known.append(_producer(only.unit, "inferred", None, observed, cited))
    tried = tuple(_tried(survey, stream, activity, clients, observed, candidates, may_add, others))
    return Producers(
        known=tuple(known),
        candidates=candidates,
        named_by=tuple(unit for unit in named_by if unit not in said),
        chosen_by=tuple(one.name for one in chosen),
        tried=tried,
        gaps=_gaps(observed),
    )


def _claimed(stream: Stream, observed: Observed) -> Iterator[Producer]:
    """Yield the sources the entries name, each once, the newest entry's first."""
    seen: dict[str, Producer] = {}
    for source in _named_sources(stream):
        if _MASKED.search(source):
            continue
        unit = observed.names.meant(source)
        if unit is None:
            producer = Producer(source, "claimed", source, None, _without_unit(observed))
        else:
            producer = _producer(unit, "claimed", source, observed)
        seen.setdefault(producer.name, producer)
    yield from seen.values()


def _named_sources(stream: Stream) -> tuple[str, ...]:
    said = (value.text for entry in stream.entries or () for value in _sources(entry.values))
    return tuple(dict.fromkeys(source for source in said if source.strip()))


def _without_unit(observed: Observed) -> Health:
    """Say how a source stands that no unit is called like: not known, unless all units are."""
    facts = (observed.units, observed.unit_files)
    return "unknown" if any(isinstance(fact, Missing) for fact in facts) else "no unit"


def _sources(values: tuple[Any, ...]) -> list[Any]:
    """Return the first source an entry gives: the fields are looked through in order."""
    return [value for value in values if value.role == "source"][:1]


def _producer(
    unit: str,
    confidence: Confidence,
    source: str | None,
    observed: Observed,
    citations: tuple[Citation, ...] = (),
) -> Producer:
    found = observed.unit(unit)
    health, since = _health(found, observed)
    if found is not None:
        citations = (
            *citations,
            found.cite("Id", "ActiveState", "SubState", "InactiveEnterTimestamp"),
        )
    elif not isinstance(observed.unit_files, Missing):
        file = observed.unit_files.get(unit)
        citations = (*citations, *([file.cite()] if file else []))
    return Producer(unit, confidence, source, unit, health, since, citations)


def _health(unit: Unit | None, observed: Observed) -> tuple[Health, float | None]:
    """Return whether a unit runs; one that is only on disk does not."""
    if isinstance(observed.units, Missing):
        return "unknown", None
    if unit is None:
        known = observed.units.complete and not isinstance(observed.unit_files, Missing)
        return ("down" if known else "unknown"), None
    if unit.active_state is None:
        return "unknown", None
    if unit.active_state in {"active", "reloading", "deactivating"}:
        return "runs", None
    if unit.active_state == "activating":
        loops = (unit.sub_state or "").startswith("auto-restart")
        return ("unstable" if loops else "runs"), None
    since = unit.inactive_since or unit.exited_at or None
    on_demand = unit.type == "oneshot" or bool(unit.triggered_by)
    if on_demand and unit.active_state == "inactive":
        return "idle", since
    return "down", since


def _configured(
    stream: Stream, clients: Clients, observed: Observed
) -> tuple[list[Producer], list[str]]:
    """Return the units whose command line names the stream: as what they write, or just so."""
    if isinstance(observed.units, Missing):
        return [], []
    writers: list[Producer] = []
    named: list[str] = []
    for unit in observed.units.of("service"):
        lines = [line for line in unit.lines.get("ExecStart", ()) if stream.name in line]
        options = [found for line in lines for found in _options(line, stream.name)]
        if not options:
            continue
        if any(_WRITES.search(option) for option in options) and not _only_reads(unit, clients):
            writers.append(
                _producer(unit.name, "configured", None, observed, (unit.cite("ExecStart"),))
            )
        elif not any(_READS.search(option) for option in options):
            named.append(unit.name)
    return writers, named


def _in_code(stream: Stream, observed: Observed, choice: bool = False) -> Iterator[Producer]:
    """Yield the units whose code writes to the stream, each with the places that say so.

    With `choice` those where it is one of several that the code may mean.
    """
    places: dict[str, dict[Citation, None]] = {}
    for use in observed.code.writers(stream.name):
        if use.choice == choice:
            places.setdefault(use.unit, {})[use.cite()] = None
    confidence: Confidence = "inferred" if choice else "configured"
    for unit in sorted(places):
        yield _producer(unit, confidence, None, observed, tuple(places[unit])[:_PLACES])


def _options(line: str, stream: str) -> Iterator[str]:
    """Yield the option before each word that is the stream's whole name; "" for none."""
    words = re.split(r"[\s=,;]+", line)
    for place, word in enumerate(words):
        if word.strip("'\"") == stream:
            before = words[place - 1] if place else ""
            yield before.lstrip("-").casefold() if before.startswith("-") else ""


def _only_reads(unit: Unit, clients: Clients) -> bool:
    own = [one for one in clients.all if unit.name in one.units]
    return bool(own) and all(one.uses <= {"reads", "reads a group"} for one in own)


def _could_write(
    one: UsedConnection, stream: Stream, activity: Activity, observed: Observed
) -> bool:
    """Say whether the connection stood when the last entry was added, in the same database."""
    if activity.id_at is None or activity.length == 0:
        return False
    if one.database not in (None, stream.db):
        return False
    connected = observed.host.collected_at - one.client.age
    return activity.id_at >= connected - _TOLERANCE_S


def _candidates(
    stream: Stream, activity: Activity, clients: Clients, observed: Observed
) -> Iterator[Candidate]:
    by_unit: dict[str, list[UsedConnection]] = {}
    for one in clients.using("adds"):
        if _could_write(one, stream, activity, observed):
            for unit in one.units:
                by_unit.setdefault(unit, []).append(one)
    for unit in sorted(by_unit):
        yield Candidate(unit, tuple(by_unit[unit]))


def _may_add(
    stream: Stream, activity: Activity, clients: Clients, observed: Observed
) -> tuple[UsedConnection, ...]:
    return tuple(
        one
        for one in clients.using("may add")
        if "adds" not in one.uses and _could_write(one, stream, activity, observed)
    )


def _hidden(
    stream: Stream, activity: Activity, clients: Clients, observed: Observed
) -> tuple[UsedConnection, ...]:
    """Return the connections that add, or may, and are nobody's that is known."""
    return tuple(
        one
        for one in clients.using("adds", "may add")
        if one.unknown is not None and _could_write(one, stream, activity, observed)
    )


def _others(
    candidates: tuple[Candidate, ...],
    stream: Stream,
    activity: Activity,
    clients: Clients,
    observed: Observed,
) -> tuple[UsedConnection, ...]:
    """Return the connections that are no candidate's and may have added the last entry.

    A client's last command is that of one moment: who adds may show another a moment later. Only
    one that was seen doing nothing but read through groups is taken for a reader.
    """
    if not candidates:
        return ()
    units = {one.unit for one in candidates}
    return tuple(
        one
        for one in clients.all
        if not (one.units and units.issuperset(one.units))
        and not one.uses <= {"reads a group"}
        and _could_write(one, stream, activity, observed)
    )


def _tried(
    survey: Survey,
    stream: Stream,
    activity: Activity,
    clients: Clients,
    observed: Observed,
    candidates: tuple[Candidate, ...],
    may_add: tuple[UsedConnection, ...],
    others: tuple[UsedConnection, ...],
) -> Iterator[Text]:
    """Yield what was looked at, and what came of it."""
    yield _tried_fields(survey, stream, activity, observed)
    if not clients.known:
        yield text("the clients were not listed: {why}", why=_client_refusal(survey))
    elif activity.length:
        if not candidates:
            yield _tried_clients(clients)
        hidden = _hidden(stream, activity, clients, observed)
        adding = [one for one in hidden if "adds" in one.uses]
        if adding:
            yield text(
                "clients of unknown units whose last command was XADD: {count} ({why})",
                count=len(adding),
                why=adding[0].unknown or text("no reason given"),
            )
        if may_add:
            yield text(
                "EXEC or a script, which may hold an XADD, was the last command of {units}",
                units=", ".join(clients.units(may_add)) or text("clients of unknown units"),
            )
        if others and len(candidates) == 1:
            yield text(
                "other connections were open when its last entry came, and may have sent another "
                "command since: {count} ({units})",
                count=len(others),
                units=", ".join(clients.units(others)) or text("of unknown units"),
            )
    if isinstance(observed.units, Missing):
        yield text("the units' command lines were not seen")
    else:
        yield text("no unit's command line names it as what it writes")
    yield observed.code.tried


def _tried_fields(survey: Survey, stream: Stream, activity: Activity, observed: Observed) -> Text:
    if activity.length == 0:
        return text("it has no entry that could name its source")
    if stream.entries is None:
        return text("its entries were not read: {why}", why=_entry_refusal(survey, stream))
    if any(_MASKED.search(source) for source in _named_sources(stream)):
        return text("its entries name a source that was masked: it is no name known on the host")
    names = source_fields(observed, survey)
    count = len(stream.entries)
    if not names:
        return text("its newest {count} entries name no source", count=count)
    return text(
        "none of its newest {count} entries has a source in one of the fields {names}",
        count=count,
        names=", ".join(names),
    )


def _tried_clients(clients: Clients) -> Text:
    if any(True for _ in clients.using("adds")):
        return text("no connection whose last command was XADD is as old as its last entry")
    return text("no client's last command was XADD")


def _client_refusal(survey: Survey) -> Text:
    refused = next((one for one in survey.refused if one.command[:1] == ("CLIENT",)), None)
    if refused is not None:
        return text("{error}", error=recorded(refused.error))
    return survey.stopped or text("no answer")


def _entry_refusal(survey: Survey, stream: Stream) -> Text:
    refused = next((one for one in stream.refused if one.command[:1] == ("XREVRANGE",)), None)
    if refused is not None:
        return text("{error}", error=recorded(refused.error))
    return survey.stopped or text("no answer")


def _gaps(observed: Observed) -> tuple[Missing, ...]:
    facts = (observed.sockets, observed.processes, observed.units, observed.unit_files)
    missing = [one for one in (*facts, observed.code.gap) if isinstance(one, Missing)]
    return tuple(dict.fromkeys(missing))
