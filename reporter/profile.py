"""Profiles: what an operator declares about an application.

A profile is data: patterns that say which units belong to the application, which units must
run, how bad it is when one does not. A declaration is never an answer; it says what to hold the
evidence against.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reporter.errors import InputError
from reporter.findings import SEVERITIES, Severity
from reporter.profile_check import check
from reporter.profile_components import Component, components_of
from reporter.profile_inventories import Inventory, inventories_of
from reporter.profile_listeners import DeclaredListener, listeners_of, loopback_ports_of
from reporter.profile_models import Family, LoadEvidence, load_evidence, model_families
from reporter.profile_schema import MOST_AGE_S, PREFIX, PROFILE
from reporter.profile_severities import Override, severities_of
from reporter.unit_suffix import full_name

__all__ = ["TIMER", "Profile", "Profiles", "is_pattern", "load_profiles", "matches"]

TIMER = ".timer"
"""The suffix of timers' names."""

_AGE_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True)
class Profile:
    """One application: unit patterns are shell patterns, with or without the unit's suffix.

    `expected_timers` are full names or patterns of timers, with the suffix, `expected_files`
    absolute paths or patterns of files.
    `root_listeners` are patterns of units or programs that may listen as root; None: not said.
    `root_units` are patterns of units that may run as root. `processes` are patterns of processes
    that are the application's: of their names, or with a slash of their programs and folders.
    `streams` are patterns of the streams that are the application's, `expected_streams` names of
    those that must be there and move. `stream_freshness` are patterns of streams with the age, in
    seconds, that their last event may have; the longest pattern that fits counts.
    `severities` say how bad findings are, whatever their rules say; the first that fits counts.
    `modes` gives each mode the words by which settings and files name it; None: not said.
    """

    name: str
    title: str
    units: tuple[str, ...] = ()
    expected_units: tuple[str, ...] = ()
    critical_units: tuple[tuple[Severity, tuple[str, ...]], ...] = ()
    expected_timers: tuple[str, ...] = ()
    expected_ports: tuple[int, ...] = ()
    expected_files: tuple[str, ...] = ()
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
    severities: tuple[Override, ...] = ()

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
        return matches(unit, (*self.units, *self.expected_units, *self.expected_timers))

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
        """Return the units some profile says must run, with their suffix: timers too."""
        names = {full_name(name) for profile in self.all for name in profile.expected_units}
        timers = {name for profile in self.all for name in profile.expected_timers}
        return tuple(sorted(names | {name for name in timers if not is_pattern(name)}))

    def expected_timers(self) -> tuple[str, ...]:
        """Return the names and patterns of the timers some profile says must be active."""
        named = {name for name in self.expected_units() if name.endswith(TIMER)}
        said = {name for profile in self.all for name in profile.expected_timers}
        return tuple(sorted(named | said))

    def timer_patterns(self) -> tuple[str, ...]:
        """Return the patterns that, some profile says, at least one timer fits."""
        return tuple(name for name in self.expected_timers() if is_pattern(name))

    def expects_timer(self, timer: str) -> bool:
        """Say whether some profile says that the timer must be active."""
        return any(fnmatch.fnmatchcase(timer, name) for name in self.expected_timers())

    def expected_ports(self) -> tuple[int, ...]:
        """Return the ports some profile says something must listen on."""
        return tuple(sorted({port for profile in self.all for port in profile.expected_ports}))

    def expected_files(self) -> tuple[str, ...]:
        """Return the paths and patterns of files some profile says its application needs."""
        return tuple(sorted({path for profile in self.all for path in profile.expected_files}))

    def file_owner(self, path: str) -> Profile | None:
        """Return the application that expects the path or pattern."""
        return next((profile for profile in self.all if path in profile.expected_files), None)

    def file_severity(self, path: str, otherwise: Severity) -> Severity:
        """Return the worst severity of the components the path is a file of, or `otherwise`."""
        given = [
            one.severity
            for profile in self.all
            for one in profile.components
            if one.severity and one.has_file(path)
        ]
        return min(given, default=otherwise)

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


def is_pattern(name: str) -> bool:
    """Say whether a name is a shell pattern rather than one thing's own."""
    return any(sign in name for sign in "*?[")


def load_profiles(applications: Mapping[str, Any], where: str) -> Profiles:
    """Check and return the profiles of a bundle or file.

    Raises `InputError` that says which key of which profile is wrong and what is known.
    """
    return Profiles(
        tuple(_profile(name, applications[name], where) for name in sorted(applications))
    )


def _profile(name: str, data: Any, where: str) -> Profile:
    place = f"{where}: {PREFIX}{name}"
    check(data, PROFILE, place)
    said = {key: value for key, value in data.items() if value is not None}

    def names(key: str) -> tuple[str, ...]:
        return tuple(said.get(key, ()))

    layers = tuple(dict.fromkeys(names("layers")))
    critical = said.get("critical_units", {})
    return Profile(
        name=name,
        title=said.get("title") or name,
        units=names("units"),
        expected_units=names("expected_units"),
        critical_units=tuple(
            (severity, tuple(critical[severity] or ()))
            for severity in SEVERITIES
            if severity in critical
        ),
        expected_timers=tuple(
            name if name.endswith(TIMER) else name + TIMER for name in names("expected_timers")
        ),
        expected_ports=tuple(said.get("expected_ports", ())),
        expected_files=names("expected_files"),
        root_listeners=names("root_listeners") if "root_listeners" in said else None,
        root_units=names("root_units"),
        processes=names("processes"),
        modes=_modes(said["modes"]) if "modes" in said else None,
        streams=names("streams"),
        expected_streams=names("expected_streams"),
        stream_freshness=tuple(
            (str(pattern), _age(age, f"{place}.stream_freshness.{pattern}"))
            for pattern, age in said.get("stream_freshness", {}).items()
        ),
        layers=layers,
        components=components_of(said.get("components"), f"{place}.components", layers),
        listeners=listeners_of(said.get("listeners"), f"{place}.listeners"),
        loopback_ports=loopback_ports_of(said.get("loopback_ports")),
        models=model_families(said.get("models"), f"{place}.models", _age),
        load_evidence=load_evidence(said.get("load_evidence")),
        inventories=inventories_of(said.get("inventories")),
        severities=severities_of(said.get("severities")),
    )


def _modes(value: dict[Any, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    words = {str(name): said or () for name, said in value.items()}
    return tuple((name, tuple(word.lower() for word in words[name])) for name in sorted(words))


def _age(value: Any, place: str) -> float:
    """Return seconds of a number, or of a whole or decimal number with s, m, h or d."""
    if isinstance(value, str):
        number, unit = value.strip()[:-1], value.strip()[-1]
        seconds = float(number) * _AGE_UNITS[unit]
    else:
        seconds = float(value)
    if not 0 < seconds < MOST_AGE_S:
        raise InputError(f"{place}: give an age of less than a hundred years, not '{value}'")
    return seconds
