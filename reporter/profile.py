"""Profiles: what an operator declares about an application.

A profile is data: patterns that say which units belong to the application, which units must
run, how bad it is when one does not. A declaration is never an answer; it says what to hold the
evidence against.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reporter.errors import InputError
from reporter.findings import SEVERITIES, Severity
from reporter.profile_components import Component, components_of, layers_of
from reporter.profile_inventories import Inventory, inventories_of
from reporter.profile_listeners import DeclaredListener, listeners_of, loopback_ports_of
from reporter.profile_models import Family, LoadEvidence, load_evidence, model_families
from reporter.unit_suffix import full_name

__all__ = ["Profile", "Profiles", "load_profiles", "matches"]

_KEYS = (
    "title",
    "units",
    "expected_units",
    "critical_units",
    "expected_ports",
    "root_listeners",
    "root_units",
    "processes",
    "modes",
    "streams",
    "expected_streams",
    "stream_freshness",
    "layers",
    "components",
    "listeners",
    "loopback_ports",
    "models",
    "load_evidence",
    "inventories",
)

_STREAMS = "names or shell patterns of streams"
_AGE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(s|m|h|d)")
_AGE_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MOST_AGE_S = 100 * 366 * 86400.0


@dataclass(frozen=True)
class Profile:
    """One application: unit patterns are shell patterns, with or without the unit's suffix.

    `root_listeners` are patterns of units or programs that may listen as root; None: not said.
    `root_units` are patterns of units that may run as root. `processes` are patterns of processes
    that are the application's: of their names, or with a slash of their programs and folders.
    `streams` are patterns of the streams that are the application's, `expected_streams` names of
    those that must be there and move. `stream_freshness` are patterns of streams with the age, in
    seconds, that their last event may have; the longest pattern that fits counts.
    `modes` gives each mode the words by which settings and files name it; None: not said.
    """

    name: str
    title: str
    units: tuple[str, ...] = ()
    expected_units: tuple[str, ...] = ()
    critical_units: tuple[tuple[Severity, tuple[str, ...]], ...] = ()
    expected_ports: tuple[int, ...] = ()
    root_listeners: tuple[str, ...] | None = None
    root_units: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    modes: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    streams: tuple[str, ...] = ()
    expected_streams: tuple[str, ...] = ()
    stream_freshness: tuple[tuple[str, float], ...] = ()
    layers: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    listeners: tuple[DeclaredListener, ...] = ()
    loopback_ports: tuple[int, ...] = ()
    models: tuple[Family, ...] = ()
    load_evidence: tuple[LoadEvidence, ...] = ()
    inventories: tuple[Inventory, ...] = ()

    @property
    def ports(self) -> frozenset[int]:
        """Every port that any key of it names."""
        return frozenset(
            (
                *self.expected_ports,
                *self.loopback_ports,
                *(one.port for one in self.listeners),
                *(port for component in self.components for port in component.ports),
            )
        )

    def owns_stream(self, stream: str) -> bool:
        """Say whether the stream is the application's."""
        return stream in self.expected_streams or any(
            fnmatch.fnmatchcase(stream, pattern) for pattern in self.streams
        )

    def owns(self, unit: str) -> bool:
        """Say whether the unit belongs to the application."""
        return matches(unit, (*self.units, *self.expected_units))

    def severity(self, unit: str) -> Severity | None:
        """Return how bad the operator says it is when the unit does not work."""
        for severity, patterns in self.critical_units:
            if matches(unit, patterns):
                return severity
        given = (one.severity for one in self.components if matches(unit, one.units))
        return min((severity for severity in given if severity), default=None)


@dataclass(frozen=True)
class Profiles:
    """The profiles that apply to one host, ordered by name."""

    all: tuple[Profile, ...] = ()

    def __iter__(self) -> Iterator[Profile]:
        """Iterate over the profiles."""
        return iter(self.all)

    def owner(self, unit: str) -> Profile | None:
        """Return the application the unit belongs to."""
        return next((profile for profile in self.all if profile.owns(unit)), None)

    def expected_units(self) -> tuple[str, ...]:
        """Return the units some profile says must run, with their suffix."""
        return tuple(
            sorted({full_name(name) for profile in self.all for name in profile.expected_units})
        )

    def expected_ports(self) -> tuple[int, ...]:
        """Return the ports some profile says something must listen on."""
        return tuple(sorted({port for profile in self.all for port in profile.expected_ports}))

    def port_owner(self, port: int) -> Profile | None:
        """Return the application that expects the port."""
        return next((profile for profile in self.all if port in profile.expected_ports), None)

    def root_listeners(self) -> tuple[str, ...] | None:
        """Return the patterns of what may listen as root; None if no profile says any."""
        said = [profile.root_listeners for profile in self.all]
        given = [patterns for patterns in said if patterns is not None]
        return tuple(one for patterns in given for one in patterns) if given else None

    def stream_owner(self, stream: str) -> Profile | None:
        """Return the application the stream belongs to."""
        return next((profile for profile in self.all if profile.owns_stream(stream)), None)

    def expected_streams(self) -> tuple[str, ...]:
        """Return the streams some profile says must be there and move."""
        return tuple(sorted({name for profile in self.all for name in profile.expected_streams}))

    def stream_limit(self, stream: str) -> float | None:
        """Return how old the stream's last event may be, seconds; None if no profile says."""
        said = sorted(
            (pair for profile in self.all for pair in profile.stream_freshness),
            key=lambda pair: (-len(pair[0]), pair),
        )
        return next(
            (limit for pattern, limit in said if fnmatch.fnmatchcase(stream, pattern)), None
        )

    @property
    def worst(self) -> Severity | None:
        """The worst severity any profile gives to some unit, None if none does."""
        given = [severity for profile in self.all for severity, _ in profile.critical_units]
        given += [
            one.severity for profile in self.all for one in profile.components if one.severity
        ]
        return min(given, default=None)

    def severity(self, unit: str, otherwise: Severity | None) -> Severity | None:
        """Return the operator's severity for the unit, or `otherwise`."""
        owner = self.owner(unit)
        return (owner.severity(unit) if owner else None) or otherwise


def matches(unit: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a unit's name, with or without its suffix, fits one of the shell patterns."""
    stem = unit.rpartition(".")[0]
    return any(
        fnmatch.fnmatchcase(unit, pattern) or fnmatch.fnmatchcase(stem, pattern)
        for pattern in patterns
    )


def load_profiles(applications: Mapping[str, Any], where: str) -> Profiles:
    """Check and return the profiles of a bundle or file.

    Raises `InputError` that says which key of which profile is wrong and what is known.
    """
    return Profiles(
        tuple(_profile(name, applications[name], where) for name in sorted(applications))
    )


def _profile(name: str, data: Any, where: str) -> Profile:
    place = f"{where}: truthmap_app_{name}"
    if not isinstance(data, dict):
        raise InputError(f"{place} is not a mapping: give it keys such as {', '.join(_KEYS)}")
    for key in data:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(_KEYS)}"
            raise InputError(f"{place}: unknown key '{key}'; {hint}")
    critical = data.get("critical_units") or {}
    if not isinstance(critical, dict) or any(key not in SEVERITIES for key in critical):
        raise InputError(f"{place}.critical_units: give a mapping from P0, P1, P2, P3 to patterns")
    layers = layers_of(data.get("layers"), f"{place}.layers")
    return Profile(
        name=name,
        title=str(data.get("title") or name),
        units=_patterns(data.get("units"), f"{place}.units"),
        expected_units=_patterns(data.get("expected_units"), f"{place}.expected_units"),
        critical_units=tuple(
            (severity, _patterns(critical[severity], f"{place}.critical_units.{severity}"))
            for severity in SEVERITIES
            if severity in critical
        ),
        expected_ports=_ports(data.get("expected_ports"), f"{place}.expected_ports"),
        root_listeners=None
        if data.get("root_listeners") is None
        else _patterns(data["root_listeners"], f"{place}.root_listeners"),
        root_units=_patterns(data.get("root_units"), f"{place}.root_units"),
        processes=_patterns(
            data.get("processes"), f"{place}.processes", "names or paths of programs, or patterns"
        ),
        modes=_modes(data.get("modes"), f"{place}.modes"),
        streams=_patterns(data.get("streams"), f"{place}.streams", _STREAMS),
        expected_streams=_expected_streams(
            data.get("expected_streams"), f"{place}.expected_streams"
        ),
        stream_freshness=_freshness(data.get("stream_freshness"), f"{place}.stream_freshness"),
        layers=layers,
        components=components_of(data.get("components"), f"{place}.components", layers),
        listeners=listeners_of(data.get("listeners"), f"{place}.listeners"),
        loopback_ports=loopback_ports_of(data.get("loopback_ports"), f"{place}.loopback_ports"),
        models=model_families(data.get("models"), f"{place}.models", _age),
        load_evidence=load_evidence(data.get("load_evidence"), f"{place}.load_evidence"),
        inventories=inventories_of(data.get("inventories"), f"{place}.inventories"),
    )


def _modes(value: Any, place: str) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise InputError(f"{place}: give a mapping from modes such as production to their words")
    return tuple(
        (name, tuple(word.lower() for word in _patterns(value[name], f"{place}.{name}")))
        for name in sorted(value)
    )


def _expected_streams(value: Any, place: str) -> tuple[str, ...]:
    names = _patterns(value, place, "full names of streams, not patterns")
    for name in names:
        if "*" in name:
            raise InputError(
                f"{place}: '{name}' is a pattern; give full names, and patterns in 'streams'"
            )
    return names


def _freshness(value: Any, place: str) -> tuple[tuple[str, float], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or not all(isinstance(pattern, str) for pattern in value):
        raise InputError(
            f"{place}: give a mapping from {_STREAMS} to ages such as 90s, 15m, 6h, 2d"
        )
    return tuple((pattern, _age(value[pattern], f"{place}.{pattern}")) for pattern in value)


def _age(value: Any, place: str) -> float:
    """Return seconds of a number, or of a whole or decimal number with s, m, h or d."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        found = _AGE.fullmatch(value.strip()) if isinstance(value, str) else None
        seconds = float(found[1]) * _AGE_UNITS[found[2]] if found else -1.0
    if not 0 < seconds < _MOST_AGE_S:
        raise InputError(
            f"{place}: '{value}' is no age; give seconds, or a number with s, m, h or d: 90s, 15m"
        )
    return seconds


def _ports(value: Any, place: str) -> tuple[int, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(_is_port(port) for port in value):
        raise InputError(f"{place}: give a list of port numbers from 1 to 65535")
    return tuple(value)


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535


def _patterns(
    value: Any, place: str, what: str = "unit names or shell patterns"
) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{place}: give a list of {what}")
    return tuple(value)
