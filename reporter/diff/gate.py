"""Which findings tell of something that an older report did not: what `--new-since` counts."""

from __future__ import annotations

from collections.abc import Mapping

from reporter.diff.side import HostSide, Seen, Side

__all__ = ["any_new", "is_new", "passes_by"]

_LOOPS = "restart_loops"
_PASSING = ("service_state", "unit_errors")
"""Rules whose verdict on a looping unit depends on the moment it was met in."""


def is_new(old: Seen | None, new: Seen) -> bool:
    """Say whether a finding is new, or worse than it was.

    An unknown one is taken as the worst it could be, unless it was unknown before for the same
    reasons. One that was unknown or waived before counts as not having been seen.
    """
    if old is None or old.waived:
        return True
    if old.status == "unknown":
        same = new.status == "unknown" and new.missing == old.missing
        return not same or new.rank > old.rank
    return new.rank > old.rank


def any_new(old: Side, new: Side, threshold: str) -> bool:
    """Say whether a finding that counts for the threshold is new since the old side.

    On a host that the old side has no evidence of, every finding is.
    """
    for name, host in new.hosts.items():
        before = old.hosts.get(name)
        for seen in host.findings.values():
            if seen.reaches(threshold) and _is_new_on(before, host, seen):
                return True
    return any(
        seen.reaches(threshold) and is_new(old.findings.get(seen.id), seen)
        for seen in new.findings.values()
    )


def _is_new_on(before: HostSide | None, host: HostSide, seen: Seen) -> bool:
    if before is None:
        return True
    if passes_by(before.findings, host.findings, seen):
        return False
    return is_new(before.findings.get(seen.id), seen)


def passes_by(
    old: Mapping[str, Seen],
    new: Mapping[str, Seen],
    seen: Seen,
    above: frozenset[str] = frozenset(),
) -> bool:
    """Say whether a finding is about the passing state of a unit that loops on both sides.

    A unit in a restart loop runs, ends and waits by turns: which of it was met is no difference. A
    loop that is of another severity than it was is one. What is made of findings follows them: it
    passes by if all of them do that are not as they were. `above` are the findings made of it.
    """
    if _loops(old, new, seen):
        return True
    before = old.get(seen.id)
    parts = {*seen.stands_on, *(before.stands_on if before else ())}
    moved = [name for name in parts if not _as_it_was(old.get(name), new.get(name))]
    inside = above | {seen.id}
    return bool(moved) and all(
        name in old
        and name in new
        and name not in inside
        and passes_by(old, new, new[name], inside)
        for name in moved
    )


def _loops(old: Mapping[str, Seen], new: Mapping[str, Seen], seen: Seen) -> bool:
    before, now = (side.get(f"{_LOOPS}:{seen.subject}") for side in (old, new))
    if before is None or now is None or not before.bad or not now.bad:
        return False
    return seen.rule in _PASSING or (seen.rule == _LOOPS and before.severity == now.severity)


def _as_it_was(before: Seen | None, now: Seen | None) -> bool:
    if before is None or now is None:
        return before is now
    return (before.status, before.severity) == (now.status, now.severity)
