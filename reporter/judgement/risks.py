"""Risks: how bad each cause is, by a sum that a reader can do again.

    criticality   the worst severity among the findings it explains (what the rules and the
                  profile's criticality made of them): P0 32, P1 22, P2 12, P3 2
    status        +2 where something of it is down, not merely degraded
    blast radius  +1 for each thing downstream of it, at most +8; what is only inferred to be
                  downstream does not count
    confidence    -1 where the way to the cause is claimed or configured, -2 where it is inferred

30 and more is P0, 20 P1, 10 P2, less P3. So a cause is never less severe than what it is made of,
and one level worse where much depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reporter.findings import SEVERITIES, Confidence, Finding, Severity
from reporter.judgement.causes import Cause
from reporter.judgement.likeness import alike_in_short, said_of
from reporter.messages import Text, text
from reporter.words import CONFIDENCES

__all__ = ["Points", "Risk", "Score", "base_points", "risks_of", "score", "severity_of"]

_CRITICALITY: Mapping[Severity, int] = {"P0": 32, "P1": 22, "P2": 12, "P3": 2}
_DOWN = 2
_MOST_BLAST = 8
_MOST_NAMED = 5
_CONFIDENCE: Mapping[Confidence, int] = {
    "observed": 0,
    "claimed": -1,
    "configured": -1,
    "inferred": -2,
}
_LEVELS: tuple[tuple[int, Severity], ...] = ((30, "P0"), (20, "P1"), (10, "P2"))


@dataclass(frozen=True, slots=True)
class Points:
    """One term of the sum, and what it is for."""

    what: Text
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """The sum, with its terms."""

    terms: tuple[Points, ...]

    @property
    def total(self) -> int:
        """All points together."""
        return sum(term.points for term in self.terms)

    @property
    def severity(self) -> Severity:
        """The level the total reaches."""
        return severity_of(self.total)


@dataclass(frozen=True)
class Risk:
    """Something to act on: one cause, or several of which the same is said.

    `message` names every subject, `brief` the first few; `findings` carry it, the leading one
    first. `score` is that of the worst of its causes.
    """

    severity: Severity
    message: Text
    brief: Text
    if_ignored: Text
    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]
    score: Score

    @property
    def order(self) -> tuple[str, int, int, str]:
        """Worst first; of equal ones those about more things first."""
        return (self.severity, -self.score.total, -len(self.causes), self.findings[0].id)


def base_points(severity: Severity) -> int:
    """Return what a severity counts for criticality."""
    return _CRITICALITY[severity]


def severity_of(points: int) -> Severity:
    """Return the level that points reach."""
    return next((severity for least, severity in _LEVELS if points >= least), "P3")


def score(cause: Cause) -> Score:
    """Return the sum for one cause."""
    worst = _worst(cause.findings)
    terms = [
        Points(
            text("criticality: the worst of its findings is {worst}", worst=worst),
            _CRITICALITY[worst],
        )
    ]
    if any(one.verdict.status == "down" for one in cause.findings):
        terms.append(Points(text("status: something of it is down"), _DOWN))
    reached = len(cause.downstream)
    if reached and cause.confidence != "inferred":
        what = text("blast radius: {count} things downstream, at most 8 count", count=reached)
        terms.append(Points(what, min(reached, _MOST_BLAST)))
    if _CONFIDENCE[cause.confidence]:
        what = text(
            "confidence: the way to the cause is {confidence}",
            confidence=CONFIDENCES[cause.confidence],
        )
        terms.append(Points(what, _CONFIDENCE[cause.confidence]))
    return Score(tuple(terms))


def risks_of(causes: Iterable[Cause], ignored: Mapping[str, Text]) -> tuple[Risk, ...]:
    """Return the risks, worst first; causes of which the same is said are one.

    `ignored` are the consequences by rule id: what comes of it if nothing is done.
    """
    by_lead = {cause.lead.id: cause for cause in causes}
    scores = {name: score(cause) for name, cause in by_lead.items()}
    risks = []
    for group in alike_in_short(cause.lead for cause in by_lead.values()):
        by_level: dict[Severity, list[Finding]] = {}
        for lead in group:
            by_level.setdefault(scores[lead.id].severity, []).append(lead)
        for severity, leads in by_level.items():
            own = tuple(by_lead[lead.id] for lead in leads)
            carried = {one.id: one for lead in leads for one in (lead, *by_lead[lead.id].findings)}
            highest = max((scores[lead.id] for lead in leads), key=lambda one: one.total)
            risks.append(
                Risk(
                    severity=severity,
                    message=said_of(tuple(leads)),
                    brief=said_of(tuple(leads), most=_MOST_NAMED),
                    if_ignored=_if_ignored(own, ignored),
                    findings=tuple(carried.values()),
                    causes=own,
                    score=highest,
                )
            )
    return tuple(sorted(risks, key=lambda risk: risk.order))


def _worst(findings: Iterable[Finding]) -> Severity:
    given = [one.verdict.severity for one in findings if one.verdict.severity]
    return min(given, key=SEVERITIES.index)


def _if_ignored(causes: tuple[Cause, ...], ignored: Mapping[str, Text]) -> Text:
    own = ignored.get(causes[0].lead.rule, text("it stays as it is"))
    reached = dict.fromkeys(thing.name for cause in causes for thing in cause.downstream)
    if not reached:
        return own
    names = list(reached)
    shown = ", ".join(names[:4])
    if len(names) > 4:
        return text(
            "{own}; {count} things downstream stand or get nothing: {names} and more",
            own=own,
            count=len(names),
            names=shown,
        )
    return text("{own}; downstream stands or gets nothing: {names}", own=own, names=shown)
