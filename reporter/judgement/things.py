"""What findings are about: the things a cause is looked for among.

Several findings speak of one thing (a unit that loops, is down, and logs errors): it is broken
once. Which things a rule speaks of is said here for the rules whose things stand in the way of
others; a finding of any other rule is a thing of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reporter.findings import Finding
from reporter.profile import Profiles

__all__ = ["Thing", "broken_things", "is_broken", "thing_of"]


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """One thing.

    `kind` is unit, stream, group, port, listener, socket, inventory, file, or a rule's id.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        """Return it as causes are called: `unit/a.service`."""
        return f"{self.kind}/{self.name}"


_KINDS: Mapping[str, str] = {
    "service_state": "unit",
    "restart_loops": "unit",
    "missing_units": "unit",
    "failed_units": "unit",
    "unit_errors": "unit",
    "timer_state": "unit",
    "log_rotation": "unit",
    "stream_activity": "stream",
    "stream_producers": "stream",
    "stream_groups": "group",
    "env_file_missing": "file",
}
"""The kind of the thing of which a rule's subject is the name."""

_OF_STREAMS = ("expected_streams", "stream_ownership")
"""Rules about streams that stand still, or about such as move and have no reader."""

_OF_PORTS = ("expected_ports", "documented_listeners")

_OF_LISTENERS = ("listening_ports", "undocumented_listeners", "loopback_ports")
"""Rules about who may reach what listens: `tcp/0.0.0.0:8080`, `tcp/8080`, `port/8080`."""


def thing_of(finding: Finding, profiles: Profiles, still: frozenset[str]) -> Thing:
    """Return the thing a finding is about; `still` are the streams that do not move."""
    subject = finding.verdict.subject
    kind = _KINDS.get(finding.rule)
    if kind is not None:
        return Thing(kind, subject)
    if finding.rule in _OF_STREAMS and subject in still:
        return Thing("stream", subject)
    if finding.rule in _OF_PORTS:
        return Thing("port", subject.rpartition("/")[2])
    if finding.rule in _OF_LISTENERS and "/" in subject:
        proto, _, end = subject.partition("/")
        port = end.rpartition(":")[2]
        return Thing("listener", f"{'tcp' if proto == 'port' else proto}/{port}")
    if finding.rule == "proxied_services":
        return Thing("socket", subject)
    if finding.rule == "declared_inventories":
        paths = (one.path for profile in profiles for one in profile.inventories)
        path = next((one for one in paths if subject == one or subject.startswith(f"{one}/")), "")
        return Thing("inventory", path or subject)
    return Thing(finding.rule, subject)


def is_broken(finding: Finding) -> bool:
    """Say whether the finding is of something wrong that carries a severity of its own."""
    verdict = finding.verdict
    return (
        verdict.status in {"down", "degraded"}
        and verdict.severity is not None
        and not finding.waived
    )


def broken_things(
    findings: Iterable[Finding], profiles: Profiles, still: frozenset[str]
) -> dict[Thing, tuple[Finding, ...]]:
    """Return every broken thing with the findings that say so, worst first."""
    found: dict[Thing, list[Finding]] = {}
    for finding in findings:
        if is_broken(finding):
            found.setdefault(thing_of(finding, profiles, still), []).append(finding)
    return {thing: tuple(sorted(about, key=_worst_first)) for thing, about in found.items()}


def _worst_first(finding: Finding) -> tuple[str, bool, bool, str]:
    """Of equally bad ones a loop says more than the state it passes through."""
    verdict = finding.verdict
    loops = finding.section == "loops"
    return (verdict.severity or "P9", not loops, verdict.status != "down", finding.id)
