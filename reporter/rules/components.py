"""Rules on the components and layers a profile declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reporter.dataflow.observed import surveys_of
from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Finding, Missing, Running, Status, Verdict
from reporter.messages import Text, joined, some, text
from reporter.parsers.journal_counts import JournalCounts
from reporter.parsers.named_files import NamedFiles
from reporter.parsers.processes import AllProcesses
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Units
from reporter.profile import Profile, Profiles
from reporter.profile_components import Component
from reporter.rules.component_search import Part, Place, Search
from reporter.rules.redis_view import ASKED, FOUND

__all__ = ["components", "layers"]

COMPONENTS = text("Components")
LAYERS = text("Layers")

_SHOWN = 4
_WRONG: frozenset[Status] = frozenset({"down", "degraded"})


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
    if_asked=(*ASKED, "processes", "journal_counts", "named_files"),
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
    journal_counts: JournalCounts | Missing,
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
    searched). Of one that is declared to have no unit of its own (`dedicated_unit: false`) it is
    degraded that none was found, once units and processes were searched through: what it is to do
    may be done elsewhere, or nowhere. A component that is declared without any part has no home of
    its own: nothing can be known of it, which is said.

    Running is that of its units (partial where some run and some do not, unstable where one keeps
    restarting); of its processes where it has no unit, else of its ports; not known otherwise.

    Why: people think in components, hosts in units. What a component is made of is declared; how
    it is, never.

    Evidence: the findings about its units (service_state, restart_loops), its streams
    (stream_activity, stream_producers) and connections (unit_connections), the lists of units,
    sockets and processes (processes_all), what was counted in the journal (journal_patterns), and
    its files' metadata (files_expected). Those findings carry the evidence, and the severity: a
    component adds no alarm of its own.

    Limits: a component of which the profile names too little looks better than it is. A line in the
    journal says that it was written, not that it was true; its age is shown and not judged.
    """
    place = Place(
        units=units,
        unit_files=unit_files,
        sockets=sockets,
        surveys=surveys_of(host, redis_listeners, redis_servers, redis_named, redis_remote),
        processes=processes,
        journal=journal_counts,
        files=named_files,
        findings=findings,
    )
    for profile in host.profiles:
        for component in profile.components:
            search = Search(place)
            search.look_for(component)
            yield _verdict(profile, component, search)


def _verdict(profile: Profile, component: Component, search: Search) -> Verdict:
    status, running = _status(component, search), _running(search)
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
        missing=tuple(dict.fromkeys(search.missing)),
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
    return tuple(dict.fromkeys((*cited, *search.looked)))


def _status(component: Component, search: Search) -> Status:
    home = [part for part in search.parts if part.kind in {"unit", "port", "process"}]
    if _homeless(component, search):
        return "degraded"
    if not search.parts:
        return "unknown"
    if home and all(part.status == "down" for part in home):
        return "down"
    statuses = {part.status for part in search.parts}
    if statuses & _WRONG:
        return "degraded"
    return "unknown" if "unknown" in statuses or search.missing or search.unfound else "ok"


def _homeless(component: Component, search: Search) -> bool:
    """Whether it is said to have no unit of its own, and was looked for all over in vain."""
    found = any(part.kind in {"unit", "process"} for part in search.parts)
    if component.dedicated_unit or found:
        return False
    return search.homes == len(component.units) + len(component.processes) > 0


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
    if _homeless(component, search):
        return text(
            "{title}: no unit of its own is known, and none was found; searched: {searched}",
            title=title,
            searched=joined(search.searched, "; "),
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
