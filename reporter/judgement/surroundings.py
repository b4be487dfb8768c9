"""What a host's facts say stands before and behind a thing: the ways a cause can take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from reporter.dataflow.graph import Dataflow, Edge, Node
from reporter.dataflow.producers import Producer, outlives
from reporter.dataflow.table import StreamRow, StreamTable
from reporter.facts import FactStore
from reporter.findings import Citation, Confidence, Finding, Missing
from reporter.judgement.things import Thing
from reporter.messages import Text, text
from reporter.models.table import ModelTable
from reporter.parsers.config_units import EnvUse
from reporter.parsers.systemd_units import Unit, Units
from reporter.profile import Profiles, matches
from reporter.profile_components import Component
from reporter.rules.execution import EXEC, obstacle

__all__ = ["Link", "Surroundings"]

_DOWN = frozenset({"down", "unstable"})


@dataclass(frozen=True, slots=True)
class Link:
    """A way from an effect to what is behind it: `how` says it in words.

    `shows` is true where the link itself shows that what it leads to does not work, also if no
    finding calls that wrong (a disabled service that was the only one to write a stream).
    """

    to: Thing
    how: Text
    confidence: Confidence
    citations: tuple[Citation, ...] = ()
    shows: bool = False


class Surroundings:
    """The map of one host, asked from a thing upstream (its causes) or downstream."""

    def __init__(
        self,
        facts: FactStore,
        streams: StreamTable,
        dataflow: Dataflow,
        models: ModelTable,
        profiles: Profiles,
        findings: Mapping[str, Finding],
    ) -> None:
        self._facts = facts
        self._findings = findings
        self._dataflow = dataflow
        self._models = models
        self._profiles = profiles
        self._table = streams

    @cached_property
    def rows(self) -> Mapping[str, StreamRow]:
        """The streams of the truth table by the subject of their findings."""
        return {row.subject: row for row in self._table.rows}

    @cached_property
    def still(self) -> frozenset[str]:
        """The subjects of the streams that do not move."""
        return frozenset(name for name, row in self.rows.items() if row.active in {"no", "stale"})

    @cached_property
    def moving(self) -> frozenset[str]:
        """The subjects of the streams that move."""
        return frozenset(name for name, row in self.rows.items() if row.active == "yes")

    def upstream(self, thing: Thing) -> Iterator[Link]:
        """Yield what may be behind a broken thing, the most telling first."""
        if thing.kind == "unit":
            yield from self._behind_unit(thing.name)
        elif thing.kind == "stream" and thing.name in self.rows:
            yield from self._behind_stream(thing.name)
        elif thing.kind == "group":
            yield from self._behind_group(thing.name)
        elif thing.kind == "port":
            yield from self._behind_port(thing.name)
        elif thing.kind == "socket":
            port = thing.name.rpartition(":")[2]
            if port.isdigit():
                how = text("what passes requests on needs port {port}", port=port)
                yield Link(Thing("port", port), how, "configured")
                yield from self._behind_port(port)
        elif thing.kind == "system_state":
            yield from self._behind_system()
        elif thing.kind == "model_loads":
            yield from self._behind_model(thing.name)
        elif thing.kind == "listener":
            yield from self._behind_listener(thing.name)
        elif thing.kind == "cron_jobs":
            yield from self._behind_cron(thing.name)
        elif thing.kind == "code_newer_than_process":
            yield from self._behind_code(thing.name)

    def open_end(self, thing: Thing) -> Text | None:
        """Say what is not known behind a thing at which a chain ends; None if nothing is."""
        if thing.kind == "stream":
            return self._open_stream(thing.name)
        if thing.kind == "group" and not self._readers(thing.name):
            return self._open_group(thing.name)
        if thing.kind == "port":
            return self._open_port(thing.name)
        return None

    def downstream(self, thing: Thing) -> tuple[Thing, ...]:
        """Return what stands still, or gets nothing, because the thing is broken.

        Streams that nobody else who runs is known to write, their groups, and the units that read
        through these; on through units all of whose inputs are among them.
        """
        reached: dict[Thing, None] = {}
        waiting = [thing]
        while waiting:
            one = waiting.pop(0)
            for found in self._next(one, reached):
                if found != thing and found not in reached:
                    reached[found] = None
                    waiting.append(found)
        return tuple(reached)

    def _next(self, thing: Thing, reached: Mapping[Thing, None]) -> Iterator[Thing]:
        node = Node("unit", thing.name)
        if thing.kind == "unit":
            inputs = self._inputs(thing.name)
            starved = not inputs or all(Thing("stream", one) in reached for one in inputs)
            if thing in reached and not starved:
                return
            for edge in self._dataflow.leaving(node):
                if edge.relation == "writes" and edge.target.id in self.still:
                    yield Thing("stream", edge.target.id)
        elif thing.kind == "stream":
            for edge in self._dataflow.leaving(Node("stream", thing.name)):
                if edge.relation == "read through":
                    yield Thing("group", edge.target.id)
        elif thing.kind == "group":
            yield from (Thing("unit", edge.target.id) for edge in self._readers(thing.name))

    def _behind_unit(self, name: str) -> Iterator[Link]:
        units = self._facts.get("units")
        if isinstance(units, Missing):
            return
        unit = units.get(name)
        if unit is None:
            return
        yield from self._env_files(name)
        yield from self._program(unit)
        for other in units:
            if name in self._dependants(other):
                how = text("{unit} cannot run without {other}", unit=name, other=other.name)
                cited = (other.cite("RequiredBy", "RequisiteOf", "BoundBy"),)
                yield Link(Thing("unit", other.name), how, "configured", cited)
        yield from self._triggers(unit, units)

    @staticmethod
    def _triggers(unit: Unit, units: Units) -> Iterator[Link]:
        """Yield what a timer that is active starts, and what should start a service and is off."""
        if unit.active_state == "active":
            for started in unit.triggers or ():
                how = text("{timer} starts {unit}", timer=unit.name, unit=started)
                yield Link(Thing("unit", started), how, "configured", (unit.cite("Triggers"),))
        if unit.active_state == "inactive":
            for name in unit.triggered_by or ():
                timer = units.get(name)
                if timer is not None and timer.active_state != "active":
                    how = text("{timer}, which starts {unit}, is off", timer=name, unit=unit.name)
                    cited = (unit.cite("TriggeredBy"), timer.cite("ActiveState"))
                    yield Link(Thing("unit", name), how, "configured", cited)

    @staticmethod
    def _dependants(unit: Unit) -> tuple[str, ...]:
        return (*(unit.required_by or ()), *(unit.requisite_of or ()), *(unit.bound_by or ()))

    def _env_files(self, name: str) -> Iterator[Link]:
        use = self._facts.get("unit_env_files")
        if isinstance(use, EnvUse):
            for loaded in use.by_unit.get(name, ()):
                if not loaded.optional:
                    how = text("{unit} needs {path}", unit=name, path=loaded.path)
                    yield Link(Thing("file", loaded.path), how, "configured", (use.cite(name),))

    def _program(self, unit: Unit) -> Iterator[Link]:
        if unit.exit_status != EXEC:
            return
        found = obstacle(unit, self._facts.get("executables"))
        if found.seen:
            cited = (unit.cite("ExecMainStatus", "ExecStart"), *found.citations)
            thing = Thing("obstacle", str(found.message))
            yield Link(thing, found.message, "observed", cited, shows=True)

    def _behind_stream(self, name: str) -> Iterator[Link]:
        producers = self.rows[name].producers
        judged = self._findings.get(f"stream_producers:{name}")
        if judged is None or judged.verdict.status != "degraded":
            if name in self.still:
                yield from self._starved(producers)
            return
        activity = self.rows[name].activity
        for one in producers:
            if one.health not in _DOWN or (activity and outlives(activity, one)):
                continue
            how = text(
                "{unit}, which writes it, keeps being restarted"
                if one.health == "unstable"
                else "{unit}, which writes it, does not run",
                unit=one.name,
            )
            thing = Thing("unit", one.unit or one.name)
            yield Link(thing, how, one.confidence, one.citations, shows=True)

    def _starved(self, producers: tuple[Producer, ...]) -> Iterator[Link]:
        """Yield the inputs of producers that run, where every one of a producer's stands still."""
        for one in producers:
            inputs = self._inputs(one.unit) if one.unit and one.health == "runs" else ()
            if inputs and all(given in self.still for given in inputs):
                for given in inputs:
                    how = text(
                        "{unit}, which writes it, runs and gets nothing: it reads {stream}",
                        unit=one.name,
                        stream=given,
                    )
                    yield Link(Thing("stream", given), how, one.confidence, one.citations)

    def _inputs(self, unit: str) -> tuple[str, ...]:
        """Return the streams a unit is known to read through a group."""
        groups = [
            edge.source
            for edge in self._dataflow.entering(Node("unit", unit))
            if edge.relation == "reads"
        ]
        found = (
            edge.source.id
            for group in groups
            for edge in self._dataflow.entering(group)
            if edge.relation == "read through"
        )
        return tuple(dict.fromkeys(found))

    def _readers(self, group: str) -> tuple[Edge, ...]:
        return tuple(
            edge
            for edge in self._dataflow.leaving(Node("group", group))
            if edge.relation == "reads"
        )

    def _named(self, group: str) -> tuple[Edge, ...]:
        """Return the unit that a group nobody reads is called after."""
        return tuple(
            edge
            for edge in self._dataflow.leaving(Node("group", group))
            if edge.relation == "may read"
        )

    def _open_group(self, name: str) -> Text:
        units = ", ".join(edge.target.id for edge in self._named(name))
        if units:
            return text(
                "by its name it is read by {units}; nothing wrong is seen there", units=units
            )
        return text("which unit reads through it is not known")

    def _behind_group(self, name: str) -> Iterator[Link]:
        for edge in self._readers(name):
            how = text("{unit} reads through it", unit=edge.target.id)
            yield Link(Thing("unit", edge.target.id), how, edge.confidence, edge.citations)
        for edge in self._named(name):
            how = text("by its name {unit} should read through it", unit=edge.target.id)
            yield Link(Thing("unit", edge.target.id), how, edge.confidence, edge.citations)

    def _behind_port(self, port: str) -> Iterator[Link]:
        """Yield the units a profile names beside the port: who listened is not seen afterwards."""
        for unit, component in self._units_with(port):
            how = text(
                "{unit} belongs to {component} like the port, as the profile says",
                unit=unit.name,
                component=component.title,
            )
            yield Link(Thing("unit", unit.name), how, "inferred")

    def _units_with(self, port: str) -> Iterator[tuple[Unit, Component]]:
        """Yield the services of the components that have the port."""
        units = self._facts.get("units")
        if isinstance(units, Units):
            for component in self._parts_with(port):
                for unit in units.of("service"):
                    if matches(unit.name, component.units):
                        yield unit, component

    def _parts_with(self, port: str) -> Iterator[Component]:
        """Yield the components of the profiles that have the port."""
        for profile in self._profiles:
            for component in profile.components:
                if port in {str(one) for one in component.ports}:
                    yield component

    def _behind_system(self) -> Iterator[Link]:
        units = self._facts.get("units")
        if isinstance(units, Units):
            for unit in units:
                if unit.active_state == "failed":
                    how = text("{unit} failed", unit=unit.name)
                    yield Link(
                        Thing("unit", unit.name), how, "observed", (unit.cite("ActiveState"),)
                    )

    def _behind_listener(self, name: str) -> Iterator[Link]:
        """Yield the Redis server whose port it is."""
        listeners = self._facts.get("redis_listeners")
        for server in () if isinstance(listeners, Missing) else listeners.servers:
            for one in server.listeners:
                if one.end is not None and name == f"tcp/{one.end.port}":
                    how = text("Redis {server} listens there", server=server.endpoint)
                    cited = (Citation(listeners.record, one.line),)
                    yield Link(Thing("redis_exposure", server.endpoint), how, "observed", cited)

    def _behind_cron(self, application: str) -> Iterator[Link]:
        """Yield what is wrong with the tables in which the application's entries stand."""
        cron = self._facts.get("cron")
        judged = self._findings.get(f"cron_jobs:{application}")
        if isinstance(cron, Missing) or judged is None:
            return
        own = {line for cited in judged.verdict.citations for line in cited.excerpt.splitlines()}
        for table in cron.tables:
            lines = [entry.line for entry in table.entries if entry.line in own]
            if lines:
                how = text("its entries stand in {path}", path=table.path)
                for rule in ("cron_tables", "cron_programs"):
                    yield Link(Thing(rule, table.path), how, "observed", (cron.cite(*lines),))

    def _behind_code(self, unit: str) -> Iterator[Link]:
        """Yield the checkout where somebody changed a file that the process is older than.

        What the finding cites are the files.
        """
        checkouts = self._facts.get("checkouts")
        judged = self._findings.get(f"code_newer_than_process:{unit}")
        if isinstance(checkouts, Missing) or judged is None:
            return
        newer = {
            line.rpartition(" mtime ")[0]
            for cited in judged.verdict.citations
            for line in cited.excerpt.splitlines()
        }
        for one in checkouts:
            for name in one.modified:
                path = f"{one.path.rstrip('/')}/{name}"
                if path in newer:
                    how = text("{path} was changed on the host itself", path=path)
                    cited = (checkouts.cite(one),)
                    yield Link(Thing("checkout_state", one.path), how, "observed", cited)

    def _behind_model(self, name: str) -> Iterator[Link]:
        """Yield the files of the family: which of them a program wants is not seen."""
        for found in self._models.loads:
            for load in found.loads:
                if name == f"{found.unit}/{load.model}" and load.kin is not None:
                    for model in self._models.inventory.of(load.kin):
                        path = model.file.path
                        how = text("{path} is a file of {model}", path=path, model=load.model)
                        yield Link(Thing("model_file_faults", path), how, "inferred")

    def _open_port(self, port: str) -> Text:
        running = [unit.name for unit, _ in self._units_with(port) if unit.active_state == "active"]
        if running:
            return text(
                "{units} belongs to the same component, as the profile says, and runs; why it does "
                "not listen is not seen from outside",
                units=", ".join(running),
            )
        units, files = self._facts.get("units"), self._facts.get("unit_files")
        if not isinstance(units, Missing) and not isinstance(files, Missing):
            names = [one.name for one in (*units, *files)]
            for component in self._parts_with(port):
                absent = not any(matches(name, component.units) for name in names)
                if component.units and absent and units.complete and files.complete:
                    return text(
                        "it belongs to {component}, as the profile says, of which no unit exists "
                        "({patterns})",
                        component=component.title,
                        patterns=", ".join(component.units),
                    )
        return text("which unit should listen there is not known")

    def _open_stream(self, name: str) -> Text | None:
        row = self.rows.get(name)
        if row is None or row.exists is False:
            return text("there is no such stream, so nothing shows who should write it")
        if not row.producers:
            return text("who writes it is not known")
        judged = self._findings.get(f"stream_producers:{name}")
        if judged is None or judged.verdict.status == "unknown":
            return text("whether all that write it are known, and run, is not known")
        running = [one.name for one in row.producers if one.health == "runs"]
        if running:
            return text(
                "{units} writes it and runs; why it adds nothing is not seen from outside",
                units=", ".join(running),
            )
        return None
