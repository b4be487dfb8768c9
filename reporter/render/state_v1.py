"""What is there on a host, in the JSON report, version 1: what `truthmap diff` compares."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from reporter.findings import Missing
from reporter.messages import Text
from reporter.state.model import KINDS, HostState, Kind, Thing

__all__ = ["StateV1", "state_from", "state_v1"]


class ThingV1(msgspec.Struct, frozen=True):
    """One thing: a unit, a listener, a model file; a trait that is not known is left out.

    Moments are seconds since 1970 in UTC, sizes bytes.
    """

    kind: str
    name: str
    application: str | None
    units: tuple[str, ...]
    traits: dict[str, str | int | float | tuple[str, ...]]


class GapV1(msgspec.Struct, frozen=True):
    """Why things of a kind (`traits` false), or traits of them, may be missing."""

    kind: str
    traits: bool
    probe: str
    reason: str


class StateV1(msgspec.Struct, frozen=True):
    """The things of a host, and what may be missing of them."""

    things: tuple[ThingV1, ...]
    gaps: tuple[GapV1, ...]


def state_v1(state: HostState) -> StateV1:
    """Return the things by kind and name."""
    return StateV1(
        things=tuple(
            ThingV1(thing.kind, thing.name, thing.application, thing.units, dict(thing.traits))
            for kind in KINDS
            for thing in state.of(kind)
        ),
        gaps=tuple(
            GapV1(kind, traits, gap.probe, str(gap.reason))
            for traits, gaps in ((False, state.gaps), (True, state.unshown))
            for kind in KINDS
            for gap in gaps.get(kind, ())
        ),
    )


def state_from(state: StateV1) -> HostState:
    """Return the state a JSON report holds; kinds this version does not know are left out."""
    things: dict[tuple[Kind, str], Thing] = {}
    for one in state.things:
        if one.kind in KINDS:
            things[one.kind, one.name] = Thing(
                one.kind, one.name, one.traits, one.units, one.application
            )
    gaps: dict[Kind, list[Missing]] = {}
    unshown: dict[Kind, list[Missing]] = {}
    for gap in state.gaps:
        if gap.kind in KINDS:
            kept = unshown if gap.traits else gaps
            missing = Missing(gap.probe, Text("{reason}", (("reason", gap.reason),)))
            kept.setdefault(gap.kind, []).append(missing)
    return HostState(things, _frozen(gaps), _frozen(unshown))


def _frozen(gaps: Mapping[Kind, list[Missing]]) -> dict[Kind, tuple[Missing, ...]]:
    return {kind: tuple(found) for kind, found in gaps.items()}
