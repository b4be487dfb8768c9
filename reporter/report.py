"""The report: the view model over findings, the one thing every renderer reads.

It is built from an archive alone: no clock, no network, no host. Two renderings of one archive
are the same, byte for byte.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reporter import registry
from reporter.archive import Archive
from reporter.dataflow.facts import observed_flow
from reporter.dataflow.graph import Dataflow, Edge
from reporter.dataflow.table import StreamTable, stream_table
from reporter.engine import HostContext, facts_of, judge_facts
from reporter.errors import InputError
from reporter.evidence import Bundle, Clock, Record
from reporter.facts import FactStore
from reporter.findings import Citation, Finding, Running, Status, counts_for
from reporter.fleet.engine import Fleet, FleetHost, judge_fleet
from reporter.judgement.judgement import Judgement, judgement_of
from reporter.messages import Text, Value, text
from reporter.models.table import ModelTable, model_table
from reporter.profile import Profiles, load_profiles
from reporter.state.build import state_of
from reporter.state.model import HostState
from reporter.waivers import NO_WAIVERS, Waivers
from reporter.words import CONFIDENCES

__all__ = [
    "SECTIONS",
    "Block",
    "Coverage",
    "HostReport",
    "Report",
    "Unreachable",
    "build",
    "epoch",
    "fleet_findings",
    "host_report",
    "reaches",
]

SECTIONS = (
    "host",
    "services",
    "loops",
    "timers",
    "redis",
    "models",
    "frontend",
    "repository",
    "components",
    "config",
    "logging",
    "network",
)
"""The places in part A, in the order they are read."""

_HOST = "host"
"""The subject of what rules say of the host as a whole: each speaks of something else of it."""

_MOST_RESOLVING = 3


@dataclass(frozen=True)
class Coverage:
    """How much of what was asked for was answered: counts of evidence records.

    `collected` probes ran, `absent` ones found nothing to run on or to read, `missing` ones
    gave no answer (denied, timed out, failed, or no record at all). `resolving` are the probes
    whose answer most unknown findings wait for, with how many: at most three.
    """

    probes: int
    collected: int
    absent: int
    missing: int
    findings: int
    unknown_findings: int
    resolving: tuple[tuple[str, int], ...] = ()

    @property
    def percent(self) -> float:
        """The share of probes that gave an answer; 100 when none was asked."""
        return 100.0 * (self.collected + self.absent) / self.probes if self.probes else 100.0


@dataclass(frozen=True)
class Block:
    """A component of part A: the findings that share section, application and component.

    `by_hand` are the commands that show what the block stands on, by the record's id, where its
    own command shows something else.
    """

    section: str
    application: str | None
    component: Text
    status: Status
    running: Running
    connected_to: tuple[Value, ...]
    verified_at: str
    findings: tuple[Finding, ...]
    evidence: tuple[Record, ...]
    by_hand: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class HostReport:
    """Everything the report says of one host; `records` are its evidence by id, `facts` its facts.

    `streams` is the truth table of its event streams, `dataflow` the map it is read from, `models`
    what is known of its model files and who loaded them, `state` what is there, for comparing,
    `judgement` what follows from it all.
    """

    host: str
    bundle: Bundle
    profiles: Profiles
    coverage: Coverage
    findings: tuple[Finding, ...]
    blocks: tuple[Block, ...]
    records: Mapping[str, Record]
    commands: Mapping[str, str]
    facts: FactStore = field(repr=False, compare=False)
    streams: StreamTable = field(default_factory=StreamTable)
    dataflow: Dataflow = field(default_factory=Dataflow)
    models: ModelTable = field(default_factory=ModelTable)
    state: HostState = field(default_factory=HostState)
    judgement: Judgement = field(default_factory=Judgement)
    cut_short: str | None = None

    @property
    def collected_at(self) -> str:
        """When the collection ended, by the host's clock, ISO 8601 in UTC."""
        return self.bundle.finished_at

    @property
    def clock(self) -> Clock:
        """The host's clock against the control node's."""
        return self.bundle.clock

    @property
    def status(self) -> Status:
        """The worst of the host's findings; unknown is worse than ok, better than known bad.

        Waived findings do not count.
        """
        counting = (finding for finding in self.findings if not finding.waived)
        return _status({finding.verdict.status for finding in counting})

    @property
    def waived(self) -> tuple[Finding, ...]:
        """The findings an operator has accepted."""
        return tuple(finding for finding in self.findings if finding.waived)

    def counts(self) -> dict[Status, int]:
        """Return how many findings have each status; waived ones are counted apart."""
        counted: dict[Status, int] = {"ok": 0, "degraded": 0, "down": 0, "unknown": 0}
        for finding in self.findings:
            if not finding.waived:
                counted[finding.verdict.status] += 1
        return counted


@dataclass(frozen=True)
class Unreachable:
    """A host nobody reached, or whose evidence cannot be used."""

    host: str
    reason: str


@dataclass(frozen=True)
class Report:
    """The report over one archive; `findings` are those that belong to no single host."""

    digest: str
    run: str
    complete: bool
    hosts: tuple[HostReport, ...]
    unreachable: tuple[Unreachable, ...]
    problems: tuple[str, ...] = field(default=())
    findings: tuple[Finding, ...] = field(default=())

    @property
    def all_findings(self) -> Iterator[Finding]:
        """Every finding, those of the hosts first."""
        yield from (finding for host in self.hosts for finding in host.findings)
        yield from self.findings

    @property
    def incomplete(self) -> bool:
        """Whether a host was not reached, or was cut short, or the run was interrupted."""
        return (
            not self.complete
            or bool(self.unreachable)
            or any(host.cut_short for host in self.hosts)
        )


def build(
    archive: Archive,
    profiles: Mapping[str, Any] | None = None,
    waivers: Waivers = NO_WAIVERS,
) -> Report:
    """Judge every host of the archive and return the report.

    `profiles` (`truthmap_app_*` values by application name) replace those stored in the bundles.
    A bundle with an unusable profile becomes an unreachable entry: one bad host never takes down
    the rest.
    """
    hosts = []
    unreachable = {host: item.reason for host, item in archive.unreached.items()}
    for host in sorted(archive.bundles):
        try:
            cut_short = archive.partial.get(host)
            hosts.append(host_report(archive.bundles[host], profiles, cut_short, waivers))
        except InputError as error:
            if profiles is not None:
                raise
            unreachable[host] = str(error)
    return Report(
        digest=archive.digest,
        run=archive.run,
        complete=archive.complete,
        hosts=tuple(hosts),
        unreachable=tuple(Unreachable(host, unreachable[host]) for host in sorted(unreachable)),
        problems=tuple(str(problem) for problem in archive.problems),
        findings=fleet_findings(hosts, unreachable, waivers),
    )


def fleet_findings(
    hosts: Iterable[HostReport], unreachable: Mapping[str, str], waivers: Waivers = NO_WAIVERS
) -> tuple[Finding, ...]:
    """Return the findings that belong to no single host."""
    members = tuple(
        FleetHost(
            name=host.host,
            collected_at=host.collected_at,
            groups=tuple(host.bundle.groups),
            profiles=host.profiles,
            key_id=host.bundle.fingerprint_key_id,
            asked=frozenset(str(probe.get("id")) for probe in host.bundle.probes),
            findings=host.findings,
            state=host.state,
        )
        for host in hosts
    )
    fleet = Fleet(hosts=members, unreachable=unreachable, waivers=waivers)
    return judge_fleet(fleet, registry.fleet_rules())


def host_report(
    bundle: Bundle,
    profiles: Mapping[str, Any] | None = None,
    cut_short: str | None = None,
    waivers: Waivers = NO_WAIVERS,
) -> HostReport:
    """Judge one bundle; raises `InputError` for an unusable profile."""
    declared = load_profiles(
        bundle.applications if profiles is None else profiles, f"profile of {bundle.host}"
    )
    context = HostContext(
        name=bundle.host,
        collected_at=epoch(bundle.finished_at),
        profiles=declared,
        bundle=bundle,
    )
    facts = facts_of(bundle, registry.parsers())
    findings = waivers.applied(
        judge_facts(context, registry.rules(), facts), bundle.host, bundle.finished_at
    )
    flow = observed_flow(context, facts)
    streams, models = stream_table(flow), model_table(context, facts)
    records = {record.id: record for record in bundle.evidence}
    if not bundle.complete and cut_short is None:
        cut_short = "the time budget ended before every probe had run"
    return HostReport(
        host=bundle.host,
        bundle=bundle,
        profiles=declared,
        coverage=_coverage(bundle, findings),
        findings=tuple(findings),
        blocks=tuple(_blocks(findings, records, flow.graph)),
        records=records,
        commands=_commands(bundle),
        facts=facts,
        streams=streams,
        dataflow=flow.graph,
        models=models,
        state=state_of(context, facts, flow, models),
        judgement=judgement_of(
            {finding.id: finding for finding in findings},
            facts,
            streams,
            flow.graph,
            models,
            declared,
            {one.id: one.if_ignored for one in registry.rules() if one.if_ignored is not None},
        ),
        cut_short=cut_short,
    )


def reaches(finding: Finding, threshold: str) -> bool:
    """Say whether a finding counts for a threshold; waived findings never count."""
    verdict = finding.verdict
    counts = counts_for(threshold, verdict.status, verdict.severity, finding.gate)
    return counts and not finding.waived


def epoch(time: str) -> float:
    """Return an ISO 8601 time as seconds since 1970 in UTC."""
    return datetime.fromisoformat(time).timestamp()


def _commands(bundle: Bundle) -> dict[str, str]:
    """Return by probe or record id how to repeat it by hand, also where no record was left.

    A probe that takes its targets from another's evidence is repeated by that one first.
    """
    commands = {
        str(probe.get("id")): shlex.join(map(str, probe.get("args", {}).get("argv", [])))
        for probe in bundle.probes
        if "from" not in probe and "items" not in probe
    }
    commands.update({record.id: record.command for record in bundle.evidence})
    for probe in bundle.probes:
        if "from" in probe:
            commands.setdefault(str(probe.get("id")), commands.get(probe["from"]["probe"], ""))
    return {key: value for key, value in commands.items() if value}


def _coverage(bundle: Bundle, findings: Collection[Finding]) -> Coverage:
    outcomes = [record.outcome for record in bundle.evidence]
    answered = {record.probe for record in bundle.evidence}
    silent = sum(1 for probe in bundle.probes if probe.get("id") not in answered)
    verdicts = [finding.verdict.status for finding in findings]
    collected = outcomes.count("collected")
    absent = outcomes.count("absent")
    return Coverage(
        probes=len(outcomes) + silent,
        collected=collected,
        absent=absent,
        missing=len(outcomes) - collected - absent + silent,
        findings=len(verdicts),
        unknown_findings=verdicts.count("unknown"),
        resolving=_resolving(findings),
    )


def _resolving(findings: Iterable[Finding]) -> tuple[tuple[str, int], ...]:
    """Return the probes that unknown findings wait for, those of most findings first."""
    waiting: Counter[str] = Counter()
    for finding in findings:
        if finding.verdict.status == "unknown":
            waiting.update({one.probe.partition("[")[0] for one in finding.verdict.missing})
    ranked = sorted(waiting.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ranked[:_MOST_RESOLVING])


def _blocks(
    findings: Iterable[Finding], records: Mapping[str, Record], dataflow: Dataflow
) -> list[Block]:
    groups: dict[tuple[int, str, str], list[Finding]] = {}
    connected: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.verdict.connected_to:
            connected.setdefault(finding.verdict.subject, []).append(finding)
        verdict = finding.verdict
        key = (SECTIONS.index(finding.section), verdict.application or "~", str(verdict.component))
        groups.setdefault(key, []).append(finding)
    flows = _flows(dataflow)
    return [_block(groups[key], records, connected, flows) for key in sorted(groups)]


def _flows(dataflow: Dataflow) -> dict[str, list[Edge]]:
    """Return, by unit, the streams it writes by what is more than an inference."""
    found: dict[str, list[Edge]] = {}
    for edge in dataflow.edges:
        if edge.relation == "writes" and edge.confidence in {"claimed", "configured"}:
            found.setdefault(edge.source.id, []).append(edge)
    return found


def _block(
    findings: list[Finding],
    records: Mapping[str, Record],
    connected: Mapping[str, list[Finding]],
    flows: Mapping[str, list[Edge]],
) -> Block:
    """Return the block; what any rule saw its subjects connected to stands in it, with evidence."""
    first = findings[0]
    subjects = dict.fromkeys(finding.verdict.subject for finding in findings)
    talking = [
        finding
        for subject in subjects
        for finding in connected.get(subject, ())
        if subject != _HOST or finding in findings
    ]
    written = [edge for subject in subjects for edge in flows.get(subject, ())]
    if first.section == "network":
        written = []
    citations = [one for finding in (*findings, *talking) for one in finding.verdict.citations]
    citations += [one for edge in written for one in edge.citations]
    cited = [one.record for one in citations if one.record in records]
    return Block(
        section=first.section,
        application=first.verdict.application,
        component=first.verdict.component,
        status=_block_status([finding.verdict.status for finding in findings]),
        running=_block_running([finding.verdict.running for finding in findings]),
        connected_to=(
            *sorted({one for finding in talking for one in finding.verdict.connected_to}, key=str),
            *sorted({_written(edge) for edge in written}, key=str),
        ),
        verified_at=min(finding.verified_at for finding in findings),
        findings=tuple(findings),
        evidence=tuple(records[name] for name in dict.fromkeys(cited)),
        by_hand=_by_hand(citations),
    )


def _written(edge: Edge) -> Text:
    return text("{stream} ({how})", stream=edge.target.id, how=CONFIDENCES[edge.confidence])


def _by_hand(citations: Iterable[Citation]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for citation in citations:
        found.setdefault(citation.record, {}).update(dict.fromkeys(citation.by_hand))
    return {record: tuple(commands) for record, commands in found.items() if commands}


def _status(statuses: set[Status]) -> Status:
    order: tuple[Status, ...] = ("down", "degraded", "unknown", "ok")
    return next((status for status in order if status in statuses), "unknown")


def _block_status(statuses: list[Status]) -> Status:
    """Return down only where all is down: a block half broken is degraded."""
    known = {status for status in statuses if status != "unknown"}
    if not known:
        return "unknown"
    if len(known) > 1:
        return "degraded"
    (only,) = known
    return "degraded" if only == "ok" and "unknown" in statuses else only


def _block_running(states: list[Running]) -> Running:
    known = {state for state in states if state not in ("na", "unknown")}
    if not known:
        return "na" if "na" in states else "unknown"
    if "unstable" in known:
        return "unstable"
    if len(known) > 1:
        return "partial"
    (only,) = known
    return only
