"""Rules on the components and layers a profile declares."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reporter.dataflow.observed import surveys_of
from reporter.dataflow.surveys import Surveys
from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Finding, Missing, Running, Status, Verdict
from reporter.messages import Text, Value, joined, some, text
from reporter.parsers.named_files import NamedFiles
from reporter.parsers.processes import AllProcesses, Seen
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Units
from reporter.profile import Profile, Profiles, is_pattern, matches
from reporter.profile_components import Component, process_matches
from reporter.rules.file_view import file_answer
from reporter.rules.process_places import outside
from reporter.rules.redis_view import ASKED, FOUND
from reporter.rules.service_view import IDLE

__all__ = ["components", "layers"]

COMPONENTS = text("Components")
LAYERS = text("Layers")

_FOUND_FILES: Mapping[Status, Text] = {
    "ok": text("there"),
    "degraded": text("not whole"),
    "down": text("none"),
    "unknown": text("not seen"),
}

_OF_UNITS = ("restart_loops", "service_state", "missing_units")
"""The rules whose findings say how a unit is, the one that says most first."""

_SHOWN = 4
_WRONG: frozenset[Status] = frozenset({"down", "degraded"})
_WORST_FIRST: tuple[Status, ...] = ("down", "degraded", "unknown", "ok")


@dataclass(frozen=True)
class Part:
    """One part of a component: what is known of it, and the findings that say so.

    `said` is what is wrong with it where no finding says so.
    """

    kind: str
    name: Value
    status: Status
    running: Running
    findings: tuple[Finding, ...] = ()
    citations: tuple[Citation, ...] = ()
    said: Text | None = None


@dataclass
class Search:
    """What was looked for, and what of it was found."""

    parts: list[Part] = field(default_factory=list)
    searched: list[Text] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    connected: dict[Value, None] = field(default_factory=dict)
    connections: list[str] = field(default_factory=list)
    """The ids of the findings that say what units are connected to."""
    unfound: list[Text] = field(default_factory=list)
    """The patterns that nothing fits, of units, streams, files: if that is well is not known."""


def _subjects(profiles: Profiles) -> Iterator[str]:
    return (
        _subject(profile, component) for profile in profiles for component in profile.components
    )


def _subject(profile: Profile, component: Component) -> str:
    return f"{profile.name}/{component.name}"


@rule(
    section="components",
    component=COMPONENTS,
    needs=("units",),
    uses=("unit_files", "sockets", *FOUND),
    if_asked=(*ASKED, "processes", "named_files"),
    subjects=_subjects,
    subjects_only=True,
    stage=1,
)
def components(
    host: HostContext,
    units: Units,
    unit_files: UnitFiles | Missing,
    sockets: Sockets | Missing,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
    processes: AllProcesses | Missing,
    named_files: Each[NamedFiles] | Missing,
    findings: Mapping[str, Finding],
) -> Iterator[Verdict]:
    """Each component a profile declares, judged by what makes it up.

    Means: ok where all its parts were found and work. Degraded where some of them do not: a unit
    that is down or keeps restarting, a port nobody listens on, a stream that is stale or empty,
    processes that are not there or run outside of every service, a file that is not there or
    empty. Down where none of its units and processes runs, and nothing listens on its ports.
    Unknown where nothing wrong was seen, but not all of it could be seen; and where it was found
    nowhere: declared, and no unit, stream, port, process or file of it is there (it says what was
    searched). A component that is declared without any part has no home of its own: nothing can
    be known of it, which is said.

    Running is that of its units (partial where some run and some do not, unstable where one keeps
    restarting); of its processes where it has no unit, else of its ports; not known otherwise.

    Why: people think in components, hosts in units. What a component is made of is declared; how
    it is, never.

    Evidence: the findings about its units (service_state, restart_loops), its streams
    (stream_activity, stream_producers) and connections (unit_connections), the lists of sockets
    and of processes (processes_all), and its files' metadata (files_expected). Those findings
    carry the evidence, and the severity: a component adds no alarm of its own.

    Limits: a component of which the profile names too little looks better than it is.
    """
    surveys = surveys_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for profile in host.profiles:
        for component in profile.components:
            search = Search()
            _search_units(search, component, units, unit_files, findings)
            _search_streams(search, component, surveys, findings)
            _search_ports(search, component, sockets)
            _search_processes(search, component, processes)
            _search_files(search, component, named_files)
            yield _verdict(profile, component, search)


def _search_units(
    search: Search,
    component: Component,
    units: Units,
    unit_files: UnitFiles | Missing,
    findings: Mapping[str, Finding],
) -> None:
    known = {unit.name for unit in units.of("service")}
    if isinstance(unit_files, Missing):
        if component.units:
            search.missing.append(unit_files)
    else:
        known |= {one.name for one in unit_files if one.name.endswith(".service")}
    for pattern in component.units:
        found = [name for name in sorted(known) if matches(name, (pattern,))]
        search.searched.append(
            text("units {pattern} ({count} found)", pattern=pattern, count=len(found))
        )
        if not found:
            search.unfound.append(text("units {pattern}", pattern=pattern))
        for name in found:
            about = tuple(
                findings[f"{rule}:{name}"] for rule in _OF_UNITS if f"{rule}:{name}" in findings
            )
            if about:
                search.parts.append(_unit(name, about))
            for rule_id in ("unit_connections", "service_state"):
                finding = findings.get(f"{rule_id}:{name}")
                if finding and finding.verdict.connected_to:
                    search.connections.append(finding.id)
                    search.connected.update(dict.fromkeys(finding.verdict.connected_to))


def _unit(name: str, about: tuple[Finding, ...]) -> Part:
    """Return the unit as a part: one that does not run is down here, whoever wanted it so."""
    running = about[0].verdict.running
    statuses = {one.verdict.status for one in about}
    rests = running == "no" and all(one.verdict.component != IDLE for one in about)
    if rests and "unknown" not in statuses:
        return Part("unit", name, "down", running, about)
    worst = next(status for status in _WORST_FIRST if status in statuses)
    return Part("unit", name, worst, running, about)


def _search_streams(
    search: Search, component: Component, surveys: Surveys, findings: Mapping[str, Finding]
) -> None:
    names = {surveys.subject(survey, stream): stream.name for survey, stream in surveys}
    subjects = [
        finding
        for finding in findings.values()
        if finding.rule == "stream_activity" and finding.verdict.subject in names
    ]
    for pattern in component.streams:
        found = [
            one for one in subjects if fnmatch.fnmatchcase(names[one.verdict.subject], pattern)
        ]
        search.searched.append(
            text("streams {pattern} ({count} found)", pattern=pattern, count=len(found))
        )
        for one in found:
            name = one.verdict.subject
            producer = findings.get(f"stream_producers:{name}")
            about = (one, producer) if producer else (one,)
            search.parts.append(Part("stream", name, one.verdict.status, "na", about))
            search.connected[name] = None
        if not found:
            search.missing.extend(surveys.gaps)
            if surveys.all and not surveys.gaps and not set(pattern) & set("*?["):
                none = text("{pattern} (no such stream)", pattern=pattern)
                search.parts.append(Part("stream", none, "degraded", "na"))
            else:
                search.unfound.append(text("streams {pattern}", pattern=pattern))


def _search_ports(search: Search, component: Component, sockets: Sockets | Missing) -> None:
    if not component.ports:
        return
    if isinstance(sockets, Missing):
        search.missing.append(sockets)
        return
    for port in component.ports:
        found = [one for one in sockets.listening if one.local.port == port]
        search.searched.append(
            text("port {port} (open)" if found else "port {port} (nothing listens)", port=str(port))
        )
        if found or sockets.complete:
            search.parts.append(
                Part(
                    "port",
                    text("port {port}", port=str(port)),
                    "ok" if found else "down",
                    "yes" if found else "no",
                    citations=(sockets.cite(*found),),
                )
            )
        else:
            why = text("its output was cut or not wholly readable, so some sockets are not known")
            search.missing.append(Missing(sockets.record, why))


def _search_processes(
    search: Search, component: Component, processes: AllProcesses | Missing
) -> None:
    if not component.processes:
        return
    if isinstance(processes, Missing):
        search.missing.append(processes)
        return
    for pattern in component.processes:
        found = [seen for seen in processes if _is_one(seen, pattern)]
        search.searched.append(
            text("processes {pattern} ({count} found)", pattern=pattern, count=len(found))
        )
        unclear = _unclear(processes, pattern)
        if not found and unclear is not None:
            search.missing.append(Missing(processes.record, unclear))
            continue
        places = dict.fromkeys(place for seen in found if (place := outside(seen)) is not None)
        search.parts.append(
            Part(
                "process",
                _processes(pattern, tuple(places), found=bool(found)),
                "degraded" if places else "ok" if found else "down",
                "yes" if found else "no",
                citations=(processes.cite(*found),),
            )
        )


def _processes(pattern: str, places: Sequence[Text], *, found: bool) -> Text:
    if not found:
        return text("processes {pattern} (none)", pattern=pattern)
    if places:
        return text("processes {pattern} ({places})", pattern=pattern, places=joined(places))
    return text("processes {pattern}", pattern=pattern)


def _search_files(
    search: Search, component: Component, named_files: Each[NamedFiles] | Missing
) -> None:
    for path in component.files:
        answer = file_answer(path, named_files)
        search.missing.extend(answer.missing)
        nothing = answer.status == "down" and is_pattern(path)
        shown = text("{path} ({found})", path=path, found=_FOUND_FILES[answer.status])
        search.searched.append(text("files {file}", file=shown))
        if nothing:
            search.unfound.append(text("files {file}", file=path))
        elif answer.status != "unknown":
            name = path if answer.status == "ok" else shown
            said = None if answer.status == "ok" else answer.message
            search.parts.append(
                Part("file", name, answer.status, "na", citations=answer.citations, said=said)
            )


def _is_one(seen: Seen, pattern: str) -> bool:
    return seen.state != "Z" and process_matches(
        (pattern,), seen.name, seen.process.executable, seen.folder
    )


def _unclear(processes: AllProcesses, pattern: str) -> Text | None:
    """Say why a process that fits may be there unseen; None if none can be."""
    if not processes.complete:
        return text("the list of processes was cut")
    count = len(processes.hidden) + sum(seen.closed for seen in processes if "/" in pattern)
    if count == 0:
        return None
    return text("of {count} processes the program or the name is not shown", count=count)


def _verdict(profile: Profile, component: Component, search: Search) -> Verdict:
    status, running = _status(search), _running(search)
    about = tuple(finding for part in search.parts for finding in part.findings)
    return Verdict(
        subject=_subject(profile, component),
        status=status,
        running=running,
        component=text("{title}", title=component.title),
        application=profile.name,
        layer=component.layer,
        section=component.section,
        message=_message(component, search, status),
        details=tuple(_details(search)),
        connected_to=tuple(search.connected),
        citations=_citations(search),
        missing=tuple(search.missing),
        stands_on=(*(finding.id for finding in about), *search.connections),
    )


def _citations(search: Search) -> tuple[Citation, ...]:
    """Return the evidence of its parts, each record's lines once."""
    cited = [
        citation
        for part in search.parts
        for citation in (
            *part.citations,
            *(one for finding in part.findings[:2] for one in finding.verdict.citations),
        )
    ]
    return tuple(dict.fromkeys(cited))


def _status(search: Search) -> Status:
    home = [part for part in search.parts if part.kind in {"unit", "port", "process"}]
    if not search.parts:
        return "unknown"
    if home and all(part.status == "down" for part in home):
        return "down"
    statuses = {part.status for part in search.parts}
    if statuses & _WRONG:
        return "degraded"
    return "unknown" if "unknown" in statuses or search.missing or search.unfound else "ok"


def _running(search: Search) -> Running:
    states = [part.running for part in search.parts if part.kind == "unit"]
    for kind in ("process", "port"):
        states = states or [part.running for part in search.parts if part.kind == kind]
    known = {state for state in states if state not in {"na", "unknown"}}
    if not known:
        return "unknown"
    if "unstable" in known:
        return "unstable"
    return known.pop() if len(known) == 1 else "partial"


def _message(component: Component, search: Search, status: Status) -> Text:
    title = component.title
    if not component.has_parts:
        return text(
            "{title}: declared, and no unit, stream, port, process or file is named that it would "
            "have; nothing can be looked for",
            title=title,
        )
    if not search.parts:
        return text(
            "{title}: declared, and found nowhere; searched: {searched}",
            title=title,
            searched=joined(search.searched, "; "),
        )
    wrong = [part for part in search.parts if part.status in _WRONG]
    if status == "ok":
        return text("{title}: all of it works ({parts})", title=title, parts=_names(search.parts))
    if not wrong and search.unfound:
        return text(
            "{title}: nothing wrong was seen, but not all of it was found; not found: {unfound}",
            title=title,
            unfound=joined(search.unfound),
        )
    if not wrong:
        return text("{title}: nothing wrong was seen, but not all of it could be seen", title=title)
    if status == "down":
        return text("{title} is down: {parts}", title=title, parts=_names(wrong))
    return text(
        "{title}: {count} of {all} parts do not work as they should: {parts}",
        title=title,
        count=len(wrong),
        all=len(search.parts),
        parts=_names(wrong),
    )


def _names(parts: list[Part]) -> Text:
    return some([part.name for part in parts], _SHOWN)


def _details(search: Search) -> Iterator[Text]:
    for part in search.parts:
        if part.status in {"down", "degraded", "unknown"} and part.findings:
            yield part.findings[0].verdict.message
        elif part.said is not None:
            yield part.said
        elif part.status == "down" and part.kind == "port":
            yield text("nothing listens on {port}", port=part.name)
    if search.unfound and any(part.status in _WRONG for part in search.parts):
        yield text("not found: {unfound}", unfound=joined(search.unfound))


@rule(
    section="components",
    component=LAYERS,
    needs=(),
    stage=2,
)
def layers(host: HostContext, findings: Mapping[str, Finding]) -> Iterator[Verdict]:
    """Each layer a profile names, by the components that stand in it.

    Means: ok where all its components are; down where all are down; degraded where some are not
    ok; unknown where none is known to be wrong and not all are known.

    Why: whether the layer that takes the risk off works is asked before anything else.

    Evidence: the findings of the rule components, which carry the evidence.

    Limits: a layer is worth what its components' declarations are.
    """
    for profile in host.profiles:
        names = dict.fromkeys(
            (*profile.layers, *(one.layer for one in profile.components if one.layer))
        )
        for name in names:
            own = [
                findings[f"components:{_subject(profile, one)}"]
                for one in profile.components
                if one.layer == name and f"components:{_subject(profile, one)}" in findings
            ]
            if own:
                yield _layer(profile, name, own)


def _layer(profile: Profile, name: str, own: list[Finding]) -> Verdict:
    statuses = [finding.verdict.status for finding in own]
    known = set(statuses)
    status: Status = "degraded"
    if len(known) == 1:
        status = statuses[0]
    elif known == {"ok", "unknown"}:
        status = "unknown"
    wrong = [finding.verdict.component for finding in own if finding.verdict.status != "ok"]
    working = statuses.count("ok")
    message = (
        text("{layer}: all {count} components work", layer=name, count=len(own))
        if not wrong
        else text(
            "{layer}: {working} of {count} components work; not: {wrong}",
            layer=name,
            working=working,
            count=len(own),
            wrong=joined(wrong),
        )
    )
    return Verdict(
        subject=f"{profile.name}/{name}",
        status=status,
        running=_layer_running([finding.verdict.running for finding in own]),
        component=LAYERS,
        application=profile.name,
        layer=name,
        message=message,
        citations=tuple(
            dict.fromkeys(
                Citation(citation.record)
                for finding in own
                for citation in finding.verdict.citations
            )
        ),
        missing=tuple(
            dict.fromkeys(missing for finding in own for missing in finding.verdict.missing)
        ),
        stands_on=tuple(finding.id for finding in own),
    )


def _layer_running(states: list[Running]) -> Running:
    known = {state for state in states if state not in {"na", "unknown"}}
    if not known:
        return "unknown"
    if "unstable" in known:
        return "unstable"
    return known.pop() if len(known) == 1 else "partial"
