"""Rules on model files on disk: the folders, and files that are not whole."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Missing, Severity, Status, Verdict
from reporter.messages import Text, joined, text
from reporter.models.inventory import Inventory, Model, inventory_of
from reporter.models.recognition import OTHER
from reporter.parsers.model_folders import ModelFolder, ModelFolders, StoredFile
from reporter.recorded import recorded
from reporter.rules.host_figures import size

__all__ = ["FILES", "model_directories", "model_file_faults"]

FILES = text("Model files on disk")

ASKED = ("model_folders", "model_folders_found")

_SHOWN = 10
"""Paths a message names before it counts."""

_ALIASES = ("latest", "current", "best", "prod", "production", "live", "active", "deployed")
"""Words in the name of a copy that is meant to be one."""


@rule(
    section="models",
    component=FILES,
    needs=(),
    if_asked=ASKED,
    worst="P2",
    if_ignored=text("services start without models"),
)
def model_directories(
    host: HostContext,
    model_folders: ModelFolders | Missing,
    model_folders_found: ModelFolders | Missing,
) -> Iterator[Verdict]:
    """Each folder with models: whether it is there, and which families its files are of.

    Means: ok where the folder holds models; down (P2) where a folder that was named does not
    exist, degraded (P3) where it holds no file that looks like a model; unknown, with the path
    and the reason, where it may not be read, and beside the rest for what in it may not be. Folders
    that were found and hold no model are left out.

    Why: a service without its model file falls back to something else, or does not start.

    Evidence: models_directories (the variable probe_models_directories), models_found (folders
    named `models` where services work).

    Limits: nothing is loaded, so that a file holds a usable model is not known. What a model is,
    is told by its name or first bytes. Symlinks are not followed out, other mounts not entered.
    """
    inventory = inventory_of(host.profiles, model_folders, model_folders_found)
    for folder in inventory.named:
        yield _folder(folder, inventory, named=True)
    for folder in inventory.found:
        yield _folder(folder, inventory, named=False)
    for folder in (*inventory.named, *inventory.found):
        if folder.unseen and inventory.below(folder.path):
            yield _unseen(folder)


def _folder(folder: ModelFolder, inventory: Inventory, *, named: bool) -> Verdict:
    models = inventory.below(folder.path)
    if folder.outcome == "absent":
        return _about(
            folder,
            "down",
            text("{path} does not exist, although models are expected there", path=folder.path),
            severity="P2",
        )
    if folder.outcome != "collected":
        return _about(
            folder,
            "unknown",
            text(
                "{path} was not looked into: {reason}",
                path=folder.path,
                reason=recorded((folder.reason or "?").removeprefix(f"{folder.path}: ")),
            ),
        )
    if not models and folder.gaps():
        return _about(folder, "unknown", text("{path}: no model was seen", path=folder.path))
    if not models and named:
        return _about(
            folder,
            "degraded",
            text(
                "{path} holds no file that looks like a model, of {count} files",
                path=folder.path,
                count=len(folder.files),
            ),
            severity="P3",
        )
    return _about(
        folder,
        "ok",
        text(
            "Files observed: {families} ({count} files, {size}) in {path}",
            families=joined(
                text("other") if name == OTHER else name
                for name in sorted({model.kin.name for model in models})
            ),
            count=len(models),
            size=size(sum(model.file.size for model in models)),
            path=folder.path,
        ),
        application=next((one.kin.application for one in models if one.kin.application), None),
    )


def _unseen(folder: ModelFolder) -> Verdict:
    return Verdict(
        subject=f"unseen in {folder.path}",
        status="unknown",
        component=FILES,
        message=text(
            "of what is in {path}, {count} were not looked at",
            path=folder.path,
            count=len(folder.unseen),
        ),
        connected_to=(folder.path,),
        citations=(folder.cited,),
        missing=folder.gaps(),
        details=tuple(
            text("not looked at: {path} ({reason})", path=one.path, reason=recorded(one.reason))
            for one in folder.unseen[:_SHOWN]
        ),
    )


def _about(
    folder: ModelFolder,
    status: Status,
    message: Text,
    *,
    severity: Severity | None = None,
    application: str | None = None,
    details: tuple[Text, ...] = (),
) -> Verdict:
    return Verdict(
        subject=folder.path,
        status=status,
        severity=severity,
        component=FILES,
        message=message,
        connected_to=(folder.path,),
        citations=(folder.cited,),
        missing=folder.gaps() if status == "unknown" else (),
        application=application,
        details=details,
    )


@rule(
    section="models",
    component=FILES,
    needs=(),
    if_asked=ASKED,
    worst="P2",
    if_ignored=text("the next load of the model fails, or loads the wrong one"),
)
def model_file_faults(
    host: HostContext,
    model_folders: ModelFolders | Missing,
    model_folders_found: ModelFolders | Missing,
) -> Iterator[Verdict]:
    """Model files that cannot be what their name says: empty, cut short, leading nowhere, copies.

    Means:

        a model file of 0 bytes                                          degraded, P2
        its format's end is missing: a zip (.pt, .keras, .npz) without    degraded, P2
        end-of-central-directory record, an HDF5, safetensors, pickle,
        XGBoost or LightGBM file shorter than it says
        a symlink to a model that does not exist                         degraded, P2
        a model file every user of the host may write                    degraded, P2
        two files of a folder, of different names, the same content      degraded, P3

    Why: a model that cannot be loaded is often replaced by a dummy in silence; a version that is
    the same as the one before was never trained; and who may write a pickle, runs as its reader.

    Evidence: models_directories, models_found: sizes, first and last bytes, SHA-256.

    Limits: that the end is there does not make a file whole. Files above the limit
    (probe_models_file_bytes) are compared by size and their first 64 KiB only and then are no
    finding. Copies named latest, current, best, prod, live, active or deployed are meant to be.

    Source: APPNOTE.TXT 4.3.16 (zip), HDF5 file format specification, pickle documentation.
    """
    inventory = inventory_of(host.profiles, model_folders, model_folders_found)
    for model in inventory.models:
        fault = _fault(model.file)
        if fault is not None:
            yield Verdict(
                subject=model.file.path,
                status="degraded",
                severity="P2",
                component=FILES,
                application=model.kin.application,
                message=fault,
                citations=(model.file.cited,),
            )
    yield from _copies(inventory)


def _fault(file: StoredFile) -> Text | None:
    if file.type == "symlink":
        if file.leads is False:
            return text(
                "{path} leads to {target}, which does not exist",
                path=file.path,
                target=file.target or "?",
            )
        return None
    if not file.size:
        return text("{path} is empty", path=file.path)
    if file.end is False:
        return text(
            "{path} is cut short: the end that its format ({format}) has is missing after {size}",
            path=file.path,
            format=file.format or "?",
            size=size(file.size),
        )
    if file.world_writable:
        return text(
            "every user of the host may write {path} (mode {mode})", path=file.path, mode=file.mode
        )
    return None


def _copies(inventory: Inventory) -> Iterator[Verdict]:
    by_hash: dict[tuple[str, str], list[Model]] = {}
    for model in inventory.models:
        if model.file.sha256 is not None and model.file.size:
            by_hash.setdefault((model.folder, model.file.sha256), []).append(model)
    for models in by_hash.values():
        own = sorted(
            (one for one in models if not _is_alias(one.file.name)), key=lambda one: one.file.path
        )
        if len({one.file.name for one in own}) < 2:
            continue
        newest = max(own, key=lambda one: (one.file.modified or 0, one.file.path))
        others = [one.file.path for one in own if one is not newest]
        shown = ", ".join(others[:_SHOWN])
        more = (
            text(" and {count} more", count=len(others) - _SHOWN) if others[_SHOWN:] else text("")
        )
        yield Verdict(
            subject=f"copies/{newest.file.path}",
            status="degraded",
            severity="P3",
            component=FILES,
            application=newest.kin.application,
            message=text(
                "{path} has the same content as {others}{more}: they are one model, not several",
                path=newest.file.path,
                others=shown,
                more=more,
            ),
            citations=tuple(one.file.cited for one in own[: _SHOWN + 1]),
        )


def _is_alias(name: str) -> bool:
    return any(word in name.lower() for word in _ALIASES)
