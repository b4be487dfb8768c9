"""The text report: what a person reads first, in a terminal, a mail or a ticket."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reporter.evidence import Record
from reporter.findings import Finding
from reporter.messages import EN, Catalogue, Text
from reporter.render.fleet_text import fleet_lines, said_of_waiver, waived_lines
from reporter.render.model_text import matrix_lines
from reporter.render.stream_text import table_lines
from reporter.render.terminal import safe
from reporter.report import Block, HostReport, Report, alike, said_of_each

__all__ = ["render"]

WIDTH = 100
_STATUS = {"ok": "✅", "degraded": "⚠️", "down": "❌", "unknown": "❓"}
_RUNNING = {
    "yes": "YES",
    "no": "NO",
    "partial": "PARTIAL",
    "unstable": "YES (unstable)",
    "na": "N/A",
    "unknown": "UNKNOWN",
}
_HEADINGS = {
    "host": "SYSTEM LAYER (VPS / OS)",
    "services": "SYSTEMD SERVICES",
    "loops": "SYSTEMD SERVICES",
    "timers": "SYSTEMD SERVICES",
    "redis": "REDIS - ACTUAL STATE",
    "models": "AI / ML LAYER",
    "frontend": "FRONTEND / UI / MONITORING",
    "repository": "REPO & CODE STRUCTURE",
    "components": "ENGINES & BRAIN MODULES (RUNTIME ONLY)",
    "config": "ENV / CONFIG",
    "logging": "AUDIT & LOGGING",
    "network": "NETWORK",
}

_BY_OWNER = (_HEADINGS["services"], _HEADINGS["network"])
"""Headings under which what belongs to an application stands apart from what does not."""


_IN_TABLE = ("stream_activity", "stream_groups", "stream_producers")
"""Rules whose good news stand in the truth table: a row each."""


def render(report: Report, catalogue: Catalogue = EN) -> str:
    """Return the report as text with a final newline; no line holds a control character."""
    template = _environment(catalogue).get_template("report.txt.j2")
    return template.render(report=report)


def _environment(catalogue: Catalogue) -> Environment:
    def shown(value: Any) -> str:
        if isinstance(value, Text):
            value = value.render(catalogue)
        return safe(str(value))

    def wrapped(value: Any, first: str, rest: str) -> str:
        return _broken_up(shown(value), first, rest)

    # Not HTML: every value is made safe for a terminal by `finalize` instead.
    environment = Environment(  # noqa: S701
        loader=PackageLoader("reporter.render"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize(shown),
    )
    environment.filters.update(
        wrapped=lambda value, first, rest: _Lines(wrapped(value, first, rest)),
        joined=lambda values, first, rest: _Lines(wrapped(", ".join(values), first, rest)),
        status=_STATUS.__getitem__,
        running=_RUNNING.__getitem__,
        day=lambda time: time[:10],
        minute=lambda time: f"{time[:10]} {time[11:16]} UTC",
        clock=_clock,
        lines=_Lines,
    )
    environment.globals.update(
        streams=lambda host: _Lines("\n".join(table_lines(host.streams, shown))),
        fleet_findings=lambda report: _Lines(fleet_lines(report, shown, _broken_up, _STATUS)),
        waived=lambda host: _Lines(waived_lines(host, shown, _broken_up)),
        said_of_waiver=said_of_waiver,
        matrix=lambda host: _Lines("\n".join(matrix_lines(host.models, shown))),
        broken=_broken,
        came_of=_came_of,
        evidence=_evidence,
        items=_items,
        quiet=_quiet,
        said_of_each=said_of_each,
        scope=_scope,
        sections=_sections,
    )
    return environment


def _broken_up(line: str, first: str, rest: str) -> str:
    """Break a line that was made safe."""
    return "\n".join(
        textwrap.wrap(
            " ".join(line.split()),
            WIDTH,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


class _Lines(str):
    """Text that was made safe and broken into lines already."""

    __slots__ = ()


def _finalize(shown: Any) -> Any:
    return lambda value: value if isinstance(value, _Lines) else shown(value)


def _scope(host: HostReport) -> str:
    titles = ", ".join(profile.title for profile in host.profiles)
    domains = ", ".join(
        dict.fromkeys(str(probe.get("id")).partition("_")[0] for probe in host.bundle.probes)
    )
    if host.bundle.collected_by == "control":
        asked = f"{domains}, asked from the control node"
        return f"{f'{titles}; ' if titles else ''}{asked}: no login, nothing else was looked at"
    hand = ", collected by hand" if host.bundle.collected_by == "hand" else ""
    whom = host.bundle.collector.user
    return f"{f'{titles}; ' if titles else ''}{domains}, as {whom}{hand} (no assumptions)"


def _came_of(record: Record) -> str:
    """Return what came of a probe: outcome, exit, reason, sizes, time, hash."""
    exit_code = f", exit {record.exit_code}" if record.exit_code is not None else ""
    reason = f" ({record.reason})" if record.reason else ""
    cut = " (cut)" if record.stdout.truncated else ""
    masked = f", {record.stdout.masked} masked" if record.stdout.masked else ""
    return (
        f"{record.outcome}{exit_code}{reason}, {record.stdout.size} bytes{cut}{masked}, "
        f"{record.duration_s:.3f} s, sha256 {record.sha256[:12]}"
    )


def _clock(host: HostReport) -> str:
    """Return how the host's clock stands against the control node's, as far as was measured."""
    offset, uncertainty = host.clock.offset_s, host.clock.uncertainty_s
    if offset is None or uncertainty is None:
        return "not compared with a control node"
    if abs(offset) <= uncertainty:
        return f"agrees with the control node's (measured to {abs(offset) + uncertainty:.1f} s)"
    return f"{offset:+.3f} s against the control node's (± {uncertainty:.3f} s)"


def _short_command(command: str) -> str:
    """Return the command with its long options cut: the whole stands in the evidence table."""
    words = command.split(" ")
    return " ".join(word if len(word) <= 60 else f"{word[:40]}..." for word in words)


def _sections(host: HostReport) -> Iterator[tuple[str, list[Block]]]:
    """Yield each heading with its blocks; the sections are in order already."""
    groups: dict[str, list[Block]] = {}
    for block in host.blocks:
        groups.setdefault(_heading(block, host), []).append(block)
    yield from groups.items()


def _heading(block: Block, host: HostReport) -> str:
    heading = _HEADINGS[block.section]
    if heading not in _BY_OWNER or not host.profiles.all:
        return heading
    owner = next((item for item in host.profiles if item.name == block.application), None)
    whose = (", ".join(owner.units) or owner.title) if owner else "the system's own"
    return f"{heading} ({whose})"


def _items(block: Block) -> list[tuple[Finding, ...]]:
    """Return what the block has to say, worst first; what is said of several stands once."""
    order = ("down", "degraded", "unknown", "ok")
    worth = sorted(
        (finding for finding in block.findings if not _plain(finding)),
        key=lambda finding: (order.index(finding.verdict.status), finding.verdict.subject),
    )
    return [part for group in alike(worth) for part in ([group] if len(group) > 2 else zip(group))]


def _quiet(block: Block) -> list[str]:
    """Return the subjects of which only the name is worth a reader's time."""
    return [
        finding.verdict.subject.removesuffix(".service")
        for finding in block.findings
        if _plain(finding)
    ]


def _plain(finding: Finding) -> bool:
    if finding.verdict.status != "ok":
        return False
    if finding.rule in _IN_TABLE:
        return finding.rule == "stream_groups" or not finding.verdict.details
    return finding.section == "services" and not finding.verdict.details


def _broken(host: HostReport) -> list[tuple[Text, list[Text]]]:
    """Return what is wrong, by component, in the order of the risks."""
    groups: dict[str, tuple[Text, list[Text]]] = {}
    for risk in host.risks:
        component = risk.findings[0].verdict.component
        groups.setdefault(str(component), (component, []))[1].append(risk.message)
    return list(groups.values())


def _evidence(block: Block) -> list[tuple[str, str, int]]:
    """Return a command and the probe it is of, and how many there are like it."""
    by_probe: dict[str, list[Record]] = {}
    for record in block.evidence:
        by_probe.setdefault(record.probe, []).append(record)
    shown = []
    for probe, records in by_probe.items():
        commands = [one for record in records for one in block.by_hand.get(record.id, ())]
        commands = commands or [record.command for record in records]
        shown.append((_short_command(commands[0]), probe, len(commands) - 1))
    return shown
