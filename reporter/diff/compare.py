"""Compares two sides, host by host."""

from __future__ import annotations

from datetime import datetime

from reporter.diff.changes import not_compared, rebooted, state_changes
from reporter.diff.model import Diff, FindingChange, HostDiff, StateChange
from reporter.diff.rates import rates
from reporter.diff.side import HostSide, Side
from reporter.diff.verdicts import finding_changes
from reporter.messages import Text, text
from reporter.state.model import HostState

__all__ = ["compare"]

_LOOPS = "restart_loops"


def compare(old: Side, new: Side) -> Diff:
    """Return what changed from the old side to the new one."""
    names = sorted({*old.hosts, *old.unreachable, *new.hosts, *new.unreachable})
    return Diff(
        old=old,
        new=new,
        hosts=tuple(found for name in names if (found := _host(name, old, new)) is not None),
        findings=finding_changes(old.findings, new.findings),
    )


def _host(name: str, old: Side, new: Side) -> HostDiff | None:
    before, now = old.hosts.get(name), new.hosts.get(name)
    if before is not None and now is not None:
        return _compared(before, now)
    if now is not None:
        return HostDiff(
            host=name,
            status="reached_again" if name in old.unreachable else "new",
            new_at=now.collected_at,
            reason=old.unreachable.get(name),
            findings=finding_changes({}, now.findings),
        )
    if before is not None:
        reason = new.unreachable.get(name)
        return HostDiff(
            host=name,
            status="gone" if reason is None else "unreachable_now",
            old_at=before.collected_at,
            reason=reason,
        )
    if name in new.unreachable and name not in old.unreachable:
        return HostDiff(host=name, status="unreachable_now", reason=new.unreachable[name])
    return None


def _compared(before: HostSide, now: HostSide) -> HostDiff:
    seconds = _epoch(now.collected_at) - _epoch(before.collected_at)
    findings = finding_changes(before.findings, now.findings)
    notes: list[Text] = []
    if seconds < 0:
        notes.append(text("the old side is the newer one: what is said here happened backwards"))
    if before.state is None or now.state is None:
        notes.append(
            text(
                "a report of an older version holds no state: only findings are compared; give "
                "the archives"
            )
        )
        return HostDiff(
            host=now.name,
            status="compared",
            old_at=before.collected_at,
            new_at=now.collected_at,
            seconds=seconds,
            findings=findings,
            notes=tuple(notes),
        )
    looping = frozenset(
        one.subject
        for one in now.findings.values()
        if one.rule == _LOOPS and one.bad and _loops_too(before, one.id)
    )
    reboot = rebooted(before.state, now.state)
    changes = state_changes(before.state, now.state, looping)
    up = _booted_for(now.state, now.collected_at) if reboot else None
    return HostDiff(
        host=now.name,
        status="compared",
        old_at=before.collected_at,
        new_at=now.collected_at,
        seconds=seconds,
        rebooted=reboot,
        findings=findings,
        changes=tuple(one for one in changes if not _said(one, findings)),
        rates=tuple(rates(before.state, now.state, seconds, up)),
        not_compared=tuple(not_compared(before.state, now.state)),
        notes=tuple(notes),
    )


def _loops_too(before: HostSide, finding: str) -> bool:
    found = before.findings.get(finding)
    return found is not None and found.bad


def _booted_for(state: HostState, collected_at: str) -> float | None:
    host = state.get("host", "host")
    booted = host.number("booted_at") if host else None
    return None if booted is None else max(0.0, _epoch(collected_at) - booted)


def _said(change: StateChange, findings: tuple[FindingChange, ...]) -> bool:
    """Say whether a finding about the same unit tells already that it stopped or started."""
    started = any(one.trait == "running" for one in change.traits)
    return started and any(
        one.seen.rule in ("service_state", "timer_state") and one.seen.subject == change.name
        for one in findings
    )


def _epoch(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
