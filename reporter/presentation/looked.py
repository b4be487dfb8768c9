"""How a host was looked at: scope, clock, coverage, and what came of each probe."""

from __future__ import annotations

from reporter.evidence import Record
from reporter.messages import Text, Value, joined, text
from reporter.report import HostReport
from reporter.words import outcome_of

__all__ = ["came_of", "clock", "coverage", "minute", "scope"]


def scope(host: HostReport) -> Text:
    """Return the applications, and what was looked at as whom."""
    titles = ", ".join(profile.title for profile in host.profiles)
    looked = _looked_at(host)
    return text("{titles}; {scope}", titles=titles, scope=looked) if titles else looked


def minute(time: str) -> str:
    """Return an ISO 8601 time in UTC to the minute.

    >>> minute("2026-02-15T16:12:00.000000Z")
    '2026-02-15 16:12 UTC'
    """
    return f"{time[:10]} {time[11:16]} UTC"


def came_of(record: Record) -> Text:
    """Return what came of a probe: outcome, exit, reason, sizes, time, hash."""
    size = record.stdout.size
    parts: list[Value] = [
        outcome_of(record),
        text("{size} bytes (cut)" if record.stdout.truncated else "{size} bytes", size=size),
    ]
    if record.stdout.masked:
        parts.append(text("{count} masked", count=record.stdout.masked))
    return joined([*parts, f"{record.duration_s:.3f} s", f"sha256 {record.sha256[:12]}"])


def clock(host: HostReport) -> Text:
    """Return how the host's clock stands against the control node's, as far as was measured."""
    offset, uncertainty = host.clock.offset_s, host.clock.uncertainty_s
    if offset is None or uncertainty is None:
        return text("not compared with a control node")
    if abs(offset) <= uncertainty:
        return text(
            "agrees with the control node's (measured to {most} s)",
            most=f"{abs(offset) + uncertainty:.1f}",
        )
    return text(
        "{offset} s against the control node's (± {uncertainty} s)",
        offset=f"{offset:+.3f}",
        uncertainty=f"{uncertainty:.3f}",
    )


def coverage(host: HostReport) -> Text:
    """Return how much of what was asked was answered, and what would answer most of the rest."""
    covered = host.coverage
    parts = [
        text(
            "{answered} of {asked} probes answered",
            answered=covered.collected + covered.absent,
            asked=covered.probes,
        )
    ]
    if covered.missing:
        parts.append(text("{missing} did not", missing=covered.missing))
    parts.append(
        text(
            "{unknown} of {all} findings unknown",
            unknown=covered.unknown_findings,
            all=covered.findings,
        )
    )
    if covered.resolving:
        probes = ", ".join(f"{probe} ({count})" for probe, count in covered.resolving)
        parts.append(text("unknown for want of {probes}", probes=probes))
    return joined(parts, "; ")


def _looked_at(host: HostReport) -> Text:
    domains = ", ".join(
        dict.fromkeys(str(probe.get("id")).partition("_")[0] for probe in host.bundle.probes)
    )
    if host.bundle.collected_by == "control":
        return text(
            "{domains}, asked from the control node: no login, nothing else was looked at",
            domains=domains,
        )
    return text(
        "{domains}, as {user}, collected by hand (no assumptions)"
        if host.bundle.collected_by == "hand"
        else "{domains}, as {user} (no assumptions)",
        domains=domains,
        user=host.bundle.collector.user,
    )
