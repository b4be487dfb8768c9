"""Changes of verdicts: broken, new, worse, unknown now, recovered, gone, better, known again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reporter.diff.gate import is_new, passes_by
from reporter.diff.model import FindingChange, How
from reporter.diff.side import Seen

__all__ = ["finding_changes"]

_ORDER: tuple[How, ...] = (
    "broken",
    "new",
    "worse",
    "unknown_now",
    "recovered",
    "gone",
    "better",
    "known_again",
)


def finding_changes(old: Mapping[str, Seen], new: Mapping[str, Seen]) -> tuple[FindingChange, ...]:
    """Return what changed between two sets of findings, most important first.

    A finding that says the same with other numbers, at the same status and severity, has not
    changed.
    """
    found = list(_changes(old, new))
    found.sort(
        key=lambda one: (_ORDER.index(one.how), *(-part for part in one.seen.rank), one.seen.id)
    )
    return tuple(found)


def _changes(old: Mapping[str, Seen], new: Mapping[str, Seen]) -> Iterator[FindingChange]:
    blind_before, blind_now = _blind(old), _blind(new)
    for name in old.keys() | new.keys():
        before, now = old.get(name), new.get(name)
        how: How | None
        if before is None and now is not None:
            how = _appeared(now, blind_before)
        elif now is None and before is not None:
            how = _vanished(before, blind_now)
        elif before is not None and now is not None:
            how = None if passes_by(old, new, now) else _moved(before, now)
        else:
            how = None
        if how is not None:
            fresh = now is not None and is_new(before, now)
            yield FindingChange(how, before, now, fresh)


def _blind(findings: Mapping[str, Seen]) -> frozenset[str]:
    """Return the rules of which some finding is unknown: what they do not name may be there."""
    return frozenset(one.rule for one in findings.values() if one.status == "unknown")


def _appeared(now: Seen, blind_before: frozenset[str]) -> How | None:
    if now.status == "unknown":
        return "unknown_now"
    if not now.bad:
        return None
    return "known_again" if now.rule in blind_before else "new"


def _vanished(before: Seen, blind_now: frozenset[str]) -> How | None:
    if before.status == "unknown":
        return "known_again"
    if not before.bad:
        return None
    return "unknown_now" if before.rule in blind_now else "gone"


def _moved(before: Seen, now: Seen) -> How | None:
    if now.status == "unknown":
        same = before.status == "unknown" and before.missing == now.missing
        return None if same else "unknown_now"
    if before.status == "unknown":
        return "known_again"
    if before.bad != now.bad:
        return "broken" if now.bad else "recovered"
    if before.rank == now.rank:
        return None
    return "worse" if now.rank > before.rank else "better"
