"""What every page for people says of a host, in the order it is read: sentences, no markup."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.evidence import Record
from reporter.findings import Finding
from reporter.judgement.causes import Cause
from reporter.judgement.likeness import alike
from reporter.judgement.works import Work
from reporter.messages import Text, Value, joined, text
from reporter.report import Block, HostReport
from reporter.words import CONFIDENCES, outcome_of

__all__ = [
    "RUNNING",
    "STATUS",
    "came_of",
    "chain",
    "clock",
    "counts",
    "coverage",
    "evidence",
    "half_proven",
    "items",
    "open_ends",
    "quiet",
    "quiet_findings",
    "scope",
    "sections",
    "short_command",
]

STATUS = {"ok": "✅", "degraded": "⚠️", "down": "❌", "unknown": "❓"}
RUNNING = {
    "yes": text("YES"),
    "no": text("NO"),
    "partial": text("PARTIAL"),
    "unstable": text("YES (unstable)"),
    "na": text("N/A"),
    "unknown": text("UNKNOWN"),
}
_HEADINGS = {
    "host": text("SYSTEM LAYER (VPS / OS)"),
    "services": text("SYSTEMD SERVICES"),
    "loops": text("SYSTEMD SERVICES"),
    "timers": text("SYSTEMD SERVICES"),
    "redis": text("REDIS - ACTUAL STATE"),
    "models": text("AI / ML LAYER"),
    "frontend": text("FRONTEND / UI / MONITORING"),
    "repository": text("REPO & CODE STRUCTURE"),
    "components": text("ENGINES & BRAIN MODULES (RUNTIME ONLY)"),
    "config": text("ENV / CONFIG"),
    "logging": text("AUDIT & LOGGING"),
    "network": text("NETWORK"),
}

_BY_OWNER = (_HEADINGS["services"], _HEADINGS["network"])
"""Headings under which what belongs to an application stands apart from what does not."""

_IN_TABLE = ("stream_activity", "stream_groups", "stream_producers")
"""Rules whose good news stand in the truth table: a row each."""


def scope(host: HostReport) -> Text:
    """Return whose applications and which domains were looked at, as which user."""
    titles = ", ".join(profile.title for profile in host.profiles)
    looked = _looked_at(host)
    return text("{titles}; {scope}", titles=titles, scope=looked) if titles else looked


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


def counts(host: HostReport) -> Text:
    """Return how many findings of a host have each status, and how many are waived."""
    if host.waived:
        return text(
            "{down} down, {degraded} degraded, {unknown} unknown, {ok} ok, {waived} waived",
            waived=len(host.waived),
            **host.counts(),
        )
    return text("{down} down, {degraded} degraded, {unknown} unknown, {ok} ok", **host.counts())


def coverage(host: HostReport) -> Text:
    """Return how much of what was asked was answered, and what would answer most of the rest."""
    coverage = host.coverage
    parts = [
        text(
            "{answered} of {asked} probes answered",
            answered=coverage.collected + coverage.absent,
            asked=coverage.probes,
        )
    ]
    if coverage.missing:
        parts.append(text("{missing} did not", missing=coverage.missing))
    parts.append(
        text(
            "{unknown} of {all} findings unknown",
            unknown=coverage.unknown_findings,
            all=coverage.findings,
        )
    )
    if coverage.resolving:
        probes = ", ".join(f"{probe} ({count})" for probe, count in coverage.resolving)
        parts.append(text("unknown for want of {probes}", probes=probes))
    return joined(parts, "; ")


def half_proven(host: HostReport) -> list[tuple[tuple[Text, ...], list[Work]]]:
    """Return the chains that lack something, by what they lack, in the order of part B."""
    groups: dict[tuple[Text, ...], list[Work]] = {}
    for work in host.judgement.works:
        if not work.proven:
            groups.setdefault(work.lacks, []).append(work)
    return list(groups.items())


def chain(cause: Cause) -> Text:
    """Return the longest chain to a cause, its symptom first, and how many more end there."""
    first = cause.chains[0]
    told = text("{name}", name=first.symptom.thing.name)
    for step in first.steps[1:]:
        if step.link is not None:
            told = text(
                "{symptom} <- {behind} ({confidence})",
                symptom=told,
                behind=step.link.how,
                confidence=CONFIDENCES[step.link.confidence],
            )
    end = first.root
    if end.link is not None and end.message != end.link.how:
        told = text("{told}: {root}", told=told, root=end.message)
    more = cause.explains - 1
    if more > 0:
        told = text("{told}; {more} more end there", told=told, more=more)
    return told


def open_ends(host: HostReport) -> list[tuple[Text, list[Cause]]]:
    """Return the causes behind which something is not known, by what that is."""
    groups: dict[Text, list[Cause]] = {}
    for cause in host.judgement.causes:
        if cause.unknown is not None:
            groups.setdefault(cause.unknown, []).append(cause)
    return list(groups.items())


def short_command(command: str) -> str:
    """Return the command with its long options cut: the whole stands in the evidence table."""
    words = command.split(" ")
    return " ".join(word if len(word) <= 60 else f"{word[:40]}..." for word in words)


def sections(host: HostReport) -> Iterator[tuple[Text, list[Block]]]:
    """Yield each heading with its blocks; the sections are in order already."""
    groups: dict[Text, list[Block]] = {}
    for block in host.blocks:
        groups.setdefault(_heading(block, host), []).append(block)
    yield from groups.items()


def _heading(block: Block, host: HostReport) -> Text:
    heading = _HEADINGS[block.section]
    if heading not in _BY_OWNER or not host.profiles.all:
        return heading
    owner = next((item for item in host.profiles if item.name == block.application), None)
    whose = (", ".join(owner.units) or owner.title) if owner else text("the system's own")
    return text("{heading} ({whose})", heading=heading, whose=whose)


def items(block: Block) -> list[tuple[Finding, ...]]:
    """Return what the block has to say, worst first; what is said of several stands once."""
    order = ("down", "degraded", "unknown", "ok")
    worth = sorted(
        (finding for finding in block.findings if not _plain(finding)),
        key=lambda finding: (order.index(finding.verdict.status), finding.verdict.subject),
    )
    return [part for group in alike(worth) for part in ([group] if len(group) > 2 else zip(group))]


def quiet(block: Block) -> list[str]:
    """Return the subjects of which only the name is worth a reader's time."""
    return [finding.verdict.subject.removesuffix(".service") for finding in quiet_findings(block)]


def quiet_findings(block: Block) -> list[Finding]:
    """Return the good news of which there is no more to say than whose they are."""
    return [finding for finding in block.findings if _plain(finding)]


def _plain(finding: Finding) -> bool:
    if finding.verdict.status != "ok":
        return False
    if finding.rule in _IN_TABLE:
        return finding.rule == "stream_groups" or not finding.verdict.details
    return finding.section == "services" and not finding.verdict.details


def evidence(block: Block) -> list[tuple[str, str, int]]:
    """Return a command and the probe it is of, and how many there are like it."""
    by_probe: dict[str, list[Record]] = {}
    for record in block.evidence:
        by_probe.setdefault(record.probe, []).append(record)
    shown = []
    for probe, records in by_probe.items():
        commands = [one for record in records for one in block.by_hand.get(record.id, ())]
        commands = commands or [record.command for record in records]
        shown.append((short_command(commands[0]), probe, len(commands) - 1))
    return shown
