"""The JSON of a diff, version 1: a public format of its own, free of language but for messages.

Keys may be added within a version. Times are ISO 8601 in UTC, spans seconds.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, get_args

import msgspec

from reporter.diff.model import Diff, FindingChange, HostDiff, How, NotCompared, Rate, StateChange
from reporter.diff.side import Seen, Side
from reporter.diff.stories import stories
from reporter.messages import Text

__all__ = ["SCHEMA", "diff_schema", "render"]

SCHEMA = "truthmap/diff/1"


class SideV1(msgspec.Struct, frozen=True):
    """One of the two reports."""

    run: str
    digest: str
    complete: bool
    hosts: int
    first_collected_at: str | None
    last_collected_at: str | None


class VerdictV1(msgspec.Struct, frozen=True):
    """What one side says; `at_worst` is the severity an unknown finding could have."""

    status: str
    severity: str | None
    at_worst: str | None
    waived: bool
    message: str
    message_id: str
    message_values: dict[str, Any]


class FindingChangeV1(msgspec.Struct, frozen=True):
    """A finding that changed; `change` is how: broken, new, worse, unknown_now, recovered, gone,
    better or known_again. `story` is the thing it is told with: a unit, a port, a file.
    """

    id: str
    change: str
    rule: str
    subject: str
    application: str | None
    story: str | None
    old: VerdictV1 | None
    new: VerdictV1 | None


class TraitChangeV1(msgspec.Struct, frozen=True):
    """One trait of a thing; null where it has none."""

    trait: str
    old: str | int | float | tuple[str, ...] | None
    new: str | int | float | tuple[str, ...] | None


class StateChangeV1(msgspec.Struct, frozen=True):
    """A thing that was added, removed, changed, restarted or (the host itself) rebooted."""

    kind: str
    name: str
    change: str
    units: tuple[str, ...]
    story: str | None
    traits: tuple[TraitChangeV1, ...]
    message: str
    message_id: str
    message_values: dict[str, Any]


class RateV1(msgspec.Struct, frozen=True):
    """A counter's growth; after a `reset` it is what was counted since."""

    counter: str
    subject: str
    old: float
    new: float
    growth: float
    seconds: float
    per_hour: float | None
    reset: bool


class NotComparedV1(msgspec.Struct, frozen=True):
    """Things of a kind that one side shows and the other (`missing_in`) may have unseen."""

    kind: str
    missing_in: str
    count: int
    reason: str


class HostDiffV1(msgspec.Struct, frozen=True):
    """One host; `status` is compared, new, gone, unreachable_now or reached_again."""

    host: str
    status: str
    old_at: str | None
    new_at: str | None
    seconds: float | None
    reason: str | None
    rebooted: bool | None
    findings: tuple[FindingChangeV1, ...]
    changes: tuple[StateChangeV1, ...]
    rates: tuple[RateV1, ...]
    not_compared: tuple[NotComparedV1, ...]
    notes: tuple[str, ...]


class FleetDiffV1(msgspec.Struct, frozen=True):
    """Changes of findings that belong to no single host."""

    findings: tuple[FindingChangeV1, ...]


class DiffV1(msgspec.Struct, frozen=True):
    """The whole diff; `counts` counts changes of findings by how they changed."""

    schema: str
    old: SideV1
    new: SideV1
    counts: dict[str, int]
    hosts: tuple[HostDiffV1, ...]
    fleet: FleetDiffV1


def render(diff: Diff) -> str:
    """Return the diff as indented JSON with a final newline."""
    return json.dumps(msgspec.to_builtins(_diff(diff)), indent=2, ensure_ascii=True) + "\n"


def diff_schema() -> dict[str, Any]:
    """Return the published JSON Schema of the diff."""
    schema = msgspec.json.schema(DiffV1)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = SCHEMA
    return schema


_HOWS: tuple[How, ...] = get_args(How)


def _diff(diff: Diff) -> DiffV1:
    counted = Counter[str](change.how for change in diff.all_findings)
    return DiffV1(
        schema=SCHEMA,
        old=_side(diff.old),
        new=_side(diff.new),
        counts={how: counted[how] for how in _HOWS},
        hosts=tuple(_host(host, diff) for host in diff.hosts),
        fleet=FleetDiffV1(tuple(_finding(change, None) for change in diff.findings)),
    )


def _side(side: Side) -> SideV1:
    first, last = side.collected or (None, None)
    return SideV1(side.run, side.digest, side.complete, len(side.hosts), first, last)


def _host(host: HostDiff, diff: Diff) -> HostDiffV1:
    findings: list[FindingChangeV1] = []
    changes: list[StateChangeV1] = []
    for story in stories(host, diff.old, diff.new):
        for change in story.changes:
            if isinstance(change, FindingChange):
                findings.append(_finding(change, story.about))
            else:
                changes.append(_change(change, story.about))
    return HostDiffV1(
        host=host.host,
        status=host.status,
        old_at=host.old_at,
        new_at=host.new_at,
        seconds=host.seconds,
        reason=host.reason,
        rebooted=host.rebooted,
        findings=tuple(findings),
        changes=tuple(changes),
        rates=tuple(_rate(rate) for rate in host.rates),
        not_compared=tuple(_not_compared(gap) for gap in host.not_compared),
        notes=tuple(str(note) for note in host.notes),
    )


def _finding(change: FindingChange, story: str | None) -> FindingChangeV1:
    seen = change.seen
    return FindingChangeV1(
        id=seen.id,
        change=change.how,
        rule=seen.rule,
        subject=seen.subject,
        application=seen.application,
        story=story,
        old=_verdict(change.old),
        new=_verdict(change.new),
    )


def _verdict(seen: Seen | None) -> VerdictV1 | None:
    if seen is None:
        return None
    return VerdictV1(
        status=seen.status,
        severity=seen.severity,
        at_worst=seen.gate if seen.status == "unknown" else None,
        waived=seen.waived,
        message=str(seen.message),
        message_id=seen.message.template,
        message_values=_values(seen.message),
    )


def _change(change: StateChange, story: str | None) -> StateChangeV1:
    return StateChangeV1(
        kind=change.kind,
        name=change.name,
        change=change.how,
        units=change.units,
        story=story,
        traits=tuple(TraitChangeV1(one.trait, one.old, one.new) for one in change.traits),
        message=str(change.message),
        message_id=change.message.template,
        message_values=_values(change.message),
    )


def _rate(rate: Rate) -> RateV1:
    return RateV1(
        counter=rate.counter,
        subject=rate.subject,
        old=rate.old,
        new=rate.new,
        growth=rate.growth,
        seconds=rate.seconds,
        per_hour=rate.per_hour,
        reset=rate.reset,
    )


def _not_compared(gap: NotCompared) -> NotComparedV1:
    return NotComparedV1(gap.kind, gap.missing_in, gap.count, str(gap.reason))


def _values(message: Text) -> dict[str, Any]:
    return {
        name: {"id": value.template, "values": _values(value)} if isinstance(value, Text) else value
        for name, value in message.values
    }
