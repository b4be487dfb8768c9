"""Explains what is made of findings: the chain to a cause, and how its risk was reckoned."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.findings import Finding
from reporter.judgement.causes import Cause, Chain
from reporter.judgement.judgement import Judgement
from reporter.judgement.patterns import Pattern
from reporter.judgement.risks import Risk
from reporter.messages import Text, text
from reporter.rules.times import at

__all__ = ["of_finding", "page_of", "pages"]


def pages(judgement: Judgement) -> tuple[str, ...]:
    """Return the ids of the causes and patterns that have a page."""
    return (*(one.id for one in judgement.causes), *(one.id for one in judgement.patterns))


def page_of(wanted: str, judgement: Judgement) -> Iterator[Text]:
    """Yield the lines that explain a cause or a pattern; none where there is no such id."""
    for cause in judgement.causes:
        if cause.id == wanted:
            yield from _cause(cause, judgement)
    for pattern in judgement.patterns:
        if pattern.id == wanted:
            yield from _pattern(pattern)


def of_finding(finding: Finding, judgement: Judgement) -> Iterator[Text]:
    """Yield what a finding is part of: its cause with the way there, its risk with the sum."""
    cause = judgement.explained.get(finding.id)
    if cause is not None:
        yield text("Cause {id}", id=cause.id)
        yield from _way(_through(finding, cause))
        yield from _after(cause)
        yield from _risk(cause, judgement)
    for pattern in judgement.patterns:
        if finding in pattern.findings:
            yield text("Part of {id}: {title}", id=pattern.id, title=pattern.title)


def _cause(cause: Cause, judgement: Judgement) -> Iterator[Text]:
    yield text("{id}: {message}", id=cause.id, message=cause.root.message)
    for chain in cause.chains:
        yield from _way(chain)
    yield from _after(cause)
    yield from _risk(cause, judgement)


def _pattern(pattern: Pattern) -> Iterator[Text]:
    yield text(
        "{id}: {title}: {message}", id=pattern.id, title=pattern.title, message=pattern.message
    )
    for finding in pattern.findings:
        yield text(
            "  {severity} {id}: {message}",
            severity=finding.verdict.severity or "--",
            id=finding.id,
            message=finding.verdict.message,
        )
    yield text("  if ignored: {what}", what=pattern.if_ignored)


def _through(finding: Finding, cause: Cause) -> Chain:
    """Return the chain that begins at the finding's thing, else the first it is on."""
    begins = (one for one in cause.chains if finding in one.symptom.findings)
    passes = (one for one in cause.chains if any(finding in step.findings for step in one.steps))
    return next(begins, None) or next(passes, cause.chains[0])


def _way(chain: Chain) -> Iterator[Text]:
    """Yield a chain, a step a line, with the evidence of each."""
    for number, step in enumerate(chain.steps):
        cited = ", ".join(dict.fromkeys(citation.record for citation in step.citations))
        where = text(" [{evidence}]", evidence=cited) if cited else text("")
        if step.link is None:
            yield text("  {message}{where}", message=step.message, where=where)
        else:
            yield text(
                "  {arrow} {how} ({confidence}){where}",
                arrow="  " * number + "<-",
                how=step.link.how,
                confidence=step.link.confidence,
                where=where,
            )
            if step.message != step.link.how:
                yield text("  {indent}   {message}", indent="  " * number, message=step.message)


def _after(cause: Cause) -> Iterator[Text]:
    if cause.unknown is not None:
        yield text("  not known behind that: {what}", what=cause.unknown)
    if cause.since is not None:
        yield text("  since {moment}", moment=at(cause.since))
    if cause.explains:
        others = ", ".join(str(one.symptom.thing) for one in cause.chains if len(one.steps) > 1)
        yield text("  explains: {things}", things=others)
    if cause.downstream:
        yield text("  downstream: {things}", things=", ".join(map(str, cause.downstream)))


def _risk(cause: Cause, judgement: Judgement) -> Iterator[Text]:
    """Yield the sum of the risk that the cause is, and what comes of it."""
    for risk in judgement.risks:
        if cause in risk.causes:
            yield from _sum(risk)
            yield text("  if ignored: {what}", what=risk.if_ignored)


def _sum(risk: Risk) -> Iterator[Text]:
    yield text(
        "Risk {severity}: {total} points (30 and more is P0, 20 P1, 10 P2, less P3)",
        severity=risk.severity,
        total=risk.score.total,
    )
    for term in risk.score.terms:
        yield text("  {points} {what}", points=f"{term.points:+d}", what=term.what)
