"""The judgement of one host: parts B to E and the closing words, out of findings and the map."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from reporter.dataflow.graph import Dataflow
from reporter.dataflow.table import StreamTable
from reporter.facts import FactStore
from reporter.findings import Finding
from reporter.judgement.broken import BrokenGroup, broken_of
from reporter.judgement.causes import Cause, causes_of
from reporter.judgement.closing import Reason, closing
from reporter.judgement.patterns import Pattern, patterns_of
from reporter.judgement.risks import Risk, risks_of
from reporter.judgement.since import since
from reporter.judgement.structure import structures_of
from reporter.judgement.surroundings import Surroundings
from reporter.judgement.things import broken_things, thing_of
from reporter.judgement.works import Work, works_of
from reporter.messages import Text
from reporter.models.table import ModelTable
from reporter.profile import Profiles

__all__ = ["Judgement", "judgement_of"]


@dataclass(frozen=True)
class Judgement:
    """What works (part B), what is broken (C), why (D), how bad (E), and the closing five.

    `causes` are the causal chains by their roots, `patterns` the systemic causes.
    """

    works: tuple[Work, ...] = ()
    broken: tuple[BrokenGroup, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    causes: tuple[Cause, ...] = ()
    risks: tuple[Risk, ...] = ()
    closing: tuple[Reason, ...] = ()

    @property
    def explained(self) -> Mapping[str, Cause]:
        """The cause of each finding that one explains, by the finding's id."""
        return {finding.id: cause for cause in self.causes for finding in cause.findings}


def judgement_of(
    findings: Mapping[str, Finding],
    facts: FactStore,
    streams: StreamTable,
    dataflow: Dataflow,
    models: ModelTable,
    profiles: Profiles,
    ignored: Mapping[str, Text],
) -> Judgement:
    """Return the judgement; `ignored` are what comes of it by rule id if nothing is done."""
    around = Surroundings(facts, streams, dataflow, models, profiles, findings)
    broken = broken_things(findings.values(), profiles, around.still)
    said = {thing_of(one, profiles, around.still): one for one in findings.values()}
    causes = tuple(
        dataclasses.replace(cause, since=_since(cause, facts, around))
        for cause in causes_of(broken, said, around)
    )
    risks = risks_of(causes, ignored)
    patterns = tuple(
        sorted(
            (
                *patterns_of(findings.values()),
                *structures_of(dataflow, around, findings, profiles),
            ),
            key=lambda one: (one.severity or "P9", -one.count, one.id),
        )
    )
    return Judgement(
        works=works_of(streams.rows, findings, profiles),
        broken=broken_of(risks, findings.values()),
        patterns=patterns,
        causes=causes,
        risks=risks,
        closing=closing(risks, patterns),
    )


def _since(cause: Cause, facts: FactStore, around: Surroundings) -> float | None:
    moments = (since(thing, facts, around) for thing in cause.things)
    return min((moment for moment in moments if moment is not None), default=None)
