"""Rule on services that run the same program in the same way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Verdict
from reporter.messages import text
from reporter.parsers.systemd_units import Unit, Units

__all__ = ["twin_services"]

TWINS = text("Services that run the same program")

_COMMAND = re.compile(r"^ExecStart=\{ path=(.*?) ; argv\[\]=(.*) ; (?:ignore_errors|flags)=")
_SHIPPED = ("/lib/systemd/", "/usr/lib/systemd/")

_Way = tuple[tuple[str, ...], str | None, str | None, tuple[str, ...]]


@rule(
    section="services",
    component=TWINS,
    needs=("units",),
    worst="P2",
    if_ignored=text("work is done twice, or two programs undo each other's"),
)
def twin_services(host: HostContext, units: Units) -> Iterator[Verdict]:
    """Running services that start the same program in the same way.

    That is with the same arguments, in the same folder, as the same user, with the same
    environment files.

    Means: degraded (P2): one of them is a copy that was left, or both do the same work. Unknown
    where a part of the arguments was masked at the source, is a variable, or the folder was not
    shown: what looks equal may differ there.

    Why: two of them read the same messages, place the same order twice, or overwrite each other.

    Evidence: systemd_units (ExecStart=, WorkingDirectory=, User=, EnvironmentFile=).

    Limits: Environment= of a unit is never collected: two services that differ in nothing else are
    found too. Instances of one template are meant to be alike and left out,
    and so are units of the distribution and those that do not run.

    Source: systemd.service(5) ExecStart=.
    """
    ways: dict[_Way, list[Unit]] = defaultdict(list)
    for unit in units.of("service"):
        if unit.active_state == "active" and unit.main_pid and not _shipped(unit):
            commands = _commands(unit)
            if commands:
                files = tuple(unit.lines.get("EnvironmentFiles", ()))
                ways[(commands, unit.working_directory, unit.user, files)].append(unit)
    for (commands, folder, _, _), alike in sorted(ways.items(), key=lambda pair: pair[1][0].name):
        if len({_template(unit.name) for unit in alike}) > 1:
            yield _judged(host, alike, commands, folder)


def _shipped(unit: Unit) -> bool:
    return (unit.fragment_path or "").startswith(_SHIPPED)


def _commands(unit: Unit) -> tuple[str, ...]:
    found = (_COMMAND.match(line) for line in unit.lines.get("ExecStart", ()))
    return tuple(f"{one[1]} {one[2]}" for one in found if one is not None)


def _template(name: str) -> str:
    stem, at, _ = name.partition("@")
    return stem + at if at else name


def _judged(
    host: HostContext, alike: list[Unit], commands: tuple[str, ...], folder: str | None
) -> Verdict:
    names = ", ".join(unit.name for unit in alike)
    owner = host.profiles.owner(alike[0].name)
    command = commands[0].partition(" ")[2]
    reason = None
    if any("<masked:" in one for one in commands):
        reason = text("parts of their arguments were masked at the source")
    elif any("$" in one for one in commands):
        reason = text("their arguments have variables")
    elif folder is None:
        reason = text("the folders they work in were not shown")
    citations = tuple(unit.cite("Id", "ExecStart", "WorkingDirectory") for unit in alike)
    if reason is not None:
        return Verdict(
            subject=alike[0].name,
            status="unknown",
            running="yes",
            component=TWINS,
            application=owner.name if owner else None,
            message=text(
                "{names} look as if they ran the same program with the same arguments ({command}), "
                "but {reason}",
                names=names,
                command=command,
                reason=reason,
            ),
            citations=citations,
        )
    return Verdict(
        subject=alike[0].name,
        status="degraded",
        severity="P2",
        running="yes",
        component=TWINS,
        confidence="inferred",
        application=owner.name if owner else None,
        message=text(
            "{names} run the same program with the same arguments in the same folder ({command}); "
            "nothing but their environment can tell them apart",
            names=names,
            command=command,
        ),
        citations=citations,
    )
