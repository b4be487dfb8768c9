"""Rule on declared inventories: do they agree with what the host shows?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Status, Verdict
from reporter.inventories import Declared, DeclaredUnit, UnreadableInventory, read_inventory
from reporter.messages import Text, text
from reporter.parsers.repository_inventories import InventoryFile, InventoryFiles
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Unit, Units
from reporter.profile import Profile, Profiles
from reporter.profile_inventories import Inventory
from reporter.recorded import recorded
from reporter.rules.times import span

__all__ = ["declared_inventories"]

INVENTORIES = text("Declared inventories")
REPO_FILE = text("repo file")

_CUT = text("its output was cut or does not cover it")
_OLD_S = 30 * 86400.0
_SHOWN = 20
_RUNNING = ("active", "activating", "reloading")

Answer = Literal["agrees", "contradicts", "missing", "unknown"]


@dataclass(frozen=True)
class _Compared:
    """One item held against the host; `gap` is the evidence that its comparison lacks."""

    item: DeclaredUnit
    unit: str
    answer: Answer
    why: Text
    shown: Unit | None
    gap: Missing | None = None


def _subject(inventory: Inventory) -> str:
    return inventory.path


def _declared(profiles: Profiles) -> Iterator[str]:
    return (_subject(one) for profile in profiles for one in profile.inventories)


@rule(
    section="repository",
    component=INVENTORIES,
    needs=("inventory_files", "units"),
    uses=("unit_files", "sockets"),
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
) -> Iterator[Verdict]:
    """Inventories that people or programs wrote (a profile's `inventories`) against the host.

    Means: for each item, that it agrees; contradicts (declared running and is not, declared stopped
    and runs, its port is not listened on although it is to run); is missing (no such unit on this
    host); or cannot be compared (no unit or no state is given). The file is ok if no item
    contradicts or is missing and it is at most 30 days old; else degraded (P3), with the drift:
    the share of contradicting and missing items in those that could be compared. Services of the
    application that the inventory does not know are counted beside it.

    Why: whoever plans, restores or judges by an inventory that is not true does the wrong thing;
    a declaration is never an answer.

    Evidence: repository_inventories (the files, as far as masking leaves them readable),
    systemd_units, systemd_unit_files, sockets_open.

    Limits: only what the profile's places lead to. A name that masking hid cannot be compared.
    A unit's name fits with `_` for `-` as well. Streams are read and not yet compared.
    """
    for profile in host.profiles:
        for inventory in profile.inventories:
            yield from _judged(
                host, profile, inventory, inventory_files, units, unit_files, sockets
            )


def _judged(
    host: HostContext,
    profile: Profile,
    inventory: Inventory,
    files: InventoryFiles,
    units: Units,
    unit_files: UnitFiles | Missing,
    sockets: Sockets | Missing,
) -> Iterator[Verdict]:
    file = files.by_path.get(inventory.path)
    try:
        declared = _read(inventory, file)
    except UnreadableInventory as unreadable:
        why = Missing(files.record, unreadable.reason)
        message = text("{path}: {why}", path=inventory.path, why=unreadable.reason)
        yield _verdict(profile, inventory, "unknown", message, missing=(why,))
        return
    compared = [_compare(item, units, unit_files, sockets) for item in declared.items]
    bad = [one for one in compared if one.answer in ("contradicts", "missing")]
    countable = [one for one in compared if one.answer != "unknown"]
    known = {one.unit for one in compared}
    undeclared = sorted(
        unit.name
        for unit in units.of("service")
        if profile.owns(unit.name) and unit.active_state in _RUNNING and unit.name not in known
    )
    age = host.collected_at - declared.written if declared.written is not None else None
    old = age is not None and age > _OLD_S
    gaps = tuple(dict.fromkeys(one.gap for one in compared if one.gap is not None))
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
            Citation(units.record),
        ),
        details=tuple(_undeclared(undeclared)),
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


def _compare(
    item: DeclaredUnit,
    units: Units,
    unit_files: UnitFiles | Missing,
    sockets: Sockets | Missing,
) -> _Compared:
    name = item.unit or item.name
    if item.unit is None or "<masked:" in name:
        return _Compared(item, name, "unknown", text("it names no unit that is readable"), None)
    unit = units.get(name) or units.get(name.replace("_", "-"))
    if unit is None or unit.load_state == "not-found":
        return _on_disk(item, name, units, unit_files)
    runs = unit.active_state in _RUNNING
    shown = f"{unit.active_state} ({unit.sub_state})"
    if item.means is None:
        why = text("no state that can be compared is declared; it is {shown}", shown=shown)
        return _Compared(item, unit.name, "unknown", why, unit)
    if (item.means == "running") != runs or unit.active_state == "activating":
        why = text("declared {state}, is {shown}", state=item.state or "?", shown=shown)
        return _Compared(item, unit.name, "contradicts", why, unit)
    if runs and item.port is not None:
        if isinstance(sockets, Missing) or not sockets.complete:
            gap = sockets if isinstance(sockets, Missing) else Missing(sockets.record, _CUT)
            why = text("whether its port {port} is listened on was not seen", port=str(item.port))
            return _Compared(item, unit.name, "unknown", why, unit, gap)
        listening = {one.local.port for one in sockets.listening}
        if item.port not in listening:
            why = text("declared on port {port}, where nothing listens", port=str(item.port))
            return _Compared(item, unit.name, "contradicts", why, unit)
    why = text("declared {state}, is {shown}", state=item.state or "?", shown=shown)
    return _Compared(item, unit.name, "agrees", why, unit)


def _on_disk(
    item: DeclaredUnit, name: str, units: Units, unit_files: UnitFiles | Missing
) -> _Compared:
    """Say what an item comes to whose unit is not in memory."""
    if isinstance(unit_files, Missing):
        why = text("whether it exists was not seen")
        return _Compared(item, name, "unknown", why, None, unit_files)
    file = unit_files.get(name) or unit_files.get(name.replace("_", "-"))
    if file is None:
        if not (units.complete and unit_files.covers(name)):
            record = unit_files.record if units.complete else units.record
            why = text("whether it exists was not seen")
            return _Compared(item, name, "unknown", why, None, Missing(record, _CUT))
        state = item.state or text("without state")
        why = text("declared {state}, and no such unit exists", state=state)
        return _Compared(item, name, "missing", why, None)
    if not units.complete or item.means is None:
        why = text("its file is there ({state}); whether it runs was not seen", state=file.state)
        return _Compared(item, file.name, "unknown", why, None)
    why = text("declared {state}, is not loaded", state=item.state or "?")
    answer: Answer = "contradicts" if item.means == "running" else "agrees"
    return _Compared(item, file.name, answer, why, None)


def _summary(
    inventory: Inventory,
    declared: Declared,
    compared: Sequence[_Compared],
    bad: Sequence[_Compared],
    countable: Sequence[_Compared],
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
        verdict=text("conflicts with the current systemd state")
        if bad
        else text("agrees with the current systemd state"),
        percent=round(100 * len(bad) / len(countable)),
        bad=len(bad),
        countable=len(countable),
        contradicts=len(bad) - missing,
        missing=missing,
        all=len(compared),
    )


def _undeclared(names: Sequence[str]) -> Iterator[Text]:
    if names:
        more = len(names) - _SHOWN
        shown = ", ".join(names[:_SHOWN]) + (f", +{more}" if more > 0 else "")
        yield text("running and not declared: {count} ({names})", count=len(names), names=shown)


def _of_item(
    profile: Profile, inventory: Inventory, files: InventoryFiles, one: _Compared
) -> Verdict:
    bad = one.answer in ("contradicts", "missing")
    citations = [files.cite(inventory.path, f"{one.item.name}: {one.item.state or '-'}")]
    if one.shown is not None:
        citations.append(one.shown.cite("Id", "ActiveState", "SubState"))
    return Verdict(
        subject=f"{inventory.path}/{one.item.name}",
        status="degraded" if bad else "unknown" if one.answer == "unknown" else "ok",
        severity="P3" if bad else None,
        running="na",
        component=_component(inventory),
        connected_to=(REPO_FILE,),
        application=profile.name,
        message=text("{name}: {why}", name=one.item.name, why=one.why),
        citations=tuple(citations),
        missing=(one.gap or Missing(files.record, one.why),) if one.answer == "unknown" else (),
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
