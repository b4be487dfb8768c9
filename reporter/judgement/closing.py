"""The closing words: the five reasons the system would be stopped today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reporter.findings import Finding, Severity
from reporter.judgement.patterns import Pattern
from reporter.judgement.risks import Risk, Score
from reporter.messages import Text, text

__all__ = ["MOST", "Reason", "closing"]

MOST = 5


@dataclass(frozen=True)
class Reason:
    """One reason: a risk, or a pattern that weighs more than any one of its findings."""

    rank: int
    severity: Severity
    message: Text
    if_ignored: Text
    findings: tuple[Finding, ...]
    score: Score


def closing(risks: Iterable[Risk], patterns: Iterable[Pattern]) -> tuple[Reason, ...]:
    """Return the reasons, at most five, worst first.

    What one of them carries is not told again by another: a risk whose leading finding is carried
    already is left out, a pattern counts by what is left of it. Of equal weight, what more rules
    speak of comes first.
    """
    left_risks, left_patterns = list(risks), list(patterns)
    carried: frozenset[str] = frozenset()
    chosen: list[Reason] = []
    while len(chosen) < MOST:
        left_risks = [one for one in left_risks if one.findings[0].id not in carried]
        candidates = [_of_risk(one, len(chosen) + 1) for one in left_risks]
        candidates += [
            _of_pattern(one, weight, carried, len(chosen) + 1)
            for one in left_patterns
            if (weight := one.score(carried)) is not None
        ]
        if not candidates:
            break
        best = min(candidates, key=_order)
        chosen.append(best)
        carried |= {one.id for one in best.findings}
    return tuple(chosen)


def _order(reason: Reason) -> tuple[str, int, int, str]:
    kinds = len({one.rule for one in reason.findings})
    return (reason.severity, -reason.score.total, -kinds, reason.findings[0].id)


def _of_risk(risk: Risk, rank: int) -> Reason:
    return Reason(rank, risk.severity, risk.brief, risk.if_ignored, risk.findings, risk.score)


def _of_pattern(pattern: Pattern, score: Score, carried: frozenset[str], rank: int) -> Reason:
    message = text("{title}: {message}", title=pattern.title, message=pattern.message)
    left = tuple(one for one in pattern.findings if one.id not in carried)
    return Reason(rank, score.severity, message, pattern.if_ignored, left, score)
