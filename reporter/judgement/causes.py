"""Causes: from each symptom upstream to the first broken thing, and what it brings down.

Every broken thing is a symptom of what stands broken behind it, on the way the events and the
dependencies of units come. The last one on that way is the cause; whatever leads to it is
explained by it, so one broken thing is one cause, however many alarms it raises.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from reporter.findings import Citation, Confidence, Finding
from reporter.judgement.surroundings import Link, Surroundings
from reporter.judgement.things import Thing
from reporter.messages import Text

__all__ = ["Cause", "Chain", "Step", "causes_of", "weakest"]

_WHOLES = frozenset({"system_state", "obstacle"})
"""Things that are sums of others, or no things of their own: nothing depends on them."""

_BY_STRENGTH: tuple[Confidence, ...] = ("observed", "claimed", "configured", "inferred")


@dataclass(frozen=True)
class Step:
    """One step of a chain: what is wrong with a thing, and how it was come to (None: the symptom).

    `findings` say that it is wrong; a step without any is itself what the evidence shows, such as
    a program that does not exist.
    """

    thing: Thing
    message: Text
    findings: tuple[Finding, ...]
    link: Link | None = None

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The evidence of the step: of its link, and of its first finding."""
        own = self.findings[0].verdict.citations if self.findings else ()
        return (*(self.link.citations if self.link else ()), *own)


@dataclass(frozen=True)
class Chain:
    """The way from a symptom to its cause, the symptom first."""

    steps: tuple[Step, ...]

    @property
    def symptom(self) -> Step:
        """Where it begins."""
        return self.steps[0]

    @property
    def root(self) -> Step:
        """Where it ends: the first broken thing."""
        return self.steps[-1]

    @property
    def confidence(self) -> Confidence:
        """That of the weakest link."""
        return weakest(step.link.confidence for step in self.steps if step.link)


@dataclass(frozen=True)
class Cause:
    """One broken thing, with all it explains.

    `chains` are the ways of the things it explains, longest first; a thing that explains only
    itself has one of a single step. `downstream` is what gets nothing, or stands, because of it.
    `unknown` says what is not known behind it.
    """

    root: Step
    chains: tuple[Chain, ...]
    downstream: tuple[Thing, ...]
    unknown: Text | None
    since: float | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """The identity of the cause within its host: stable from run to run."""
        return f"cause:{self.root.thing}"

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding it explains, its own first."""
        steps = (self.root, *(step for chain in self.chains for step in chain.steps))
        every = {one.id: one for step in steps for one in step.findings}
        return tuple(every.values())

    @property
    def confidence(self) -> Confidence:
        """How sure it is that this is the cause: the weakest link of all its chains."""
        return weakest(chain.confidence for chain in self.chains)

    @property
    def lead(self) -> Finding:
        """The finding that says most of it: the worst, the cause's own before its symptoms'."""
        own = self.root.findings or self.findings
        return own[0]

    @property
    def because(self) -> Text | None:
        """What the leading finding is a symptom of; None where it is about the cause itself."""
        link = self.chains[0].root.link
        if link is None or self.lead in self.root.findings:
            return None
        return None if str(link.how) in str(self.lead.verdict.message) else link.how

    @property
    def things(self) -> tuple[Thing, ...]:
        """Every thing on its chains."""
        return tuple(dict.fromkeys(step.thing for one in self.chains for step in one.steps))

    @property
    def explains(self) -> int:
        """How many broken things it explains beside itself."""
        return sum(1 for chain in self.chains if len(chain.steps) > 1)


def weakest(confidences: Iterable[Confidence]) -> Confidence:
    """Return the least certain of them; observed where there is none."""
    return max(confidences, key=_BY_STRENGTH.index, default="observed")


def causes_of(
    broken: Mapping[Thing, tuple[Finding, ...]],
    said: Mapping[Thing, Finding],
    around: Surroundings,
) -> tuple[Cause, ...]:
    """Return the cause of every broken thing, ordered by id; each thing has one.

    `said` is what is said of things that nothing calls broken.
    """
    chains = [_chain(thing, broken, said, around) for thing in sorted(broken)]
    by_root: dict[Thing, list[Chain]] = {}
    for chain in chains:
        by_root.setdefault(chain.root.thing, []).append(chain)
    return tuple(_cause(by_root[root], around) for root in sorted(by_root))


def _chain(
    thing: Thing,
    broken: Mapping[Thing, tuple[Finding, ...]],
    said: Mapping[Thing, Finding],
    around: Surroundings,
) -> Chain:
    steps = [Step(thing, broken[thing][0].verdict.message, broken[thing])]
    seen = {thing}
    while True:
        link = _onward(steps[-1].thing, seen, broken, around)
        if link is None:
            return Chain(tuple(steps))
        seen.add(link.to)
        findings = broken.get(link.to, ())
        told = findings[0] if findings else said.get(link.to)
        message = told.verdict.message if told else link.how
        steps.append(Step(link.to, message, findings, link))


def _onward(
    thing: Thing,
    seen: set[Thing],
    broken: Mapping[Thing, tuple[Finding, ...]],
    around: Surroundings,
) -> Link | None:
    """Return the surest way on to something broken; None where the chain ends."""
    ways = [
        link
        for link in around.upstream(thing)
        if link.to not in seen and (link.to in broken or link.shows)
    ]
    return min(ways, key=lambda link: _BY_STRENGTH.index(link.confidence), default=None)


def _cause(chains: list[Chain], around: Surroundings) -> Cause:
    root = chains[0].root
    own = next((chain.steps[-1] for chain in chains if len(chain.steps) == 1), root)
    steps = {step.thing for chain in chains for step in chain.steps}
    things = {one for one in steps if one.kind != "stream" or one.name not in around.moving}
    reached = {found for thing in things for found in around.downstream(thing)} | things
    cause = Cause(
        root=own,
        chains=tuple(sorted(chains, key=lambda one: (-len(one.steps), one.symptom.thing))),
        downstream=(),
        unknown=around.open_end(own.thing),
    )
    itself = {
        own.thing,
        *(step.thing for one in chains for step in one.steps if cause.lead in step.findings),
    }
    itself |= {thing for thing in reached if thing.kind in _WHOLES}
    return dataclasses.replace(cause, downstream=tuple(sorted(reached - itself)))
