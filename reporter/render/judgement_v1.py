"""Parts B to E and the closing words of the JSON report, version 1."""

from __future__ import annotations

import msgspec

from reporter.judgement.causes import Cause, Chain, Step
from reporter.judgement.judgement import Judgement
from reporter.judgement.patterns import Pattern
from reporter.judgement.risks import Score
from reporter.rules.times import at

__all__ = [
    "CauseV1",
    "RiskV1",
    "TopV1",
    "WorkV1",
    "causes_v1",
    "risks_v1",
    "top_v1",
    "works_v1",
]


class WorkV1(msgspec.Struct, frozen=True):
    """One stream that moves: producer, stream, groups; `lacks` says what is not proven."""

    chain: tuple[str, ...]
    proven: bool
    confidence: str
    title: str | None
    message: str
    lacks: tuple[str, ...]
    findings: tuple[str, ...]


class StepV1(msgspec.Struct, frozen=True):
    """One step of a chain: the thing (`kind/name`), what is wrong, how it was come to."""

    thing: str
    message: str
    link: str | None
    confidence: str | None
    findings: tuple[str, ...]
    evidence: tuple[str, ...]


class CauseV1(msgspec.Struct, frozen=True):
    """One cause. `kind` is `chain` (one broken thing) or `pattern` (what several have in common).

    `chain` is the longest way from a symptom to the cause; `symptoms` are the things it explains,
    `downstream` what gets nothing because of it. Of a pattern, `count` of `out_of` carry it.
    """

    id: str
    kind: str
    message: str
    chain: tuple[StepV1, ...]
    findings: tuple[str, ...]
    confidence: str
    since: str | None
    symptoms: tuple[str, ...]
    downstream: tuple[str, ...]
    unknown: str | None
    count: int | None
    out_of: int | None


class PointsV1(msgspec.Struct, frozen=True):
    """One term of a score."""

    what: str
    points: int


class RiskV1(msgspec.Struct, frozen=True):
    """One thing to act on, with the ids of the findings that carry it and how it was reckoned."""

    severity: str
    message: str
    if_ignored: str | None
    findings: tuple[str, ...]
    causes: tuple[str, ...]
    points: int
    score: tuple[PointsV1, ...]


class TopV1(msgspec.Struct, frozen=True):
    """One of the reasons the system would be stopped today."""

    rank: int
    severity: str
    message: str
    if_ignored: str
    findings: tuple[str, ...]


def works_v1(judgement: Judgement) -> tuple[WorkV1, ...]:
    """Return part B."""
    return tuple(
        WorkV1(
            chain=work.chain,
            proven=work.proven,
            confidence=work.confidence,
            title=str(work.title) if work.title else None,
            message=str(work.message),
            lacks=tuple(str(one) for one in work.lacks),
            findings=work.findings,
        )
        for work in judgement.works
    )


def causes_v1(judgement: Judgement) -> tuple[CauseV1, ...]:
    """Return part D: the patterns, then the causal chains."""
    return (
        *(_pattern(one) for one in judgement.patterns),
        *(_cause(one) for one in judgement.causes),
    )


def risks_v1(judgement: Judgement) -> tuple[RiskV1, ...]:
    """Return part E, worst first."""
    return tuple(
        RiskV1(
            severity=risk.severity,
            message=str(risk.message),
            if_ignored=str(risk.if_ignored),
            findings=tuple(finding.id for finding in risk.findings),
            causes=tuple(cause.id for cause in risk.causes),
            points=risk.score.total,
            score=_score(risk.score),
        )
        for risk in judgement.risks
    )


def top_v1(judgement: Judgement) -> tuple[TopV1, ...]:
    """Return the closing five."""
    return tuple(
        TopV1(
            rank=one.rank,
            severity=one.severity,
            message=str(one.message),
            if_ignored=str(one.if_ignored),
            findings=tuple(finding.id for finding in one.findings),
        )
        for one in judgement.closing
    )


def _score(score: Score) -> tuple[PointsV1, ...]:
    return tuple(PointsV1(str(term.what), term.points) for term in score.terms)


def _pattern(pattern: Pattern) -> CauseV1:
    return CauseV1(
        id=pattern.id,
        kind="pattern",
        message=f"{pattern.title}: {pattern.message}",
        chain=(),
        findings=tuple(finding.id for finding in pattern.findings),
        confidence="observed",
        since=None,
        symptoms=(),
        downstream=(),
        unknown=None,
        count=pattern.count,
        out_of=pattern.out_of,
    )


def _cause(cause: Cause) -> CauseV1:
    return CauseV1(
        id=cause.id,
        kind="chain",
        message=str(cause.root.message),
        chain=_chain(cause.chains[0]),
        findings=tuple(finding.id for finding in cause.findings),
        confidence=cause.confidence,
        since=None if cause.since is None else at(cause.since),
        symptoms=tuple(str(chain.symptom.thing) for chain in cause.chains if len(chain.steps) > 1),
        downstream=tuple(str(thing) for thing in cause.downstream),
        unknown=str(cause.unknown) if cause.unknown else None,
        count=None,
        out_of=None,
    )


def _chain(chain: Chain) -> tuple[StepV1, ...]:
    return tuple(_step(step) for step in chain.steps)


def _step(step: Step) -> StepV1:
    return StepV1(
        thing=str(step.thing),
        message=str(step.message),
        link=str(step.link.how) if step.link else None,
        confidence=step.link.confidence if step.link else None,
        findings=tuple(finding.id for finding in step.findings),
        evidence=tuple(dict.fromkeys(citation.record for citation in step.citations)),
    )
