"""Explains what is made of findings: the chain to a cause, and how its risk was reckoned."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.findings import Finding
from reporter.judgement.causes import Cause, Chain
from reporter.judgement.judgement import Judgement
from reporter.judgement.patterns import Pattern
from reporter.judgement.risks import Risk, Score, score
from reporter.messages import Text, text
from reporter.rules.times import at
from reporter.words import CONFIDENCES

__all__ = ["Line", "of_finding", "page_of", "pages"]


def pages(judgement: Judgement) -> tuple[str, ...]:
    """Return the ids of the causes and patterns that have a page."""
    return (*(one.id for one in judgement.causes), *(one.id for one in judgement.patterns))


Line = tuple[int, Text]
"""A line of a page: how far it is indented, and what it says."""


def page_of(wanted: str, judgement: Judgement) -> Iterator[Line]:
    """Yield the lines that explain a cause or a pattern; none where there is no such id."""
    for cause in judgement.causes:
        if cause.id == wanted:
            yield from _cause(cause, judgement)
    for pattern in judgement.patterns:
        if pattern.id == wanted:
            yield from _pattern(pattern)


def of_finding(finding: Finding, judgement: Judgement) -> Iterator[Line]:
    """Yield what a finding is part of: its cause with the way there, its risk with the sum."""
    cause = judgement.explained.get(finding.id)
    if cause is not None:
        yield 0, text("Cause {id}", id=cause.id)
        yield from _way(_through(finding, cause))
        yield from _after(cause)
        yield from _risk(cause, judgement)
    for pattern in judgement.patterns:
        if finding in pattern.findings:
            yield 0, text("Part of {id}: {title}", id=pattern.id, title=pattern.title)


def _cause(cause: Cause, judgement: Judgement) -> Iterator[Line]:
    yield 0, text("{id}: {message}", id=cause.id, message=cause.root.message)
    for chain in cause.chains:
        if len(chain.steps) > 1 or not cause.explains:
            yield from _way(chain)
    yield from _after(cause)
    yield from _risk(cause, judgement)


def _pattern(pattern: Pattern) -> Iterator[Line]:
    message = text("{title}: {message}", title=pattern.title, message=pattern.message)
    yield 0, text("{id}: {message}", id=pattern.id, message=message)
    for finding in pattern.findings:
        verdict = finding.verdict
        said = text("{id}: {message}", id=finding.id, message=verdict.message)
        yield 1, text("{severity} {said}", severity=verdict.severity or "--", said=said)
    yield 1, text("If ignored: {what}", what=pattern.if_ignored)


def _through(finding: Finding, cause: Cause) -> Chain:
    """Return the chain that begins at the finding's thing, else the first it is on."""
    begins = (one for one in cause.chains if finding in one.symptom.findings)
    passes = (one for one in cause.chains if any(finding in step.findings for step in one.steps))
    return next(begins, None) or next(passes, cause.chains[0])


def _way(chain: Chain) -> Iterator[Line]:
    """Yield a chain, a step a line, with the evidence of each."""
    for number, step in enumerate(chain.steps, start=1):
        cited = ", ".join(dict.fromkeys(citation.record for citation in step.citations))
        if step.link is None:
            yield number, _cited(step.message, cited)
            continue
        how = text(
            "<- {how} ({confidence})",
            how=step.link.how,
            confidence=CONFIDENCES[step.link.confidence],
        )
        yield number, _cited(how, cited)
        if step.message != step.link.how:
            yield number + 1, step.message


def _cited(said: Text, evidence: str) -> Text:
    return text("{said} [{evidence}]", said=said, evidence=evidence) if evidence else said


def _after(cause: Cause) -> Iterator[Line]:
    if cause.unknown is not None:
        yield 1, text("not known behind that: {what}", what=cause.unknown)
    if cause.since is not None:
        yield 1, text("since {moment}", moment=at(cause.since))
    others = ", ".join(str(one.symptom.thing) for one in cause.chains if len(one.steps) > 1)
    if others:
        yield 1, text("explains: {things}", things=others)
    if cause.downstream:
        yield 1, text("downstream: {things}", things=", ".join(map(str, cause.downstream)))


def _risk(cause: Cause, judgement: Judgement) -> Iterator[Line]:
    """Yield the sum of the risk that the cause is, and what comes of it."""
    for risk in judgement.risks:
        if cause in risk.causes:
            yield from _sum(risk, score(cause))
            yield 1, text("If ignored: {what}", what=risk.if_ignored)


def _sum(risk: Risk, own: Score) -> Iterator[Line]:
    yield (
        0,
        text(
            "Risk {severity}: {total} points (30 and more is P0, 20 P1, 10 P2, less P3)",
            severity=risk.severity,
            total=own.total,
        ),
    )
    for term in own.terms:
        yield 1, text("{points} {what}", points=f"{term.points:+d}", what=term.what)
