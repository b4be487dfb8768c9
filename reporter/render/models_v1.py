"""The table of models in the JSON report, version 1."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from reporter.models.inventory import Inventory, Model
from reporter.models.loads import UnitLoads
from reporter.models.table import ModelTable
from reporter.rules.times import at

__all__ = ["ModelsV1", "models_v1"]


class ModelFolderV1(msgspec.Struct, frozen=True):
    """A folder that was looked at; `complete` says that all that is in it is shown."""

    path: str
    outcome: str
    reason: str | None
    named: bool
    complete: bool
    models: int


class ModelFamilyV1(msgspec.Struct, frozen=True):
    """A family there are files of; ages are seconds, null where the time is not known."""

    name: str
    application: str | None
    files: int
    newest: str
    newest_at: str | None
    age_s: float | None


class ModelFileV1(msgspec.Struct, frozen=True):
    """A model file or a symlink to one. `whole` is null where its format does not tell.

    `sha256` is null where the file was not hashed as a whole.
    """

    path: str
    family: str
    type: str
    size: int
    modified_at: str | None
    owner: str
    mode: str
    format: str | None
    whole: bool | None
    sha256: str | None
    head_sha256: str | None
    target: str | None


class ModelLoadV1(msgspec.Struct, frozen=True):
    """What a unit says of a model and symbol: loaded, fallback or unknown.

    `symbol` is null where the line names none, or there is no line; `said` and `said_at` are the
    last word even where it is older than the unit's present start and so counts no more.
    """

    unit: str
    application: str
    model: str
    family: str | None
    symbol: str | None
    state: str
    said: str | None
    said_at: str | None
    lines: int


class ModelJournalV1(msgspec.Struct, frozen=True):
    """How far back a unit's journal was read for it, and what may have been missed."""

    unit: str
    started_at: str | None
    read_back_to: str | None
    entries: int
    unknown: tuple[str, ...]


class ModelsV1(msgspec.Struct, frozen=True):
    """The models of a host; `unknown` says why there may be more files."""

    folders: tuple[ModelFolderV1, ...]
    families: tuple[ModelFamilyV1, ...]
    files: tuple[ModelFileV1, ...]
    load: tuple[ModelLoadV1, ...]
    journals: tuple[ModelJournalV1, ...]
    unknown: tuple[str, ...]


def models_v1(table: ModelTable) -> ModelsV1:
    """Return the whole table."""
    inventory = table.inventory
    return ModelsV1(
        folders=tuple(_folders(inventory)),
        families=tuple(_families(inventory, table.now)),
        files=tuple(_file(model) for model in inventory.models),
        load=tuple(row for unit in table.loads for row in _loads(unit)),
        journals=tuple(_journal(unit) for unit in table.loads),
        unknown=tuple(f"{gap.probe}: {gap.reason}" for gap in inventory.gaps),
    )


def _folders(inventory: Inventory) -> Iterator[ModelFolderV1]:
    for folders, named in ((inventory.named, True), (inventory.found, False)):
        for folder in folders:
            yield ModelFolderV1(
                path=folder.path,
                outcome=folder.outcome,
                reason=folder.reason,
                named=named,
                complete=not folder.gaps(),
                models=len(inventory.below(folder.path)),
            )


def _families(inventory: Inventory, now: float) -> Iterator[ModelFamilyV1]:
    for kin in inventory.families:
        files = inventory.of(kin)
        newest = next((one.file for one in files if one.file.type == "file"), files[0].file)
        age = None if newest.modified is None else math.floor(max(0.0, now - newest.modified))
        yield ModelFamilyV1(
            name=kin.name,
            application=kin.application,
            files=len(files),
            newest=newest.path,
            newest_at=_at(newest.modified),
            age_s=age,
        )


def _file(model: Model) -> ModelFileV1:
    file = model.file
    return ModelFileV1(
        path=file.path,
        family=model.kin.name,
        type=file.type,
        size=file.size,
        modified_at=_at(file.modified),
        owner=file.owner,
        mode=file.mode,
        format=file.format,
        whole=False if file.type == "file" and not file.size else file.end,
        sha256=file.sha256,
        head_sha256=file.head_sha256,
        target=file.target,
    )


def _loads(unit: UnitLoads) -> Iterator[ModelLoadV1]:
    for load in unit.loads:
        family = load.kin.name if load.kin else None
        for cell in load.cells:
            yield ModelLoadV1(
                unit.unit,
                unit.profile.name,
                load.model,
                family,
                cell.symbol,
                cell.outcome,
                cell.said,
                _at(cell.last),
                cell.count,
            )
        if not load.cells:
            yield ModelLoadV1(
                unit.unit, unit.profile.name, load.model, family, None, "unknown", None, None, 0
            )


def _journal(unit: UnitLoads) -> ModelJournalV1:
    return ModelJournalV1(
        unit=unit.unit,
        started_at=_at(unit.started),
        read_back_to=_at(unit.back_to),
        entries=unit.entries,
        unknown=tuple(f"{gap.probe}: {gap.reason}" for gap in unit.gaps),
    )


def _at(moment: float | None) -> str | None:
    return None if moment is None else at(moment)
