"""Systemic causes that lie in the shape of the dataflow, not in single findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reporter.dataflow.graph import Dataflow, Node
from reporter.findings import Finding
from reporter.judgement.patterns import Pattern
from reporter.judgement.surroundings import Surroundings
from reporter.messages import joined, text
from reporter.profile import Profiles

__all__ = ["structures_of"]

_MUCH = 3
"""As many other units that read what only one unit writes make it a single point of failure."""


def structures_of(
    flow: Dataflow, around: Surroundings, findings: Mapping[str, Finding], profiles: Profiles
) -> Iterator[Pattern]:
    """Yield the patterns of the host's structure."""
    yield from _feedback(flow, around, findings)
    yield from _single_points(flow, around, findings)
    yield from _safety_off(findings, profiles)


def _feedback(
    flow: Dataflow, around: Surroundings, findings: Mapping[str, Finding]
) -> Iterator[Pattern]:
    """Yield the loops of events that come back to their producer and stand still somewhere."""
    next_of = _next(flow)
    streams = list(flow.of("stream"))
    loops = [node for node in streams if node in _reached(node, next_of)]
    stale = [node for node in loops if node.id in around.still]
    if stale:
        names = ", ".join(node.id for node in stale)
        yield Pattern(
            id="pattern:stale-feedback",
            title=text("Stale feedback"),
            message=text(
                "events that should come back to who caused them stand still at {names}: {count} "
                "of {all} streams that lie on such a loop",
                names=names,
                count=len(stale),
                all=len(loops),
            ),
            if_ignored=text("what learns from its own results learns nothing, or the wrong thing"),
            count=len(stale),
            out_of=len(loops),
            findings=tuple(
                findings[name]
                for node in stale
                if (name := f"stream_activity:{node.id}") in findings
            ),
        )


def _single_points(
    flow: Dataflow, around: Surroundings, findings: Mapping[str, Finding]
) -> Iterator[Pattern]:
    """Yield the units that alone write what several others read."""
    carried: dict[Node, list[str]] = {}
    readers: dict[Node, set[str]] = {}
    writers: dict[Node, set[Node]] = {}
    for edge in flow.edges:
        if edge.relation == "writes":
            writers.setdefault(edge.target, set()).add(edge.source)
    for stream, by in writers.items():
        if len(by) != 1 or stream.id not in around.moving:
            continue
        (unit,) = by
        reading = {
            reads.target.id
            for through in flow.leaving(stream)
            if through.relation == "read through"
            for reads in flow.leaving(through.target)
            if reads.relation == "reads" and reads.target != unit
        }
        if reading:
            carried.setdefault(unit, []).append(stream.id)
            readers.setdefault(unit, set()).update(reading)
    alone = sorted(unit for unit, others in readers.items() if len(others) >= _MUCH)
    if alone:
        shown = joined(
            (
                text(
                    "{unit} ({streams} streams, {readers} readers)",
                    unit=unit.id,
                    streams=len(carried[unit]),
                    readers=len(readers[unit]),
                )
                for unit in alone
            ),
            "; ",
        )
        yield Pattern(
            id="pattern:single-point-of-failure",
            title=text("Single points of failure"),
            message=text(
                "units that alone write what at least three others read: {shown}; {count} of "
                "{all} units that write",
                shown=shown,
                count=len(alone),
                all=len({unit for by in writers.values() for unit in by}),
            ),
            if_ignored=text("when one of them stops, all that read from it stop with it"),
            count=len(alone),
            out_of=len({unit for by in writers.values() for unit in by}),
            findings=tuple(
                findings[name]
                for unit in alone
                for stream in carried[unit]
                if (name := f"stream_producers:{stream}") in findings
            ),
        )


def _safety_off(findings: Mapping[str, Finding], profiles: Profiles) -> Iterator[Pattern]:
    """Yield what is to be up whenever the application acts, and is not, while it acts."""
    for profile in profiles:
        about = {
            one: findings[name]
            for one in profile.components
            if (name := f"components:{profile.name}/{one.name}") in findings
        }
        guards = [one for one in about if one.safety]
        off = [one for one in guards if about[one].verdict.running in {"no", "partial"}]
        acting = [one for one in about if not one.safety and about[one].verdict.running == "yes"]
        if off and acting:
            yield Pattern(
                id=f"pattern:safety-off/{profile.name}",
                title=text("Safety controls are off"),
                message=text(
                    "{titles}: off, while {acting} runs; {count} of {all} controls",
                    titles=", ".join(one.title for one in off),
                    acting=", ".join(one.title for one in acting),
                    count=len(off),
                    all=len(guards),
                ),
                if_ignored=text(
                    "{application} acts, and nothing stops it", application=profile.title
                ),
                count=len(off),
                out_of=len(guards),
                findings=tuple(_carrying(about[one], findings) for one in off),
            )


def _carrying(finding: Finding, findings: Mapping[str, Finding]) -> Finding:
    """Return the finding that carries the severity of a component: the worst of its parts."""
    parts = [findings[name] for name in finding.verdict.stands_on if name in findings]
    wrong = [one for one in parts if one.verdict.severity]
    return min(wrong, key=lambda one: (one.verdict.severity or "P9", one.id), default=finding)


def _next(flow: Dataflow) -> dict[Node, list[Node]]:
    following: dict[Node, list[Node]] = {}
    for edge in flow.edges:
        if edge.relation in {"writes", "read through", "reads"}:
            following.setdefault(edge.source, []).append(edge.target)
    return following


def _reached(start: Node, following: Mapping[Node, list[Node]]) -> set[Node]:
    """Return every node a path of at least one step leads to."""
    reached: set[Node] = set()
    waiting = list(following.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting.extend(following.get(node, ()))
    return reached
