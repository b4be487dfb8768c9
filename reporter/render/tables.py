"""The report as tables: hosts, findings, units, timers, listeners, streams, groups, drift.

A table is declared once: its columns with their kinds, and the rows. What is not known is None,
in every kind; a list is one text, parted by `; `. Sentences are English. What hosts chose to call
themselves is spelled out as in the text report (no control or invisible character). Spans are
seconds, moments epoch seconds here, counts plain numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from reporter.dataflow.readers import GroupState
from reporter.dataflow.table import StreamRow
from reporter.engine import HostContext
from reporter.findings import SEVERITIES, Finding, Missing, Severity, Status
from reporter.messages import Value
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Unit, Units
from reporter.parsers.systemd_values import NEVER
from reporter.parsers.timers import Timer, Timers
from reporter.render.found import found
from reporter.report import HostReport, Report, epoch
from reporter.rules.sockets_listening import Listener, listeners_of

__all__ = ["TABLES", "Cell", "Column", "Kind", "Table"]

Kind = Literal["text", "int", "float", "bool", "time"]
Cell = str | int | float | bool | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `means` says what stands in it, with its unit."""

    name: str
    kind: Kind
    means: str


@dataclass(frozen=True)
class Table:
    """One table; `rows` gives its rows in the order of the report."""

    name: str
    means: str
    columns: tuple[Column, ...]
    rows: Callable[[Report], Iterator[Row]]


_HOST = Column("host", "text", "the host's name in the inventory")
_OR_NONE = Column("host", "text", "the host's name; empty for what belongs to no single one")
_APPLICATION = Column("application", "text", "the application of a profile it belongs to")
_STATUS = Column(
    "status", "text", "the worst of the findings about it: ok, degraded, down, unknown"
)
_SEVERITY = Column("severity", "text", "the worst severity of these findings: P0 to P3")

_STATUSES: tuple[Status, ...] = ("ok", "degraded", "down", "unknown")
_BY_WORST: tuple[Status, ...] = ("down", "degraded", "unknown", "ok")

_HOSTS = (
    _HOST,
    Column("reached", "bool", "whether there is usable evidence of it"),
    Column("reason", "text", "why there is none, or why it was cut short"),
    Column("status", "text", "the worst of its findings; unknown without evidence"),
    Column("collected_at", "time", "when the collection ended, by the host's clock"),
    Column("collected_by", "text", "ansible, control (asked from the control node) or hand"),
    Column("collected_as", "text", "the user the collector ran as"),
    Column("applications", "text", "the applications of its profiles"),
    Column("complete", "bool", "whether every probe had its turn"),
    Column("clock_offset_s", "float", "the host's clock minus the control node's, seconds"),
    Column("clock_uncertainty_s", "float", "how far that may be off, seconds"),
    Column("probes", "int", "evidence records asked for"),
    Column("probes_collected", "int", "of these, ran"),
    Column("probes_absent", "int", "of these, found nothing to run on or to read"),
    Column("probes_missing", "int", "of these, gave no answer"),
    Column("coverage_percent", "float", "the share of probes that gave an answer"),
    *(Column(f"findings_{one}", "int", f"findings with the status {one}") for one in _STATUSES),
    Column("findings_waived", "int", "findings an operator has accepted, of any status"),
    *(
        Column(f"risks_{one.lower()}", "int", f"risks (part E) of severity {one}")
        for one in SEVERITIES
    ),
    Column("units", "int", "units in memory; empty where not all were seen"),
    Column("timers", "int", "timers in memory; empty where not all were seen"),
    Column("listeners", "int", "listeners; empty where not all were seen"),
    Column("streams", "int", "event streams seen; empty where no Redis was surveyed"),
)


def _hosts(report: Report) -> Iterator[Row]:
    for host in report.hosts:
        coverage, counts = host.coverage, host.counts()
        risks = [risk.severity for risk in host.judgement.risks]
        yield (
            host.host,
            True,
            _or_none(host.cut_short),
            host.status,
            epoch(host.collected_at),
            host.bundle.collected_by,
            host.bundle.collector.user,
            _listed(profile.name for profile in host.profiles),
            host.cut_short is None,
            host.clock.offset_s,
            host.clock.uncertainty_s,
            coverage.probes,
            coverage.collected,
            coverage.absent,
            coverage.missing,
            round(coverage.percent, 3),
            *(counts[one] for one in _STATUSES),
            sum(1 for finding in host.findings if finding.waived),
            *(risks.count(one) for one in SEVERITIES),
            _count(_units_of(host)),
            _count(_timers_of(host)),
            _count(_sockets_of(host)),
            len(host.streams.rows) if host.streams.servers else None,
        )
    for item in report.unreachable:
        known: dict[str, Cell] = {
            "host": item.host,
            "reached": False,
            "reason": item.reason,
            "status": "unknown",
        }
        yield tuple(known.get(column.name) for column in _HOSTS)


_FINDINGS = (
    _OR_NONE,
    Column("id", "text", "rule:subject, stable from run to run"),
    Column("rule", "text", "the rule (`truthmap rules RULE`)"),
    Column("section", "text", "the place in part A"),
    _APPLICATION,
    Column("layer", "text", "the layer of the profile's component"),
    Column("component", "text", "the block of part A"),
    Column("subject", "text", "what it is about"),
    Column("status", "text", "ok, degraded, down, unknown"),
    Column("running", "text", "yes, no, partial, unstable, na, unknown"),
    Column("severity", "text", "P0 to P3"),
    Column("at_worst", "text", "of an unknown one, the worst its rule could have found"),
    Column("confidence", "text", "observed, claimed, configured, inferred"),
    Column("cause", "text", "the id of the cause that explains it"),
    Column("waived", "bool", "whether an operator has accepted it"),
    Column("waiver", "text", "until when, by whom and why"),
    Column("verified_at", "time", "when its evidence was taken, by the host's clock"),
    Column("message", "text", "what was found"),
    Column("message_id", "text", "the sentence without its values"),
    Column("details", "text", "what else there is to say"),
    Column("connected_to", "text", "what it was seen connected to"),
    Column("evidence", "text", "the records it stands on"),
    Column("commands", "text", "how to repeat them by hand"),
    Column("missing", "text", "the evidence that is missing, and why"),
)


def _findings(report: Report) -> Iterator[Row]:
    for one in found(report):
        finding, verdict = one.finding, one.finding.verdict
        yield (
            one.host or None,
            finding.id,
            finding.rule,
            finding.section,
            verdict.application,
            verdict.layer,
            str(verdict.component),
            verdict.subject,
            verdict.status,
            verdict.running,
            verdict.severity,
            finding.at_worst,
            verdict.confidence,
            one.cause,
            finding.waived,
            str(finding.waiver.said) if finding.waiver else None,
            epoch(finding.verified_at),
            str(verdict.message),
            verdict.message.template,
            _listed(verdict.details),
            _listed(verdict.connected_to),
            _listed(one.evidence),
            _listed(one.commands),
            _listed(_gap(gap) for gap in verdict.missing),
        )


_UNITS = (
    _HOST,
    Column("unit", "text", "its name"),
    Column("kind", "text", "service, socket, timer, mount, ..."),
    _APPLICATION,
    _STATUS,
    _SEVERITY,
    Column("loaded", "bool", "whether it is in memory; false: there is only its file"),
    Column("load_state", "text", "loaded, not-found, masked, ..."),
    Column("active_state", "text", "active, inactive, failed, activating, ..."),
    Column("sub_state", "text", "running, dead, exited, auto-restart, ..."),
    Column("unit_file_state", "text", "enabled, disabled, static, masked, ..."),
    Column("type", "text", "a service's Type="),
    Column("result", "text", "how its last run ended"),
    Column("exit_status", "int", "the exit status of its main process"),
    Column("restarts", "int", "automatic restarts since it was last started by hand"),
    Column("main_pid", "int", "its main process, while it runs"),
    Column("user", "text", "User=; empty for root"),
    Column("active_since", "time", "when it became active"),
    Column("started_at", "time", "when its main process started"),
    Column("changed_at", "time", "when its state last changed"),
    Column("fragment_path", "text", "its unit file"),
    Column("description", "text", "its Description="),
)


def _units(report: Report) -> Iterator[Row]:
    for host in report.hosts:
        verdicts = _verdicts(host)
        units, files = _units_of(host), host.facts.get("unit_files")
        in_memory = {} if isinstance(units, Missing) else units.by_name
        on_disk = _lasting(files)
        for name in sorted({*in_memory, *on_disk}):
            unit = in_memory.get(name)
            known = unit is not None or (not isinstance(units, Missing) and units.complete)
            yield (
                host.host,
                name,
                name.rpartition(".")[2],
                _application(host, name),
                *_worst(verdicts.get(name, ())),
                unit is not None if known else None,
                *_states(unit, on_disk.get(name)),
            )


def _lasting(files: UnitFiles | Missing) -> dict[str, str]:
    """Return the states of the unit files that are a unit: no template, no other name of one."""
    if isinstance(files, Missing):
        return {}
    return {file.name: file.state for file in files if not file.template and file.state != "alias"}


def _states(unit: Unit | None, file_state: str | None) -> tuple[Cell, ...]:
    """Return the columns from `load_state` on; without a unit in memory only its file tells."""
    if unit is None:
        return (None, None, None, file_state, *[None] * 11)
    return (
        _or_none(unit.load_state),
        _or_none(unit.active_state),
        _or_none(unit.sub_state),
        _or_none(unit.unit_file_state) or file_state,
        _or_none(unit.type),
        _or_none(unit.result),
        unit.exit_status,
        unit.restarts,
        unit.main_pid or None,
        _or_none(unit.user),
        _moment(unit.active_since),
        _moment(unit.started_at),
        _moment(unit.changed_at),
        _or_none(unit.fragment_path),
        _or_none(unit.description),
    )


_TIMERS = (
    _HOST,
    Column("timer", "text", "its name"),
    Column("unit", "text", "what it starts"),
    _APPLICATION,
    _STATUS,
    _SEVERITY,
    Column("load_state", "text", "loaded, masked, ..."),
    Column("active_state", "text", "active, inactive, failed"),
    Column("sub_state", "text", "waiting, running, elapsed, dead"),
    Column("unit_file_state", "text", "enabled, disabled, static, ..."),
    Column("schedules", "text", "its schedule, as systemd shows it"),
    Column("last_at", "time", "its last run on record; empty: none on record, or not shown"),
    Column("next_at", "time", "its next run by the calendar"),
    Column("next_after_boot_s", "float", "its next run by the monotonic clock, seconds after boot"),
)


def _timers(report: Report) -> Iterator[Row]:
    for host in report.hosts:
        timers = _timers_of(host)
        verdicts = _verdicts(host)
        for timer in () if isinstance(timers, Missing) else timers:
            yield _timer(host, timer, verdicts.get(timer.name, ()))


def _timer(host: HostReport, timer: Timer, found: Iterable[Finding]) -> Row:
    after_boot = timer.next_after_boot
    return (
        host.host,
        timer.name,
        _or_none(timer.unit),
        _application(host, timer.name, timer.unit),
        *_worst(found),
        _or_none(timer.load_state),
        _or_none(timer.active_state),
        _or_none(timer.sub_state),
        _or_none(timer.unit_file_state),
        _listed(f"{one.how}={one.value}" for one in timer.schedules),
        _moment(timer.last_at),
        _moment(timer.next_at),
        None if not after_boot or math.isinf(after_boot) else after_boot,
    )


_LISTENERS = (
    _HOST,
    Column("proto", "text", "tcp or udp"),
    Column("address", "text", "the address, as ss shows it"),
    Column("port", "int", "the port"),
    Column("reach", "text", "from where it can be reached, as far as the host shows"),
    _APPLICATION,
    _STATUS,
    _SEVERITY,
    Column("units", "text", "the units that answer; empty where that is not known"),
    Column("users", "text", "the users they run as"),
    Column("programs", "text", "their programs"),
    Column("unknown", "text", "why the above is not all known"),
)


def _listeners(report: Report) -> Iterator[Row]:
    for host in report.hosts:
        verdicts = _verdicts(host)
        for one in _listeners_of(host):
            yield (
                host.host,
                one.proto,
                one.at.host,
                one.at.port,
                str(one.reach),
                _application(host, *one.owner.units),
                *_worst(verdicts.get(one.subject, ())),
                _listed(one.owner.units),
                _listed(one.owner.users),
                _listed(one.owner.executables),
                _listed(gap.reason for gap in one.owner.missing),
            )


_STREAMS = (
    _HOST,
    Column("server", "text", "the Redis server; empty for one expected and seen nowhere"),
    Column("db", "int", "the database"),
    Column("stream", "text", "the key"),
    _APPLICATION,
    _STATUS,
    _SEVERITY,
    Column("expected", "bool", "whether a profile expects it"),
    Column("exists", "bool", "whether it is there"),
    Column("active", "text", "yes, stale, no, unknown"),
    Column("length", "int", "its entries"),
    Column("last_id", "text", "the ID of its last entry"),
    Column("last_id_at", "time", "the time in that ID"),
    Column("last_event_at", "time", "the time the entry carries"),
    Column("age_s", "float", "age of the last entry by its ID, seconds"),
    Column("event_age_s", "float", "age by the time it carries, seconds"),
    Column("limit_s", "float", "age up to which it counts as active, seconds"),
    Column("added", "int", "entries added during the survey"),
    Column("trimmed", "int", "entries trimmed during the survey"),
    Column("producers", "text", "who writes it, and how that is known"),
    Column("candidates", "text", "units that may be who writes it"),
    Column("groups", "int", "its consumer groups"),
    Column("unknown", "text", "what of the row is not known, and why"),
)


def _streams(report: Report) -> Iterator[Row]:
    for host in report.hosts:
        verdicts = _verdicts(host)
        for row in host.streams.rows:
            yield _stream(host, row, verdicts.get(row.subject, ()))


def _stream(host: HostReport, row: StreamRow, found: Iterable[Finding]) -> Row:
    activity = row.activity
    growth = activity.growth if activity else None
    payload = activity.payload if activity else None
    return (
        host.host,
        row.server,
        row.db,
        row.stream,
        row.application,
        *_worst(found),
        row.expected,
        row.exists,
        row.active,
        row.length,
        activity.last_id if activity else None,
        activity.id_at if activity else None,
        payload.at if payload and payload.plausible else None,
        _span(activity.age) if activity else None,
        _span(activity.event_age) if activity else None,
        activity.limit if activity else None,
        growth.added if growth else None,
        growth.trimmed if growth else None,
        _listed(f"{one.name} ({one.confidence})" for one in row.producers),
        _listed(row.candidates),
        None if row.groups is None else len(row.groups),
        _listed(row.unknown),
    )


_GROUPS = (
    _HOST,
    Column("server", "text", "the Redis server"),
    Column("db", "int", "the database"),
    Column("stream", "text", "the stream"),
    Column("group", "text", "the consumer group"),
    _APPLICATION,
    _STATUS,
    _SEVERITY,
    Column("state", "text", "alive, stuck, dead, unknown"),
    Column("why", "text", "the reason for the state"),
    Column("consumers", "int", "its consumers"),
    Column("pending", "int", "entries delivered and not acknowledged"),
    Column("lag", "int", "entries not delivered"),
    Column("waiting_at_least", "int", "entries not delivered, as far as known"),
    Column("idle_s", "float", "since one of its consumers was last seen, seconds"),
    Column("oldest_pending_s", "float", "age of the oldest entry not acknowledged, seconds"),
    Column("readers", "text", "the units that read through it"),
)


def _groups(report: Report) -> Iterator[Row]:
    for host in report.hosts:
        verdicts = _verdicts(host)
        for row in host.streams.rows:
            for state in row.groups or ():
                found = verdicts.get(f"{row.subject}/{state.group.name}", ())
                yield _group(host, row, state, found)


def _group(host: HostReport, row: StreamRow, state: GroupState, found: Iterable[Finding]) -> Row:
    return (
        host.host,
        row.server,
        row.db,
        row.stream,
        state.group.name,
        row.application,
        *_worst(found),
        state.life,
        state.why,
        state.group.consumer_count,
        state.group.pending,
        state.lag,
        state.behind.at_least if state.behind else 0,
        _span(state.idle),
        _span(state.oldest_pending),
        _listed(f"{one.unit} ({one.confidence})" for one in state.readers),
    )


_DRIFT_RULES = frozenset({"declared_inventories", "host_drift"})
"""Rules that hold what should be, or what others are, against what is."""

_DRIFT = (
    _OR_NONE,
    Column("rule", "text", "the rule that compared"),
    _APPLICATION,
    Column("subject", "text", "what was compared"),
    Column("status", "text", "ok, degraded, down, unknown"),
    Column("severity", "text", "P0 to P3"),
    Column("message", "text", "what came of it"),
    Column("difference", "text", "one difference, a row for each; empty without any"),
)


def _drift(report: Report) -> Iterator[Row]:
    for one in found(report):
        verdict = one.finding.verdict
        if one.finding.rule not in _DRIFT_RULES:
            continue
        for difference in verdict.details or (None,):
            yield (
                one.host or None,
                one.finding.rule,
                verdict.application,
                verdict.subject,
                verdict.status,
                verdict.severity,
                str(verdict.message),
                None if difference is None else str(difference),
            )


TABLES: tuple[Table, ...] = (
    Table("hosts", "one row for each host of the run, reached or not", _HOSTS, _hosts),
    Table("findings", "one row for each finding, good or bad", _FINDINGS, _findings),
    Table("units", "units in memory, and unit files of units that are not", _UNITS, _units),
    Table("timers", "timers in memory", _TIMERS, _timers),
    Table("listeners", "ports something listens on", _LISTENERS, _listeners),
    Table("streams", "event streams seen in Redis, or expected there", _STREAMS, _streams),
    Table("groups", "consumer groups of these streams", _GROUPS, _groups),
    Table("drift", "what was declared, or is on other hosts, held against what is", _DRIFT, _drift),
)


def _units_of(host: HostReport) -> Units | Missing:
    found: Units | Missing = host.facts.get("units")
    return found


def _timers_of(host: HostReport) -> Timers | Missing:
    found: Timers | Missing = host.facts.get("timers")
    return found


def _sockets_of(host: HostReport) -> Sockets | Missing:
    found: Sockets | Missing = host.facts.get("sockets")
    return found


def _listeners_of(host: HostReport) -> list[Listener]:
    sockets = _sockets_of(host)
    if isinstance(sockets, Missing):
        return []
    context = HostContext(host.host, epoch(host.collected_at), host.profiles, host.bundle)
    return listeners_of(sockets, host.facts.get("socket_processes"), context)


def _count(fact: Units | Timers | Sockets | Missing) -> int | None:
    """Return how many there are; None where not all were seen."""
    if isinstance(fact, Missing) or not fact.complete:
        return None
    if isinstance(fact, Sockets):
        return len({(one.proto, one.local) for one in fact.listening})
    return len(fact.by_name)


def _verdicts(host: HostReport) -> Mapping[str, list[Finding]]:
    """Return the host's findings by subject, those an operator has accepted left out."""
    found: dict[str, list[Finding]] = {}
    for finding in host.findings:
        if not finding.waived:
            found.setdefault(finding.verdict.subject, []).append(finding)
    return found


def _worst(findings: Iterable[Finding]) -> tuple[Status | None, Severity | None]:
    found = list(findings)
    statuses = {one.verdict.status for one in found}
    severities = [one.verdict.severity for one in found if one.verdict.severity]
    return (
        next((status for status in _BY_WORST if status in statuses), None),
        min(severities, default=None),
    )


def _application(host: HostReport, *units: str) -> str | None:
    owners = (host.profiles.owner(unit) for unit in units)
    return next((owner.name for owner in owners if owner), None)


def _moment(when: float | None) -> float | None:
    return None if when is None or when == NEVER else when


def _span(seconds: float | None) -> float | None:
    return None if seconds is None or math.isinf(seconds) else round(seconds, 3)


def _gap(gap: Missing) -> str:
    return f"{gap.host}: {gap.probe}: {gap.reason}" if gap.host else f"{gap.probe}: {gap.reason}"


def _or_none(value: str | None) -> str | None:
    return value or None


def _listed(values: Iterable[Value]) -> str | None:
    return "; ".join(str(value) for value in values) or None
