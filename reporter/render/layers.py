"""Which layer or component of a profile a unit, a stream or a finding is at home in."""

from __future__ import annotations

from reporter.findings import Finding
from reporter.profile import Profiles, matches
from reporter.profile_components import Component

__all__ = ["component_of_stream", "component_of_unit", "layer_of", "layers"]


def layers(profiles: Profiles) -> tuple[str, ...]:
    """Return the layers the profiles declare, in the order they are read."""
    return tuple(dict.fromkeys(layer for profile in profiles for layer in profile.layers))


def component_of_unit(unit: str, profiles: Profiles) -> Component | None:
    """Return the first component that has the unit; those with a layer come first."""
    return _first([one for one in _components(profiles) if matches(unit, one.units)])


def component_of_stream(stream: str, profiles: Profiles) -> Component | None:
    """Return the first component that has the stream; those with a layer come first."""
    return _first([one for one in _components(profiles) if one.has_stream(stream)])


def layer_of(finding: Finding, profiles: Profiles) -> str | None:
    """Return the layer of what the finding is about: its own, or that of the unit or stream."""
    verdict = finding.verdict
    if verdict.layer is not None:
        return verdict.layer
    if finding.section == "redis":
        component = component_of_stream(verdict.subject.partition("/")[0], profiles)
    else:
        component = component_of_unit(verdict.subject, profiles)
    return component.layer if component else None


def _components(profiles: Profiles) -> list[Component]:
    return [component for profile in profiles for component in profile.components]


def _first(fitting: list[Component]) -> Component | None:
    return min(fitting, key=lambda one: one.layer is None, default=None)
