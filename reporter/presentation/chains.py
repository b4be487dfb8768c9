"""Parts B and D: chains that lack something, the way to a cause, and where that way ends."""

from __future__ import annotations

from reporter.judgement.causes import Cause
from reporter.judgement.works import Work
from reporter.messages import Text, text
from reporter.report import HostReport
from reporter.words import CONFIDENCES

__all__ = ["chain", "half_proven", "open_ends", "root_message"]


def half_proven(host: HostReport) -> list[tuple[tuple[Text, ...], list[Work]]]:
    """Return the chains that lack something, by what they lack, in the order of part B."""
    groups: dict[tuple[Text, ...], list[Work]] = {}
    for work in host.judgement.works:
        if not work.proven:
            groups.setdefault(work.lacks, []).append(work)
    return list(groups.items())


def chain(cause: Cause) -> Text:
    """Return the longest chain to a cause, its symptom first, and how many more end there."""
    first = cause.chains[0]
    told = text("{name}", name=first.symptom.thing.name)
    for step in first.steps[1:]:
        if step.link is not None:
            told = text(
                "{symptom} <- {behind} ({confidence})",
                symptom=told,
                behind=step.link.how,
                confidence=CONFIDENCES[step.link.confidence],
            )
    root = root_message(cause)
    if root is not None:
        told = text("{told}: {root}", told=told, root=root)
    more = cause.explains - 1
    if more > 0:
        told = text("{told}; {more} more end there", told=told, more=more)
    return told


def root_message(cause: Cause) -> Text | None:
    """Return what is wrong at the end of the longest chain, where its last link does not say it."""
    end = cause.chains[0].root
    return end.message if end.link is not None and end.message != end.link.how else None


def open_ends(host: HostReport) -> list[tuple[Text, list[Cause]]]:
    """Return the causes behind which something is not known, by what that is."""
    groups: dict[Text, list[Cause]] = {}
    for cause in host.judgement.causes:
        if cause.unknown is not None:
            groups.setdefault(cause.unknown, []).append(cause)
    return list(groups.items())
