"""Rules on container engines and containers."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Running, Status, Verdict
from reporter.messages import Text, joined, text
from reporter.parsers.containers import Container, Containers
from reporter.parsers.systemd_units import Unit, Units

__all__ = ["ENGINE_UNITS", "container_engines", "containers_running"]

ENGINES = text("Containers")

ENGINE_UNITS = (
    "docker.service",
    "docker.socket",
    "containerd.service",
    "podman.service",
    "podman.socket",
    "crio.service",
)
"""Units of the engines that are known."""

_SHOWN = 20
_ILL = frozenset(["dead", "restarting"])


def containers_running(containers: Containers | Missing) -> tuple[Container, ...] | None:
    """Return the containers that run; None where that is not known.

    An empty answer means that there is none: what an inventory that speaks of containers is held
    against.
    """
    if isinstance(containers, Missing) or containers.none_run is None:
        return None
    return containers.running


@rule(
    section="host",
    component=ENGINES,
    needs=("containers",),
    uses=("units",),
    worst="P3",
    if_ignored=text("what is thought to run in containers does not"),
)
def container_engines(
    host: HostContext, containers: Containers, units: Units | Missing
) -> Iterator[Verdict]:
    """Whether Docker, Podman or another container engine is there, and which containers run.

    Means: ok with what there is: no engine at all; an engine, running or not; the containers with
    image, state and published ports. Degraded (P3) for a container that its engine calls
    restarting or dead. Unknown where processes are hidden from the reader.

    Why: inventories and habits speak of containers; whether there are any decides where to look
    for everything else.

    Evidence: containers_present (programs, daemons, processes in containers' control groups,
    Docker's list where the reader may ask for it, the names Podman keeps), systemd_units.

    Limits: of containers that do not run, only those that Docker lists or Podman of root keeps
    are known. Docker is not asked where its daemon does not run: the question would start it.
    Environment, commands and labels of containers are never read.

    Source: cgroups(7), Docker Engine API, podman(1).
    """
    engines = [] if isinstance(units, Missing) else list(_units(units))
    active = [unit for unit in engines if unit.active_state == "active"]
    count = len(containers.running)
    unsure = containers.none_run is None
    status: Status = "unknown" if unsure else "ok"
    running: Running = "yes" if count else ("unknown" if unsure else "no")
    yield Verdict(
        subject="containers",
        status=status,
        running=running,
        component=ENGINES,
        message=_message(containers, count, unsure),
        connected_to=tuple(unit.name for unit in active),
        citations=(
            containers.cite(),
            *(Citation(containers.record, "\n".join(one.lines)) for one in _named(containers)),
            *(unit.cite("Id", "LoadState", "ActiveState", "UnitFileState") for unit in engines),
        ),
        details=(
            *_details(containers),
            *(
                text(
                    "{unit} is {active}, {enabled}",
                    unit=unit.name,
                    active=unit.active_state or "?",
                    enabled=unit.unit_file_state or "?",
                )
                for unit in engines
            ),
            *containers.gaps,
        ),
        missing=tuple(Missing(containers.record, gap) for gap in containers.gaps) if unsure else (),
    )
    for one in containers.all:
        if one.state in _ILL:
            yield Verdict(
                subject=f"container/{one.shown}",
                status="degraded",
                severity="P3",
                running="unstable" if one.state == "restarting" else "no",
                component=ENGINES,
                message=text(
                    "container {name} ({image}) is {state}, says {engine}",
                    name=one.shown,
                    image=one.image or "?",
                    state=one.state,
                    engine=one.engine,
                ),
                citations=(Citation(containers.record, "\n".join(one.lines)),),
            )


def _units(units: Units) -> Iterator[Unit]:
    for name in ENGINE_UNITS:
        unit = units.get(name)
        if unit is not None and unit.load_state != "not-found":
            yield unit


def _named(containers: Containers) -> tuple[Container, ...]:
    return containers.all[:_SHOWN]


def _message(containers: Containers, count: int, unsure: bool) -> Text:
    programs = ", ".join(containers.programs)
    daemons = joined(containers.daemons) if containers.daemons else None
    if unsure:
        return text("whether containers run is not known: {gap}", gap=containers.gaps[0])
    if count:
        return text(
            "{count} containers run ({engines}); {more} more are known and do not run",
            count=count,
            engines=", ".join(sorted({one.engine for one in containers.running})),
            more=len(containers.all) - count,
        )
    if not programs and not daemons:
        return text("there is no container engine, and no process is in a container")
    return text(
        "no container runs; installed: {programs}; daemons that run: {daemons}",
        programs=programs or text("no engine's program"),
        daemons=daemons or text("none"),
    )


def _details(containers: Containers) -> Iterator[Text]:
    for one in _named(containers):
        yield text(
            "{name}: {image}, {state}{ports}",
            name=one.shown,
            image=one.image or text("image not known"),
            state=one.state or (text("running") if one.runs else text("not running")),
            ports=text(", {ports}", ports=", ".join(one.ports)) if one.ports else text(""),
        )
    if len(containers.all) > _SHOWN:
        yield text("and {count} more", count=len(containers.all) - _SHOWN)
