"""Rule on declared inventories: do they agree with what the host shows?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reporter.dataflow.observed import surveys_of
from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Missing, Status, Verdict
from reporter.inventories import Declared, UnreadableInventory, read_inventory
from reporter.messages import Text, text
from reporter.parsers.containers import Containers
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.parsers.repository_inventories import InventoryFile, InventoryFiles
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Units
from reporter.profile import Profile, Profiles
from reporter.profile_inventories import Inventory
from reporter.recorded import recorded
from reporter.rules.inventory_claims import RUNNING, Compared, Shown
from reporter.rules.redis_view import ASKED, FOUND
from reporter.rules.times import span

__all__ = ["declared_inventories"]

INVENTORIES = text("Declared inventories")
REPO_FILE = text("repo file")

_OLD_S = 30 * 86400.0
_SHOWN = 20
_WRONG = ("contradicts", "missing")


def _subject(inventory: Inventory) -> str:
    return inventory.path


def _declared(profiles: Profiles) -> Iterator[str]:
    return (_subject(one) for profile in profiles for one in profile.inventories)


@rule(
    section="repository",
    component=INVENTORIES,
    needs=("inventory_files", "units"),
    uses=("unit_files", "sockets"),
    if_asked=("containers", *FOUND, *ASKED),
    worst="P3",
    if_ignored=text("who acts by the inventory acts on what is no longer so"),
    subjects=_declared,
    subjects_only=True,
)
def declared_inventories(
    host: HostContext,
    inventory_files: InventoryFiles,
    units: Units,
    unit_files: UnitFiles | Missing,
    sockets: Sockets | Missing,
    containers: Containers | Missing,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """Inventories that people or programs wrote (a profile's `inventories`) against the host.

    Means: for each item, that it agrees; contradicts (declared running and is not, declared stopped
    and runs, its port is not listened on although it is to run, or it is declared with streams that
    no Redis server of this host has); is missing (no such unit on this host, nor a container where
    it is declared as one); or cannot be compared (no unit or no state is given, or a claim's
    evidence is missing and no other claim is wrong). The file is ok if no item contradicts or is
    missing, all could be compared and it is at most 30 days old; else degraded (P3), with the
    drift: the share of contradicting and missing items in those of which a claim could be compared.
    Services of the application that the inventory does not know are counted beside it.

    An item that is declared as a container runs if its unit does or a container of its name; that
    it is no container but a unit is told, and is no drift.

    Why: whoever plans, restores or judges by an inventory that is not true does the wrong thing;
    a declaration is never an answer.

    Evidence: repository_inventories (the files, as far as masking leaves them readable),
    systemd_units, systemd_unit_files, sockets_open, containers_present, redis_servers, redis_named,
    redis_remote.

    Limits: only what the profile's places lead to. A name that masking hid cannot be compared.
    A unit's name fits with `_` for `-` as well, and a container's as Compose writes it. A stream's
    name is found in its text by the profile's `streams`, else by the colon in it; which unit writes
    or reads it is not compared. Streams on a Redis of another host, that the run was not told of,
    are not known.
    """
    surveys = surveys_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for profile in host.profiles:
        shown = Shown(
            file=inventory_files.record,
            units=units,
            unit_files=unit_files,
            sockets=sockets,
            surveys=surveys,
            containers=containers,
            patterns=profile.streams,
        )
        for inventory in profile.inventories:
            yield from _judged(host, profile, inventory, inventory_files, shown)


def _judged(
    host: HostContext,
    profile: Profile,
    inventory: Inventory,
    files: InventoryFiles,
    shown: Shown,
) -> Iterator[Verdict]:
    file = files.by_path.get(inventory.path)
    try:
        declared = _read(inventory, file)
    except UnreadableInventory as unreadable:
        why = Missing(files.record, unreadable.reason)
        message = text("{path}: {why}", path=inventory.path, why=unreadable.reason)
        yield _verdict(profile, inventory, "unknown", message, missing=(why,))
        return
    compared = [shown.compare(item) for item in declared.items]
    bad = [one for one in compared if one.answer in _WRONG]
    countable = [one for one in compared if one.comparable]
    known = {one.unit for one in compared}
    undeclared = sorted(
        unit.name
        for unit in shown.units.of("service")
        if profile.owns(unit.name) and unit.active_state in RUNNING and unit.name not in known
    )
    age = host.collected_at - declared.written if declared.written is not None else None
    old = age is not None and age > _OLD_S
    gaps = tuple(
        dict.fromkeys(
            claim.gap for one in compared for claim in one.unknown if claim.gap is not None
        )
    )
    if not countable:
        gaps = (*gaps, Missing(files.record, text("no item of it could be compared")))
    status: Status = "degraded" if bad or old else "unknown" if gaps else "ok"
    yield _verdict(
        profile,
        inventory,
        status,
        _summary(inventory, declared, compared, bad, countable, age),
        citations=(
            files.cite(
                inventory.path, f"{inventory.date}={declared.date}" if declared.date else ""
            ),
            Citation(shown.units.record),
        ),
        details=tuple(_details(countable, undeclared)),
        missing=gaps,
    )
    for one in compared:
        yield _of_item(profile, inventory, files, one)


def _read(inventory: Inventory, file: InventoryFile | None) -> Declared:
    if file is None:
        raise UnreadableInventory(
            text(
                "no such file was collected: it is not there, or no pattern of "
                "probe_repository_inventories leads to it"
            )
        )
    if file.text is None:
        raise UnreadableInventory(
            text("it cannot be read: {error}", error=recorded(file.error or "?"))
        )
    if file.truncated:
        raise UnreadableInventory(text("it is too long: only its end was kept"))
    return read_inventory(inventory, file.text)


def _summary(
    inventory: Inventory,
    declared: Declared,
    compared: Sequence[Compared],
    bad: Sequence[Compared],
    countable: Sequence[Compared],
    age: float | None,
) -> Text:
    dated = (
        text("{key}={date}", key=inventory.date or "date", date=declared.date)
        if declared.date
        else text("it gives no date")
    )
    if age is not None and age > _OLD_S:
        dated = text("{dated} ({age} old)", dated=dated, age=span(age))
    if not countable:
        return text(
            "{file} {dated}; none of its {all} items can be compared",
            file=inventory.title,
            dated=dated,
            all=len(compared),
        )
    missing = sum(one.answer == "missing" for one in bad)
    return text(
        "{file} {dated}; {verdict}: drift {percent} % ({bad} of {countable} items that can be "
        "compared; {contradicts} contradict, {missing} are missing; {all} declared)",
        file=inventory.title,
        dated=dated,
        verdict=_how(bad),
        percent=round(100 * len(bad) / len(countable)),
        bad=len(bad),
        countable=len(countable),
        contradicts=len(bad) - missing,
        missing=missing,
        all=len(compared),
    )


def _how(bad: Sequence[Compared]) -> Text:
    if not bad:
        return text("agrees with the current systemd state")
    if any(one.claims[0].answer in _WRONG for one in bad):
        return text("conflicts with the current systemd state")
    return text("conflicts with the ports and streams of the host")


def _details(countable: Sequence[Compared], names: Sequence[str]) -> Iterator[Text]:
    partly = [one.item.name for one in countable if one.unknown]
    if partly:
        yield text(
            "of {count} of the compared items not every claim could be compared ({names})",
            count=len(partly),
            names=_some(partly),
        )
    if names:
        yield text(
            "running and not declared: {count} ({names})", count=len(names), names=_some(names)
        )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f", +{more}" if more > 0 else "")


def _of_item(
    profile: Profile, inventory: Inventory, files: InventoryFiles, one: Compared
) -> Verdict:
    bad = one.answer in _WRONG
    citations = [files.cite(inventory.path, f"{one.item.name}: {one.item.state or '-'}")]
    if one.shown is not None:
        citations.append(one.shown.cite("Id", "ActiveState", "SubState"))
    citations.extend(cited for claim in one.claims for cited in claim.citations)
    gaps = tuple(claim.gap or Missing(files.record, claim.why) for claim in one.unknown)
    return Verdict(
        subject=f"{inventory.path}/{one.item.name}",
        status="degraded" if bad else "unknown" if one.answer == "unknown" else "ok",
        severity="P3" if bad else None,
        running="na",
        component=_component(inventory),
        connected_to=(REPO_FILE,),
        application=profile.name,
        message=text("{name}: {why}", name=one.item.name, why=one.why),
        citations=tuple(dict.fromkeys(citations)),
        missing=gaps if one.answer == "unknown" else (),
    )


def _component(inventory: Inventory) -> Text:
    return text("{file}", file=inventory.title)


def _verdict(
    profile: Profile,
    inventory: Inventory,
    status: Status,
    message: Text,
    *,
    citations: tuple[Citation, ...] = (),
    details: tuple[Text, ...] = (),
    missing: tuple[Missing, ...] = (),
) -> Verdict:
    return Verdict(
        subject=_subject(inventory),
        status=status,
        severity="P3" if status == "degraded" else None,
        running="na",
        component=_component(inventory),
        connected_to=(REPO_FILE,),
        application=profile.name,
        message=message,
        citations=citations,
        details=details,
        missing=missing,
    )
