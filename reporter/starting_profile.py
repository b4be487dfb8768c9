"""A starting profile: what an operator would declare of a host that is as it should be.

It is made of what was observed, so everything in it is a proposal: a unit that ran is expected to
run from now on, one that did not is left in a comment. The applications are guessed from the
names: services that are not the distribution's and begin alike belong together.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from reporter.dataflow.unit_names import words_of
from reporter.findings import Missing
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Unit, Units
from reporter.report import HostReport, Report

__all__ = ["starting_profile"]

_SHIPPED = ("/lib/systemd/", "/usr/lib/systemd/", "/run/")
_ALIKE = 2
"""Services that begin alike, for them to be one application."""

_OTHERS = "others"
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@:*-]*")


_HINTS = """\
  # Files that must be there, such as its database or its socket: the next collection looks at what
  # is named here. Environment files that its units load are looked at anyway.
  # expected_files: [/srv/name/name.db]
  # What people call its parts, and what makes each of them up.
  # components:
  #   name:
  #     title: Title
  #     layer: execution
  #     units: []
  #     streams: []
  #     ports: []
  #     files: []
  # How bad single findings are, whatever their rules say: P0 to P3, or none.
  # severities:
  #   'service_state:name.service': P1
"""


@dataclass
class _Application:
    """What was observed of one application, over all hosts."""

    name: str
    patterns: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    idle: dict[str, str] = field(default_factory=dict)
    timers: set[str] = field(default_factory=set)
    dead_timers: dict[str, str] = field(default_factory=dict)
    ports: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    streams: set[str] = field(default_factory=set)
    moving: set[str] = field(default_factory=set)
    resting: dict[str, str] = field(default_factory=dict)


def starting_profile(report: Report) -> str:
    """Return a profile of every application of the report's hosts as commented YAML.

    It loads as it stands: `truthmap report --profile FILE` judges by it.
    """
    applications: dict[str, _Application] = {}
    for host in report.hosts:
        _observe(host, applications)
    names = ", ".join(host.host for host in report.hosts) or "no host"
    lines = [
        "---",
        f"# A starting profile, from what was observed on {_comment(names)} (run"
        f" {_comment(report.run)}).",
        "# Everything here is a proposal: take out what need not be, add what is missing.",
        "# A declaration is never an answer. It says what to hold the next collection against.",
    ]
    if not applications:
        lines += ["# No service was seen that is not the distribution's.", "truthmap_app_example:"]
        lines += ["  title: Example", "  units: [example-*]"]
    for name in sorted(applications):
        lines += ["", *_lines(applications[name])]
    return "\n".join(lines) + "\n"


def _observe(host: HostReport, applications: dict[str, _Application]) -> None:
    units = host.facts.get("units")
    if isinstance(units, Missing):
        return
    services = list(_own_services(units, host.facts.get("unit_files")))
    groups = _groups([name for name, _ in services])
    for unit_name, unit in services:
        name, pattern = groups[unit_name]
        application = applications.setdefault(name, _Application(name))
        application.patterns.add(pattern)
        if unit is not None and unit.active_state in {"active", "reloading"}:
            application.running.add(unit_name)
        else:
            application.idle[unit_name] = _state(unit)
    _observe_timers(units, groups, applications)
    _observe_ports(host, groups, applications)
    _observe_streams(host, groups, applications)


def _own_services(units: Units, files: UnitFiles | Missing) -> Iterator[tuple[str, Unit | None]]:
    """Yield the services that are not the distribution's, in memory or only on disk.

    Of those on disk `show` says no path: one belongs here if its name begins like one in memory.
    """
    loaded = [unit for unit in units.of("service") if unit.load_state == "loaded"]
    own = [unit for unit in loaded if not (unit.fragment_path or "/run/").startswith(_SHIPPED)]
    yield from ((unit.name, unit) for unit in own)
    if isinstance(files, Missing):
        return
    known = {unit.name for unit in units}
    first = {_words(unit.name)[:1] for unit in own}
    for one in files:
        service = one.name.endswith(".service") and not one.template
        if service and one.name not in known and _words(one.name)[:1] in first:
            yield one.name, None


def _words(unit: str) -> tuple[str, ...]:
    return words_of(unit.rpartition(".")[0])


def _groups(names: list[str]) -> dict[str, tuple[str, str]]:
    """Return for each service its application's name, and the pattern it is found by."""
    first = Counter(_words(name)[:1] for name in names)
    found = {}
    for name in names:
        words = _words(name)
        together = len(words) > 1 and first[words[:1]] >= _ALIKE
        if together and name.casefold().startswith(words[0]):
            # The sign that joins its words belongs to the pattern: `shop-*` is not `shopping-…`.
            found[name] = (_variable(words[0]), name[: len(words[0]) + 1] + "*")
        else:
            found[name] = (_OTHERS, name)
    return found


def _variable(word: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", word.casefold()) or _OTHERS


def _state(unit: Unit | None) -> str:
    if unit is None:
        return "not in memory"
    return f"{unit.active_state or '?'}, {unit.unit_file_state or '?'}"


def _observe_timers(
    units: Units, groups: dict[str, tuple[str, str]], applications: dict[str, _Application]
) -> None:
    """Give each timer that is not the distribution's to the application of what it starts."""
    for timer in units.of("timer"):
        shipped = (timer.fragment_path or "/run/").startswith(_SHIPPED)
        started = [unit for unit in timer.triggers or () if unit in groups]
        if timer.load_state != "loaded" or shipped or not started:
            continue
        application = applications[groups[started[0]][0]]
        if timer.active_state == "active":
            application.timers.add(timer.name)
        else:
            application.dead_timers[timer.name] = _state(timer)


def _observe_ports(
    host: HostReport, groups: dict[str, tuple[str, str]], applications: dict[str, _Application]
) -> None:
    sockets, processes = host.facts.get("sockets"), host.facts.get("socket_processes")
    if isinstance(sockets, Missing) or isinstance(processes, Missing):
        return
    for port, unit in _listening(sockets, processes):
        if unit in groups:
            applications[groups[unit][0]].ports[port].add(unit)


def _listening(sockets: Sockets, processes: Processes) -> Iterator[tuple[int, str]]:
    for socket in sockets.listening:
        for holder in socket.holders:
            process = processes.by_pid.get(holder.pid)
            if process is not None and process.unit is not None and socket.proto == "tcp":
                yield socket.local.port, process.unit


def _observe_streams(
    host: HostReport, groups: dict[str, tuple[str, str]], applications: dict[str, _Application]
) -> None:
    """Give each stream to the application its name begins with, else to its producer's."""
    for row in host.streams.rows:
        words = words_of(row.stream.partition(":")[0])
        by_name = _variable(words[0]) if words else ""
        producers = (one.unit for one in row.producers if one.unit in groups)
        owners = [groups[unit][0] for unit in producers if unit is not None]
        name = by_name if by_name in applications else next(iter(owners), None)
        if name is None:
            continue
        application = applications[name]
        prefix = row.stream.rpartition(":")[0]
        application.streams.add(f"{row.stream.split(':')[0]}:*" if prefix else row.stream)
        if row.active == "yes":
            application.moving.add(row.stream)
        else:
            application.resting[row.stream] = row.active


def _lines(application: _Application) -> Iterator[str]:
    yield f"truthmap_app_{application.name}:"
    yield f"  title: {_scalar(application.name.replace('_', ' ').title())}"
    yield from _unit_lines(application)
    yield from _port_lines(application)
    yield from _stream_lines(application)
    yield from _HINTS.splitlines()


def _unit_lines(application: _Application) -> Iterator[str]:
    yield "  # Shell patterns of the units that belong to the application."
    yield "  units:"
    yield from _items(application.patterns)
    if application.running:
        yield "  # These ran: units that must exist and run."
        yield "  expected_units:"
        yield from _items(application.running)
    if application.idle:
        yield "  # These did not run. Those that should, belong to expected_units:"
        yield from _left_out(application.idle)
    if application.timers:
        yield "  # These were active: timers that must exist and be active."
        yield "  expected_timers:"
        yield from _items(application.timers)
    if application.dead_timers:
        yield "  # These were not active. Those that should be, belong to expected_timers:"
        yield from _left_out(application.dead_timers)
    yield "  # How bad it is if a unit is down or keeps restarting; P0 is worst."
    yield "  # critical_units:"
    yield "  #   P0: []"
    yield "  #   P1: []"


def _port_lines(application: _Application) -> Iterator[str]:
    if application.ports:
        yield "  # Ports something must listen on."
        yield "  expected_ports:"
        for port in sorted(application.ports):
            yield f"    - {port}  # {_comment(', '.join(sorted(application.ports[port])))}"


def _stream_lines(application: _Application) -> Iterator[str]:
    if application.streams:
        yield "  # Shell patterns of the Redis streams that belong to the application."
        yield "  streams:"
        yield from _items(application.streams)
    if application.moving:
        yield "  # These moved: streams that must be there and move."
        yield "  expected_streams:"
        yield from _items(application.moving)
    if application.resting:
        yield "  # These did not move. Those that should, belong to expected_streams:"
        yield from _left_out(application.resting)
    if application.streams:
        yield "  # How old the last event of a stream may be; 24h where nothing is said."
        yield "  # stream_freshness:"
        yield "  #   'name:*': 15m"


def _left_out(names: Mapping[str, str]) -> Iterator[str]:
    """Yield names as items in comments, each with what was seen of it."""
    for name in sorted(names):
        yield f"  #   - {_comment(name)}  ({_comment(names[name])})"


def _items(values: Iterable[str]) -> Iterator[str]:
    return (f"    - {_scalar(value)}" for value in sorted(values))


def _scalar(value: str) -> str:
    """Return a YAML scalar on one line, whatever the host chose for a name."""
    if _PLAIN.fullmatch(value) and not _is_special(value):
        return value
    shown: str = yaml.safe_dump(value, default_style='"', width=10**6, allow_unicode=False)
    return shown.strip()


def _is_special(value: str) -> bool:
    loaded: Any = yaml.safe_load(value)
    return not isinstance(loaded, str)


def _comment(value: str) -> str:
    """Return text that stays within its comment."""
    return re.sub(r"[^ -~]+", " ", value)
