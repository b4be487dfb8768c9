"""Runs the rules over all hosts of a report together.

A rule of the fleet is a function with one decorator, as a rule of a host is; it takes the `Fleet`
and yields verdicts. Whatever a host's missing evidence leaves open is the rule's own to say.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from reporter.findings import Finding, Severity, Verdict
from reporter.messages import Text, text
from reporter.profile import Profiles
from reporter.state.model import HostState
from reporter.tracebacks import portable_traceback
from reporter.waivers import NO_WAIVERS, Waivers

__all__ = ["SECTION", "Fleet", "FleetHost", "FleetRule", "fleet_rule", "judge_fleet"]

SECTION = "fleet"
"""The section of findings that belong to no host."""


@dataclass(frozen=True, kw_only=True)
class FleetHost:
    """One host: `groups` are those of the inventory, `key_id` names its fingerprints' key.

    `collected_at` is when its collection ended, ISO 8601 in UTC; `asked` are the probes of its run.
    """

    name: str
    collected_at: str
    groups: tuple[str, ...]
    profiles: Profiles
    key_id: str | None
    asked: frozenset[str]
    findings: tuple[Finding, ...]
    state: HostState


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The hosts of a report; `unreachable` has the reasons of those without usable evidence.

    `earlier` are the findings of the fleet's rules of earlier stages, waivers applied.
    """

    hosts: tuple[FleetHost, ...]
    unreachable: Mapping[str, str] = field(default_factory=dict)
    waivers: Waivers = NO_WAIVERS
    earlier: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class FleetRule:
    """A declared rule of the fleet; `worst` is the worst severity it can find.

    What a rule of a later `stage` than 0 finds cannot be waived.
    """

    id: str
    component: Text
    worst: Severity
    stage: int
    function: Callable[[Fleet], Iterable[Verdict]]
    doc: str


def fleet_rule(
    *, component: Text, worst: Severity, stage: int = 0
) -> Callable[[Callable[[Fleet], Iterable[Verdict]]], FleetRule]:
    """Declare a rule of the fleet; its id is the function's name, its docstring the documentation.

    One of a later `stage` is given the findings of the earlier ones.
    """

    def declare(function: Callable[[Fleet], Iterable[Verdict]]) -> FleetRule:
        if not function.__doc__:
            raise TypeError(f"rule {function.__name__} has no docstring: it is its documentation")
        doc = inspect.cleandoc(function.__doc__)
        return FleetRule(function.__name__, component, worst, stage, function, doc)

    return declare


def judge_fleet(fleet: Fleet, rules: Iterable[FleetRule]) -> tuple[Finding, ...]:
    """Return the findings of every rule, ordered by id; none without a host."""
    if not fleet.hosts:
        return ()
    latest = max(host.collected_at for host in fleet.hosts)
    verified = min(host.collected_at for host in fleet.hosts)
    for rule in sorted(rules, key=lambda one: (one.stage, one.id)):
        found = [_finding(rule, verdict, verified) for verdict in _run(rule, fleet)]
        if rule.stage == 0:
            found = fleet.waivers.applied(found, "", latest)
        fleet = replace(fleet, earlier=(*fleet.earlier, *found))
    return tuple(sorted(fleet.earlier, key=lambda finding: finding.id))


def _run(rule: FleetRule, fleet: Fleet) -> list[Verdict]:
    try:
        return list(rule.function(fleet))
    except Exception as error:  # noqa: BLE001 - one rule's crash is one unknown finding
        trace = portable_traceback(error)
        message = text("the rule itself failed: {traceback}", traceback=trace)
        return [
            Verdict(
                subject="rule-error", status="unknown", message=message, component=rule.component
            )
        ]


def _finding(rule: FleetRule, verdict: Verdict, verified_at: str) -> Finding:
    return Finding(
        rule=rule.id,
        section=SECTION,
        verdict=verdict,
        verified_at=verified_at,
        at_worst=rule.worst if verdict.status == "unknown" else None,
        rule_severity=rule.worst if verdict.status == "unknown" else verdict.severity,
    )
