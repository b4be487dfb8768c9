"""What a declared inventory claims of an item, each claim held against what the host shows."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from reporter.dataflow.surveys import Surveys
from reporter.findings import Citation, Missing
from reporter.inventories import MASKED, DeclaredUnit, stream_names
from reporter.messages import Text, text
from reporter.parsers.containers import Container, Containers
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Unit, Units

__all__ = ["RUNNING", "Answer", "Claim", "Compared", "Shown"]

RUNNING = ("active", "activating", "reloading")
"""The active states of a unit that runs."""

_CUT = text("its output was cut or does not cover it")
_MOST = 5
_WRONG = frozenset(("missing", "contradicts"))

Answer = Literal["agrees", "contradicts", "missing", "unknown"]


@dataclass(frozen=True)
class Claim:
    """One claim about an item; `gap` is the evidence that its comparison lacks."""

    answer: Answer
    why: Text
    gap: Missing | None = None
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class Compared:
    """One item held against the host: its claims, that about its state first.

    `unit` is the name it has on the host; `shown` is that unit, None where it is not in memory.
    """

    item: DeclaredUnit
    unit: str
    shown: Unit | None
    claims: tuple[Claim, ...]

    @property
    def answer(self) -> Answer:
        """The worst that is known of its claims; unknown where nothing is wrong and one is."""
        answers = {claim.answer for claim in self.claims}
        ordered: tuple[Answer, ...] = ("missing", "contradicts", "unknown")
        return next((one for one in ordered if one in answers), "agrees")

    @property
    def comparable(self) -> bool:
        """Whether any of its claims could be held against the host."""
        return any(claim.answer != "unknown" for claim in self.claims)

    @property
    def unknown(self) -> tuple[Claim, ...]:
        """The claims that could not be compared."""
        return tuple(claim for claim in self.claims if claim.answer == "unknown")

    @property
    def why(self) -> Text:
        """What decides its answer."""
        wrong = tuple(claim for claim in self.claims if claim.answer in _WRONG)
        first, *rest = wrong or self.unknown or self.claims
        said = first.why
        for claim in rest if wrong or self.unknown else ():
            said = text("{first}; {rest}", first=said, rest=claim.why)
        return said


@dataclass(frozen=True)
class Shown:
    """What the host shows, as far as it was seen.

    `file` is the record that brought the inventory, `patterns` are the profile's stream names.
    """

    file: str
    units: Units
    unit_files: UnitFiles | Missing
    sockets: Sockets | Missing
    surveys: Surveys
    containers: Containers | Missing
    patterns: tuple[str, ...]

    def compare(self, item: DeclaredUnit) -> Compared:
        """Hold an item against the host."""
        unit = self._unit(item)
        name, state = self._of_unit(item, unit)
        state = self._as_container(item, state, name)
        runs = item.means == "running" and state.answer == "agrees"
        port = self._port(item.port) if runs and item.port is not None else ()
        return Compared(item, name, unit, (state, *port, *self._streams(item)))

    def _unit(self, item: DeclaredUnit) -> Unit | None:
        name = item.unit or ""
        unit = self.units.get(name) or self.units.get(name.replace("_", "-"))
        return None if unit is None or unit.load_state == "not-found" else unit

    def _of_unit(self, item: DeclaredUnit, unit: Unit | None) -> tuple[str, Claim]:
        """Return the name of the item's unit here, and what its state comes to."""
        name = item.unit or item.name
        if item.unit is None or MASKED in name:
            return name, Claim("unknown", text("it names no unit that is readable"))
        if unit is None:
            return self._on_disk(item, name)
        shown = f"{unit.active_state} ({unit.sub_state})"
        if item.means is None:
            why = text("no state that can be compared is declared; it is {shown}", shown=shown)
            return unit.name, Claim("unknown", why)
        why = text("declared {state}, is {shown}", state=item.state or "?", shown=shown)
        runs = unit.active_state in RUNNING
        wrong = (item.means == "running") != runs or unit.active_state == "activating"
        return unit.name, Claim("contradicts" if wrong else "agrees", why)

    def _on_disk(self, item: DeclaredUnit, name: str) -> tuple[str, Claim]:
        """Say what the state of an item comes to whose unit is not in memory."""
        unseen = text("whether it exists was not seen")
        if isinstance(self.unit_files, Missing):
            return name, Claim("unknown", unseen, self.unit_files)
        file = self.unit_files.get(name) or self.unit_files.get(name.replace("_", "-"))
        if file is None:
            if not (self.units.complete and self.unit_files.covers(name)):
                record = self.unit_files.record if self.units.complete else self.units.record
                return name, Claim("unknown", unseen, Missing(record, _CUT))
            state = item.state or text("without state")
            why = text("declared {state}, and no such unit exists", state=state)
            return name, Claim("missing", why)
        if not self.units.complete or item.means is None:
            why = text(
                "its file is there ({state}); whether it runs was not seen", state=file.state
            )
            return file.name, Claim("unknown", why)
        why = text("declared {state}, is not loaded", state=item.state or "?")
        return file.name, Claim("contradicts" if item.means == "running" else "agrees", why)

    def _as_container(self, item: DeclaredUnit, claim: Claim, unit: str) -> Claim:
        """Say what the state of an item comes to that is declared as a container."""
        if item.container is None or MASKED in item.container:
            return claim
        found = self._container(item.container)
        if isinstance(found, Container):
            return _contained(item, found, self._cited)
        why, gap = found
        if item.means == "running" and claim.answer == "agrees":
            said = text(
                "{why}; declared as a container: {container}; it runs as {unit}",
                why=claim.why,
                container=why,
                unit=unit,
            )
            return replace(claim, why=said, citations=self._cited)
        if gap is not None:
            said = text("{why}; {container}", why=claim.why, container=why)
            return Claim("unknown", said, claim.gap or gap)
        if claim.answer in _WRONG:
            said = text("{why}; {container}", why=claim.why, container=why)
            return replace(claim, why=said, citations=self._cited)
        return claim

    def _container(self, name: str) -> Container | tuple[Text, Missing | None]:
        """Return the running container of that name, else why there is none, or is none known."""
        if isinstance(self.containers, Missing):
            return text("whether it runs as one was not seen"), self.containers
        running = self.containers.running
        found = next((one for one in running if _goes_by(one.name, name)), None)
        if found is not None:
            return found
        nameless = sum(not one.name for one in running)
        if self.containers.none_run is None or nameless:
            why = text("whether it runs as one was not seen")
            reason = (
                text("the names of {count} containers are not known", count=nameless)
                if nameless
                else text("which containers run is not known")
            )
            return why, Missing(self.containers.record, reason)
        if not (running or self.containers.programs or self.containers.daemons):
            return text("the host has no container engine"), None
        return text("no container of that name runs"), None

    @property
    def _cited(self) -> tuple[Citation, ...]:
        return () if isinstance(self.containers, Missing) else (self.containers.cite(),)

    def _port(self, port: int) -> tuple[Claim, ...]:
        sockets = self.sockets
        if isinstance(sockets, Missing):
            return (_unseen(port, sockets),)
        if not sockets.complete:
            return (_unseen(port, Missing(sockets.record, _CUT)),)
        if port in {one.local.port for one in sockets.listening}:
            return (Claim("agrees", text("its port {port} is listened on", port=str(port))),)
        why = text("declared on port {port}, where nothing listens", port=str(port))
        return (Claim("contradicts", why),)

    def _streams(self, item: DeclaredUnit) -> Iterator[Claim]:
        """Compare the streams of an item, unless it is declared stopped."""
        if item.means == "stopped" or not item.streams:
            return
        said = [stream_names(one, self.patterns, self._streams_here) for one in item.streams]
        if None in said:
            gap = Missing(self.file, text("masking hid names of its streams"))
            yield Claim("unknown", text("masking hid names of its streams"), gap)
        names = tuple(dict.fromkeys(name for found in said if found for name in found))
        gone = [name for name in names if not self._has(name)]
        cited = tuple(Citation(survey.record) for survey in self.surveys.all)
        if len(gone) < len(names):
            yield Claim("agrees", text("its streams are there"), citations=cited)
        if not gone:
            return
        shown = ", ".join(gone[:_MOST]) + (f", +{len(gone) - _MOST}" if len(gone) > _MOST else "")
        if self.surveys.all and not self.surveys.gaps:
            why = text("declared with streams that no Redis server here has: {names}", names=shown)
            yield Claim("contradicts", why, citations=cited)
        else:
            why = text("whether its streams are there was not seen: {names}", names=shown)
            yield Claim("unknown", why, self._unsurveyed)

    @cached_property
    def _streams_here(self) -> frozenset[str]:
        return frozenset(stream.name for _, stream in self.surveys)

    def _has(self, name: str) -> bool:
        return name in self._streams_here or (
            "*" in name and bool(fnmatch.filter(self._streams_here, name))
        )

    @property
    def _unsurveyed(self) -> Missing:
        if self.surveys.gaps:
            return self.surveys.gaps[0]
        return Missing("redis_servers", text("no Redis server of this host was surveyed"))


def _unseen(port: int, gap: Missing) -> Claim:
    why = text("whether its port {port} is listened on was not seen", port=str(port))
    return Claim("unknown", why, gap)


def _contained(item: DeclaredUnit, found: Container, cited: tuple[Citation, ...]) -> Claim:
    answers: Mapping[str | None, Answer] = {"running": "agrees", "stopped": "contradicts"}
    why = text(
        "declared {state}, runs as container {name} ({engine})",
        state=item.state or text("without state"),
        name=found.name,
        engine=found.engine,
    )
    lines = Citation(cited[0].record, "\n".join(found.lines))
    return Claim(answers.get(item.means, "unknown"), why, citations=(lines,))


def _goes_by(name: str, wanted: str) -> bool:
    """Say whether a container goes by a name: as it is, or as Compose writes it."""
    plain, other = name.replace("_", "-"), wanted.replace("_", "-")
    return plain == other or re.fullmatch(rf".+-{re.escape(other)}-\d+", plain) is not None
