"""Findings that say the same of different subjects, said once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reporter.findings import Finding, Verdict
from reporter.messages import Text, text

__all__ = ["alike", "alike_in_short", "said_of", "said_of_each", "said_of_it"]


def alike(findings: Iterable[Finding]) -> list[tuple[Finding, ...]]:
    """Group findings that say the same of different subjects, details too; the order is kept."""
    return _grouped(
        findings,
        lambda one: (
            one.verdict.status,
            one.verdict.severity,
            one.verdict.details,
            one.waiver,
            *_weight(one),
        ),
    )


def alike_in_short(findings: Iterable[Finding]) -> list[tuple[Finding, ...]]:
    """Group findings whose sentence is the same but for the subject, whatever their details."""
    return _grouped(findings, _weight)


def _weight(finding: Finding) -> tuple[object, ...]:
    """Return who weighed a finding otherwise than its rule, and what its rule says."""
    if finding.severity_by is None or finding.verdict.status == "unknown":
        return (None, None)
    return (finding.severity_by, finding.rule_severity)


def _grouped(
    findings: Iterable[Finding], also: Callable[[Finding], tuple[object, ...]]
) -> list[tuple[Finding, ...]]:
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        said = (finding.rule, _about(finding.verdict, text("it")), *also(finding))
        groups.setdefault(said, []).append(finding)
    return [tuple(group) for group in groups.values()]


def said_of_each(findings: tuple[Finding, ...]) -> Text:
    """Return what is said of several subjects alike, the subjects left to the reader's list."""
    return _about(findings[0].verdict, text("each of these"))


def said_of_it(findings: tuple[Finding, ...]) -> Text:
    """Return what is said of several subjects alike, as of one that is not named."""
    return _about(findings[0].verdict, text("it"))


def said_of(findings: tuple[Finding, ...], most: int | None = None) -> Text:
    """Return what is said of several subjects alike, with the names of all, or of the first."""
    if len(findings) == 1:
        return findings[0].verdict.message
    names = ", ".join(finding.verdict.subject for finding in findings[:most])
    more = len(findings) - most if most is not None else 0
    subjects = (
        text("each of {names} and {more} more", names=names, more=more)
        if more > 0
        else text("each of {names}", names=names)
    )
    return _about(findings[0].verdict, subjects)


def _about(verdict: Verdict, subject: Text) -> Text:
    """Return the verdict's message with another subject in its place."""
    return verdict.message.replaced(verdict.subject, subject)
