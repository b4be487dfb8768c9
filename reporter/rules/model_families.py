"""Rule on the families of models: what there is of each, and how old the newest is."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.models.inventory import Inventory, Model, inventory_of
from reporter.models.recognition import Kin
from reporter.parsers.model_folders import ModelFolders
from reporter.profile import Profile, Profiles
from reporter.profile_models import Family
from reporter.rules.host_figures import size
from reporter.rules.model_files import ASKED, FILES
from reporter.rules.times import at, span

__all__ = ["model_families"]


def _subject(profile: Profile, family: Family) -> str:
    return f"{profile.name}/{family.name}"


def _subjects(profiles: Profiles) -> Iterator[str]:
    return (_subject(profile, family) for profile in profiles for family in profile.models)


@rule(
    section="models",
    component=FILES,
    needs=(),
    if_asked=ASKED,
    worst="P2",
    if_ignored=text("decisions are made by a model that no longer fits"),
    subjects=_subjects,
    subjects_only=True,
)
def model_families(
    host: HostContext,
    model_folders: ModelFolders | Missing,
    model_folders_found: ModelFolders | Missing,
) -> Iterator[Verdict]:
    """The families of models a profile names (`models`): whether there are files, how new.

    Means: ok with the newest file and its age; degraded (P3) where the newest, symlinks and empty
    files left out, is older than `stale_after`; degraded (P2) where no file of the family was
    found in any folder; unknown where some folder could not be looked at and the answer may be in
    there.

    Why: a model that was not trained anew for long trades on yesterday's market, and one that is
    not there is replaced by something else.

    Evidence: models_directories, models_found.

    Limits: age is that of the file's last change, which a copy or checkout makes anew. Without
    `stale_after` no age is too old.
    """
    inventory = inventory_of(host.profiles, model_folders, model_folders_found)
    for profile in host.profiles:
        for family in profile.models:
            yield _family(host, profile, family, inventory)


def _family(host: HostContext, profile: Profile, family: Family, inventory: Inventory) -> Verdict:
    files = inventory.of(Kin(family.name, profile.name))
    whole = [one for one in files if one.file.type == "file" and one.file.size]
    subject, gaps = _subject(profile, family), inventory.gaps
    if not files:
        return _absent(profile, family, inventory)
    newest = whole[0] if whole else files[0]
    message = _newest(family, newest, files, host.collected_at)
    age = _age(newest, host.collected_at)
    stale = family.stale_after is not None and (age is None or age > family.stale_after)
    if stale and family.stale_after is not None:
        message = text(
            "{said}; it counts as stale after {limit}", said=message, limit=span(family.stale_after)
        )
    unknown = stale and bool(gaps)
    return Verdict(
        subject=subject,
        status="unknown" if unknown else "degraded" if stale else "ok",
        severity="P3" if stale and not unknown else None,
        component=FILES,
        application=profile.name,
        message=message,
        citations=(newest.file.cited,),
        missing=gaps if unknown else (),
    )


def _age(model: Model, now: float) -> float | None:
    return None if model.file.modified is None else max(0.0, now - model.file.modified)


def _newest(family: Family, newest: Model, files: tuple[Model, ...], now: float) -> Text:
    age = _age(newest, now)
    return text(
        "{family}: newest of {count} is {path} ({size}), {age} old ({when})",
        family=family.name,
        count=len(files),
        path=newest.file.path,
        size=size(newest.file.size),
        when=at(newest.file.modified)
        if newest.file.modified is not None
        else text("no known time"),
        age=span(age) if age is not None else "?",
    )


def _absent(profile: Profile, family: Family, inventory: Inventory) -> Verdict:
    folders = (*inventory.named, *inventory.found)
    shown = ", ".join(folder.path for folder in folders)
    where = text("in {folders}", folders=shown) if shown else text("in no folder: none is known")
    unknown = bool(inventory.gaps) or not folders
    gaps = inventory.gaps or (
        Missing("models_directories", text("name the folders in probe_models_directories")),
    )
    return Verdict(
        subject=_subject(profile, family),
        status="unknown" if unknown else "degraded",
        severity=None if unknown else "P2",
        component=FILES,
        application=profile.name,
        message=text(
            "{family}: no file found {where} (patterns {patterns})",
            family=family.name,
            where=where,
            patterns=", ".join(family.patterns),
        ),
        citations=() if unknown else tuple(folder.cited for folder in folders),
        missing=gaps if unknown else (),
    )
