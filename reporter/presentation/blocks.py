"""Part A: its headings, the blocks under them, and what of a block is worth a line."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.evidence import Record
from reporter.findings import Finding
from reporter.judgement.likeness import alike
from reporter.messages import Text, text
from reporter.report import Block, HostReport

__all__ = [
    "HEADINGS",
    "evidence",
    "items",
    "plain",
    "quiet",
    "sections",
    "short_command",
    "short_name",
]

HEADINGS = {
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
"""Section -> the heading it stands under."""

_BY_OWNER = (HEADINGS["services"], HEADINGS["network"])
"""Headings under which what belongs to an application stands apart from what does not."""

_IN_TABLE = ("stream_activity", "stream_groups", "stream_producers")
"""Rules whose good news stand in the truth table: a row each."""

_LONG_WORD = 60


def sections(host: HostReport) -> Iterator[tuple[Text, list[Block]]]:
    """Yield each heading with its blocks; the sections are in order already."""
    groups: dict[Text, list[Block]] = {}
    for block in host.blocks:
        groups.setdefault(_heading(block, host), []).append(block)
    yield from groups.items()


def items(block: Block) -> list[tuple[Finding, ...]]:
    """Return what the block has to say, worst first; what is said of several stands once."""
    order = ("down", "degraded", "unknown", "ok")
    worth = sorted(
        (finding for finding in block.findings if not plain(finding)),
        key=lambda finding: (order.index(finding.verdict.status), finding.verdict.subject),
    )
    return [part for group in alike(worth) for part in ([group] if len(group) > 2 else zip(group))]


def quiet(block: Block) -> list[Finding]:
    """Return the findings of which only the subject's name is worth a reader's time."""
    return [finding for finding in block.findings if plain(finding)]


def plain(finding: Finding) -> bool:
    """Say whether a finding is good news and nothing else."""
    if finding.verdict.status != "ok":
        return False
    if finding.rule in _IN_TABLE:
        return finding.rule == "stream_groups" or not finding.verdict.details
    return finding.section == "services" and not finding.verdict.details


def short_name(finding: Finding) -> str:
    """Return what its subject is called in a list of names: services go by their stem."""
    return finding.verdict.subject.removesuffix(".service")


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


def _heading(block: Block, host: HostReport) -> Text:
    heading = HEADINGS[block.section]
    if heading not in _BY_OWNER or not host.profiles.all:
        return heading
    owner = next((item for item in host.profiles if item.name == block.application), None)
    whose = (", ".join(owner.units) or owner.title) if owner else text("the system's own")
    return text("{heading} ({whose})", heading=heading, whose=whose)


def short_command(command: str) -> str:
    """Return the command with its long options cut: the whole stands in the evidence table."""
    words = command.split(" ")
    return " ".join(word if len(word) <= _LONG_WORD else f"{word[:40]}..." for word in words)
