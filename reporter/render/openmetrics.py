"""The report as metrics: OpenMetrics 1.0, and what node_exporter's textfile collector reads.

That collector takes the older Prometheus text format, and refuses a file that holds a timestamp.
So there is none here, every metric is a gauge (a type both formats write in the same way), and
`# EOF`, which OpenMetrics ends with, is a comment to the other. The file ends in `.prom`, without
which the collector passes it by.

How many series there are is bounded, whatever a host names itself: by rules and sections, by the
units of applications and those that restarted, by `_MOST_STREAMS` streams and `_MOST_GROUPS`
groups a host. What is left out is counted. A count that is zero is written, a value that is not
known is not: 0 and unknown are two answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reporter.dataflow.readers import GroupState
from reporter.dataflow.table import StreamRow
from reporter.findings import SEVERITIES, Missing, Status
from reporter.parsers.systemd_units import Unit, Units
from reporter.render.terminal import safe
from reporter.report import SECTIONS, HostReport, Report, epoch

__all__ = ["FAMILIES", "render"]

_MOST_STREAMS = 500
_MOST_GROUPS = 1000
_LARGEST = 2**64
"""Hosts send numbers of any size; one that a reader cannot hold makes it refuse the whole file."""

_STATUSES: tuple[Status, ...] = ("ok", "degraded", "down", "unknown")

FAMILIES: dict[str, tuple[tuple[str, ...], str]] = {
    "truthmap_host_reached": (
        ("host",),
        "Whether there is usable evidence of the host (1) or not (0).",
    ),
    "truthmap_host_complete": (
        ("host",),
        "Whether every probe of the host had its turn (1) or it was cut short (0).",
    ),
    "truthmap_host_status": (
        ("host", "status"),
        "The worst status of the findings of the host: 1 for that one, 0 for the others.",
    ),
    "truthmap_collected_timestamp_seconds": (
        ("host",),
        "When the collection ended, by the clock of the host.",
    ),
    "truthmap_collection_duration_seconds": (("host",), "How long the collection took."),
    "truthmap_clock_offset_seconds": (
        ("host",),
        "The clock of the host minus that of the control node.",
    ),
    "truthmap_probes": (
        ("host", "outcome"),
        "Evidence asked for: collected, absent (nothing to run on, or to read), missing.",
    ),
    "truthmap_coverage_ratio": (("host",), "The share of probes that gave an answer, 0 to 1."),
    "truthmap_findings": (
        ("host", "section", "rule", "status"),
        "Findings by rule and status, waived ones included.",
    ),
    "truthmap_findings_severity": (
        ("host", "section", "severity"),
        "Findings by severity, waived ones left out.",
    ),
    "truthmap_findings_waived": (("host",), "Findings an operator has accepted."),
    "truthmap_fleet_findings": (
        ("rule", "status"),
        "Findings that belong to no single host (drift, waivers), waived ones left out.",
    ),
    "truthmap_risks": (("host", "severity"), "Things to act on (part E) by severity."),
    "truthmap_unit_restarts": (
        ("host", "unit"),
        "Automatic restarts since the unit was last started by hand.",
    ),
    "truthmap_stream_length": (("host", "server", "db", "stream"), "Entries of the stream."),
    "truthmap_stream_age_seconds": (
        ("host", "server", "db", "stream"),
        "Age of the last entry, by its ID, at the time of collection.",
    ),
    "truthmap_stream_limit_seconds": (
        ("host", "server", "db", "stream"),
        "Age up to which the stream counts as active.",
    ),
    "truthmap_stream_group_lag": (
        ("host", "server", "db", "stream", "group"),
        "Entries not delivered to the consumer group.",
    ),
    "truthmap_stream_group_pending": (
        ("host", "server", "db", "stream", "group"),
        "Entries delivered to the consumer group and not acknowledged.",
    ),
    "truthmap_stream_group_alive": (
        ("host", "server", "db", "stream", "group"),
        "Whether the consumer group has a reader that keeps up (1), or is stuck or dead (0).",
    ),
    "truthmap_streams_left_out": (
        ("host", "what"),
        "Streams and groups of the host for which there is no metric here: there are too many.",
    ),
}
"""Metric -> its labels, and what it means. Names and labels are stable."""


@dataclass
class _Metrics:
    """The samples of each family, by their labels: of two that look alike the first counts."""

    samples: dict[str, dict[tuple[str, ...], float]] = field(default_factory=dict)

    def add(self, family: str, value: float | None, *labels: str) -> None:
        """Note a sample, where its value is known, and a number that readers can hold."""
        if value is not None and abs(value) <= _LARGEST:
            shown = tuple(safe(label) for label in labels)
            self.samples.setdefault(family, {}).setdefault(shown, value)

    def lines(self) -> Iterator[str]:
        """Yield the exposition, family after family."""
        for family, (names, meaning) in FAMILIES.items():
            if family not in self.samples:
                continue
            yield f"# HELP {family} {meaning}"
            yield f"# TYPE {family} gauge"
            for labels, value in self.samples[family].items():
                yield f"{family}{_labels(names, labels)} {_number(value)}"
        yield "# EOF"


def render(report: Report) -> str:
    """Return the report's metrics as text with a final newline."""
    metrics = _Metrics()
    for host in report.hosts:
        _host(metrics, host)
        _findings(metrics, host)
        _units(metrics, host)
        _streams(metrics, host)
    for item in report.unreachable:
        metrics.add("truthmap_host_reached", 0, item.host)
    over_all = Counter(
        (one.rule, one.verdict.status) for one in report.findings if not one.waived
    )  # fmt: skip
    for rule in sorted({one.rule for one in report.findings}):
        for status in _STATUSES:
            metrics.add("truthmap_fleet_findings", over_all[rule, status], rule, status)
    return "\n".join(metrics.lines()) + "\n"


def _host(metrics: _Metrics, host: HostReport) -> None:
    name, coverage = host.host, host.coverage
    ended = epoch(host.collected_at)
    metrics.add("truthmap_host_reached", 1, name)
    metrics.add("truthmap_host_complete", float(host.cut_short is None), name)
    for status in _STATUSES:
        metrics.add("truthmap_host_status", float(host.status == status), name, status)
    metrics.add("truthmap_collected_timestamp_seconds", ended, name)
    took = max(0.0, ended - epoch(host.bundle.started_at))
    metrics.add("truthmap_collection_duration_seconds", round(took, 6), name)
    metrics.add("truthmap_clock_offset_seconds", host.clock.offset_s, name)
    metrics.add("truthmap_probes", coverage.collected, name, "collected")
    metrics.add("truthmap_probes", coverage.absent, name, "absent")
    metrics.add("truthmap_probes", coverage.missing, name, "missing")
    metrics.add("truthmap_coverage_ratio", round(coverage.percent / 100, 6), name)


def _findings(metrics: _Metrics, host: HostReport) -> None:
    by_status = Counter((one.section, one.rule, one.verdict.status) for one in host.findings)
    for section, rule in sorted({(one.section, one.rule) for one in host.findings}):
        for status in _STATUSES:
            count = by_status[section, rule, status]
            metrics.add("truthmap_findings", count, host.host, section, rule, status)
    counted = [one for one in host.findings if not one.waived]
    by_severity = Counter((one.section, one.verdict.severity) for one in counted)
    for section in SECTIONS:
        for severity in SEVERITIES:
            count = by_severity[section, severity]
            metrics.add("truthmap_findings_severity", count, host.host, section, severity)
    metrics.add("truthmap_findings_waived", len(host.findings) - len(counted), host.host)
    risks = Counter(risk.severity for risk in host.judgement.risks)
    for severity in SEVERITIES:
        metrics.add("truthmap_risks", risks[severity], host.host, severity)


def _units(metrics: _Metrics, host: HostReport) -> None:
    units: Units | Missing = host.facts.get("units")
    for unit in () if isinstance(units, Missing) else units.of("service"):
        if _counted(unit, host):
            metrics.add("truthmap_unit_restarts", unit.restarts, host.host, unit.name)


def _counted(unit: Unit, host: HostReport) -> bool:
    """Say whether the unit's restarts are worth a series: an application's, or there were some."""
    loaded = unit.load_state == "loaded"
    return bool(unit.restarts) or (loaded and host.profiles.owner(unit.name) is not None)


def _streams(metrics: _Metrics, host: HostReport) -> None:
    """Add the streams, those of applications first: what is left out is what nobody declared."""
    seen = [row for row in host.streams.rows if row.server is not None]
    rows = sorted(seen, key=lambda row: (not row.expected, row.application is None))
    groups = [(row, one) for row in rows for one in row.groups or ()]
    for row in rows[:_MOST_STREAMS]:
        labels = _stream(row, host)
        metrics.add("truthmap_stream_length", row.length, *labels)
        if row.activity is not None:
            age = row.activity.age
            metrics.add(
                "truthmap_stream_age_seconds", None if age is None else round(age, 3), *labels
            )
            metrics.add("truthmap_stream_limit_seconds", row.activity.limit, *labels)
    for row, one in groups[:_MOST_GROUPS]:
        _group(metrics, one, (*_stream(row, host), one.group.name))
    if host.streams.servers:
        left = max(0, len(rows) - _MOST_STREAMS)
        metrics.add("truthmap_streams_left_out", left, host.host, "streams")
        left = max(0, len(groups) - _MOST_GROUPS)
        metrics.add("truthmap_streams_left_out", left, host.host, "groups")


def _group(metrics: _Metrics, one: GroupState, labels: tuple[str, ...]) -> None:
    metrics.add("truthmap_stream_group_lag", one.lag, *labels)
    metrics.add("truthmap_stream_group_pending", one.group.pending, *labels)
    alive = None if one.life == "unknown" else float(one.life == "alive")
    metrics.add("truthmap_stream_group_alive", alive, *labels)


def _stream(row: StreamRow, host: HostReport) -> tuple[str, ...]:
    return (host.host, row.server or "", str(row.db or 0), row.stream)


def _labels(names: Iterable[str], values: Iterable[str]) -> str:
    pairs = ",".join(
        f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)
    )
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
