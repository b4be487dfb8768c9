"""What is broken or dead, grouped as a reader looks for it, with since when and what it drags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reporter.findings import Finding
from reporter.judgement.causes import Cause
from reporter.judgement.risks import Risk
from reporter.judgement.things import Thing
from reporter.messages import Text

__all__ = ["Broken", "BrokenGroup", "broken_of"]


@dataclass(frozen=True)
class Broken:
    """One item: what is said of one thing or of several alike.

    `since` is the earliest moment the evidence shows, epoch seconds; `because` what it is a
    symptom of; `downstream` what gets nothing because of it; `findings` what is wrong with it,
    worst first.
    """

    message: Text
    because: Text | None
    findings: tuple[Finding, ...]
    since: float | None
    downstream: tuple[Thing, ...]


@dataclass(frozen=True)
class BrokenGroup:
    """The items of one component of part A, in the order of their risks."""

    title: Text
    items: tuple[Broken, ...]


def broken_of(risks: Iterable[Risk], findings: Iterable[Finding]) -> tuple[BrokenGroup, ...]:
    """Return what is broken, by component, the worst first.

    What a profile says is of no severity is no risk, and broken all the same: it comes last.
    """
    groups: dict[str, tuple[Text, list[Broken]]] = {}
    for risk in risks:
        component = risk.findings[0].verdict.component
        item = Broken(
            message=risk.message,
            because=risk.causes[0].because if len(risk.causes) == 1 else None,
            findings=risk.findings,
            since=_earliest(risk.causes),
            downstream=tuple(
                dict.fromkeys(thing for cause in risk.causes for thing in cause.downstream)
            ),
        )
        groups.setdefault(str(component), (component, []))[1].append(item)
    for finding in findings:
        made_light = finding.severity_by is not None and finding.verdict.severity is None
        if made_light and finding.verdict.status in {"down", "degraded"} and not finding.waived:
            component = finding.verdict.component
            item = Broken(finding.verdict.message, None, (finding,), None, ())
            groups.setdefault(str(component), (component, []))[1].append(item)
    return tuple(BrokenGroup(title, tuple(items)) for title, items in groups.values())


def _earliest(causes: Sequence[Cause]) -> float | None:
    """Return the earliest moment of several; None where one of them shows none."""
    moments = [cause.since for cause in causes if cause.since is not None]
    return min(moments) if len(moments) == len(causes) else None
