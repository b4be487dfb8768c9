"""What a component is made of, looked for in what the host shows."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from reporter.dataflow.surveys import Surveys
from reporter.facts import Each
from reporter.findings import Citation, Finding, Missing, Running, Status
from reporter.messages import Text, Value, joined, text
from reporter.parsers.journal_counts import JournalCounts
from reporter.parsers.named_files import NamedFiles
from reporter.parsers.processes import AllProcesses, Seen
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.systemd_unit_files import UnitFile, UnitFiles
from reporter.parsers.systemd_units import Units
from reporter.profile import is_pattern, matches
from reporter.profile_components import Component, process_matches
from reporter.rules.file_view import file_answer
from reporter.rules.process_places import outside
from reporter.rules.service_view import IDLE
from reporter.rules.times import at

__all__ = ["Part", "Place", "Search"]

_OF_UNITS = ("restart_loops", "service_state", "missing_units")
"""The rules whose findings say how a unit is, the one that says most first."""

_FOUND_FILES: Mapping[Status, Text] = {
    "ok": text("there"),
    "degraded": text("not whole"),
    "down": text("none"),
    "unknown": text("not seen"),
}
_COUNTERS = text("systemd restart counters")
_WORST_FIRST: tuple[Status, ...] = ("down", "degraded", "unknown", "ok")
_CUT = text("its output was cut or does not cover it")


@dataclass(frozen=True)
class Part:
    """One part of a component: what is known of it, and the findings that say so.

    `said` is what is wrong with it where no finding says so.
    """

    kind: str
    name: Value
    status: Status
    running: Running
    findings: tuple[Finding, ...] = ()
    citations: tuple[Citation, ...] = ()
    said: Text | None = None


@dataclass(frozen=True)
class Place:
    """Where parts are looked for: the host's facts, and the earlier findings by id."""

    units: Units
    unit_files: UnitFiles | Missing
    sockets: Sockets | Missing
    surveys: Surveys
    processes: AllProcesses | Missing
    journal: JournalCounts | Missing
    files: Each[NamedFiles] | Missing
    findings: Mapping[str, Finding]

    @cached_property
    def streams(self) -> tuple[tuple[str, Finding], ...]:
        """Each stream's name, with what stream_activity says of it."""
        names = {
            self.surveys.subject(survey, stream): stream.name for survey, stream in self.surveys
        }
        return tuple(
            (names[one.verdict.subject], one)
            for one in self.findings.values()
            if one.rule == "stream_activity" and one.verdict.subject in names
        )

    @cached_property
    def services(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The services in memory or on disk, by name, each with all its names."""
        found = {unit.name: unit.names or (unit.name,) for unit in self.units.of("service")}
        if not isinstance(self.unit_files, Missing):
            for one in self.unit_files:
                if one.name.endswith(".service") and self.units.get(one.name) is None:
                    found[one.name] = (one.name,)
        return tuple(sorted(found.items()))

    def file(self, name: str) -> UnitFile | None:
        """Return the file of a unit, None where there is none or none was seen."""
        return None if isinstance(self.unit_files, Missing) else self.unit_files.get(name)


@dataclass
class Search:
    """What was looked for, and what of it was found.

    `connections` are the ids of the findings that say what units are connected to; `unfound` are
    the patterns that nothing fits: whether that is well is not known. `looked` is the evidence that
    shows that nothing does.
    """

    place: Place
    parts: list[Part] = field(default_factory=list)
    searched: list[Text] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    connected: dict[Value, None] = field(default_factory=dict)
    connections: list[str] = field(default_factory=list)
    unfound: list[Text] = field(default_factory=list)
    looked: list[Citation] = field(default_factory=list)
    homes: int = 0
    """How many patterns of units and processes were looked for everywhere they could be."""

    def look_for(self, component: Component) -> None:
        """Look for everything that makes the component up."""
        own = component.dedicated_unit
        names = [name for pattern in component.units for name in self._units(pattern, own)]
        for pattern in component.streams:
            self._stream(pattern)
        for port in component.ports:
            self._port(port)
        for pattern in component.processes:
            self._process(pattern, own)
        for pattern in component.journal:
            self._journal(pattern, names)
        for path in component.files:
            self._file(path)

    def _units(self, pattern: str, own: bool) -> list[str]:
        """Take the units that fit as parts; returns their names."""
        place = self.place
        found = [
            name for name, names in place.services if any(matches(one, (pattern,)) for one in names)
        ]
        self.searched.append(
            text("units {pattern} ({count} found)", pattern=pattern, count=len(found))
        )
        if not found and own:
            self.unfound.append(text("units {pattern}", pattern=pattern))
        if not found:
            self.looked.append(Citation(place.units.record))
        gap = self._unlisted(pattern)
        if gap is not None:
            self.missing.append(gap)
        elif not isinstance(place.unit_files, Missing):
            self.homes += 1
            if not found:
                self.looked.append(Citation(place.unit_files.record))
        for name in found:
            self._unit(name)
        return found

    def _unlisted(self, pattern: str) -> Missing | None:
        """Return why a unit that fits may be there unseen; None if none can be."""
        units, files = self.place.units, self.place.unit_files
        if isinstance(files, Missing):
            return files
        if not units.complete:
            return Missing(units.record, _CUT)
        name = pattern if pattern.endswith(".service") else f"{pattern}.service"
        return None if files.covers(name) else Missing(files.record, _CUT)

    def _unit(self, name: str) -> None:
        findings = self.place.findings
        ids = [f"{rule}:{name}" for rule in _OF_UNITS]
        about = tuple(findings[one] for one in ids if one in findings)
        if about:
            part = _unit_part(name, about)
            self.parts.append(part)
            if part.running == "yes":
                self.connected[name] = None
            if part.running == "unstable":
                self.connected[_COUNTERS] = None
        else:
            self._on_disk(name)
        for rule in ("unit_connections", "service_state"):
            finding = findings.get(f"{rule}:{name}")
            if finding and finding.verdict.connected_to:
                self.connections.append(finding.id)
                self.connected.update(dict.fromkeys(finding.verdict.connected_to))

    def _on_disk(self, name: str) -> None:
        """Take a unit of which there is only a file as a part that does not run."""
        file = self.place.file(name)
        if file is None or self.place.units.get(name) is not None:
            return
        if file.template and self._instances(name):
            return
        shown = text(
            "{unit} (a template without instance)" if file.template else "{unit} (not loaded)",
            unit=name,
        )
        known = self.place.units.complete
        self.parts.append(
            Part(
                "unit",
                shown,
                "down" if known else "unknown",
                "no" if known else "unknown",
                citations=(file.cite(), Citation(self.place.units.record)),
            )
        )

    def _instances(self, template: str) -> bool:
        start = template.rpartition(".")[0]
        return any(one.startswith(start) and one != template for one, _ in self.place.services)

    def _stream(self, pattern: str) -> None:
        surveys = self.place.surveys
        found = [one for name, one in self.place.streams if fnmatch.fnmatchcase(name, pattern)]
        self.searched.append(
            text("streams {pattern} ({count} found)", pattern=pattern, count=len(found))
        )
        for one in found:
            name = one.verdict.subject
            producer = self.place.findings.get(f"stream_producers:{name}")
            about = (one, producer) if producer else (one,)
            self.parts.append(Part("stream", name, one.verdict.status, "na", about))
            self.connected[name] = None
        if found:
            return
        self.missing.extend(surveys.gaps)
        self.looked.extend(Citation(survey.record) for survey in surveys.all)
        if surveys.all and not surveys.gaps and not set(pattern) & set("*?["):
            none = text("{pattern} (no such stream)", pattern=pattern)
            self.parts.append(Part("stream", none, "degraded", "na"))
        else:
            self.unfound.append(text("streams {pattern}", pattern=pattern))

    def _port(self, port: int) -> None:
        sockets = self.place.sockets
        if isinstance(sockets, Missing):
            self.missing.append(sockets)
            return
        found = [one for one in sockets.listening if one.local.port == port]
        self.searched.append(
            text("port {port} (open)" if found else "port {port} (nothing listens)", port=str(port))
        )
        if found or sockets.complete:
            self.parts.append(
                Part(
                    "port",
                    text("port {port}", port=str(port)),
                    "ok" if found else "down",
                    "yes" if found else "no",
                    citations=(sockets.cite(*found),),
                )
            )
        else:
            why = text("its output was cut or not wholly readable, so some sockets are not known")
            self.missing.append(Missing(sockets.record, why))

    def _process(self, pattern: str, own: bool) -> None:
        """Take the processes that fit as a part; that there are none is one if they are its own."""
        processes = self.place.processes
        if isinstance(processes, Missing):
            self.missing.append(processes)
            return
        found = [seen for seen in processes if _is_one(seen, pattern)]
        self.searched.append(
            text("processes {pattern} ({count} found)", pattern=pattern, count=len(found))
        )
        unclear = _unclear(processes, pattern)
        if not found and unclear is not None:
            self.missing.append(Missing(processes.record, unclear))
            return
        self.homes += 1
        if not found and not own:
            self.looked.append(Citation(processes.record))
            return
        places = dict.fromkeys(place for seen in found if (place := outside(seen)) is not None)
        self.parts.append(
            Part(
                "process",
                _processes(pattern, tuple(places), found=bool(found)),
                "degraded" if places else "ok" if found else "down",
                "yes" if found else "no",
                citations=(processes.cite(*found),),
            )
        )

    def _journal(self, pattern: str, units: Sequence[str]) -> None:
        """Take what the component's units, or any where it has none, wrote to the journal."""
        journal = self.place.journal
        if isinstance(journal, Missing):
            self.missing.append(journal)
            return
        found = [
            one
            for one in journal.matches
            if one.pattern == pattern and (one.unit in units or not units)
        ]
        count = sum(one.count for one in found)
        self.searched.append(
            text("journal {pattern} ({count} lines)", pattern=pattern, count=count)
        )
        if not found:
            self.unfound.append(text("journal {pattern}", pattern=pattern))
            self.looked.append(journal.cited)
            return
        last = at(max(one.last for one in found))
        cited = tuple(one.cited for one in found)
        name = text(
            "journal {pattern} ({count} lines, the last {last})",
            pattern=pattern,
            count=count,
            last=last,
        )
        self.parts.append(Part("journal", name, "ok", "na", citations=cited))

    def _file(self, path: str) -> None:
        """Take a file, or those that fit a pattern, as a part, unless it was not seen."""
        answer = file_answer(path, self.place.files)
        self.missing.extend(answer.missing)
        nothing = answer.status == "down" and is_pattern(path)
        shown = text("{path} ({found})", path=path, found=_FOUND_FILES[answer.status])
        self.searched.append(text("files {file}", file=shown))
        if nothing:
            self.unfound.append(text("files {file}", file=path))
            self.looked.extend(answer.citations)
        elif answer.status != "unknown":
            name = path if answer.status == "ok" else shown
            said = None if answer.status == "ok" else answer.message
            self.parts.append(
                Part("file", name, answer.status, "na", citations=answer.citations, said=said)
            )


def _processes(pattern: str, places: Sequence[Text], *, found: bool) -> Text:
    if not found:
        return text("processes {pattern} (none)", pattern=pattern)
    if places:
        return text("processes {pattern} ({places})", pattern=pattern, places=joined(places))
    return text("processes {pattern}", pattern=pattern)


def _unit_part(name: str, about: tuple[Finding, ...]) -> Part:
    """Return the unit as a part: one that does not run is down here, whoever wanted it so."""
    running = about[0].verdict.running
    statuses = {one.verdict.status for one in about}
    rests = running == "no" and all(one.verdict.component != IDLE for one in about)
    if rests and "unknown" not in statuses:
        return Part("unit", name, "down", running, about)
    worst = next(status for status in _WORST_FIRST if status in statuses)
    return Part("unit", name, worst, running, about)


def _is_one(seen: Seen, pattern: str) -> bool:
    return seen.state != "Z" and process_matches(
        (pattern,), seen.name, seen.process.executable, seen.folder
    )


def _unclear(processes: AllProcesses, pattern: str) -> Text | None:
    """Say why a process that fits may be there unseen; None if none can be."""
    if not processes.complete:
        return text("the list of processes was cut")
    count = len(processes.hidden) + sum(seen.closed for seen in processes if "/" in pattern)
    if count == 0:
        return None
    return text("of {count} processes the program or the name is not shown", count=count)
